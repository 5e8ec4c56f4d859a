//! The dashboard's pages of an app's customers: the list, one of them, the end of an approval, and
//! the link that brings a customer back. Each makes the same gateway call as its API route.

use gitflare_core::{
    Scope,
    gateway::{CustomerAuthorization, ListQuery},
    storage::{AuthorizationStatus, ConnectionStatus, Grant, Repositories},
};
use http::StatusCode;
use url::form_urlencoded;

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        pages::{
            View,
            connect::Notice,
            customers::{AccountRow, CustomerRow, CustomerView, CustomersView},
            text::SafeText,
        },
        reconnect,
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::{day, done, minute, person},
    sign_in::problem_by_field,
};

/// `GET /app/developer/apps/:clientId/customers`
pub(crate) async fn list(mut x: Exchange) -> Result<Reply, Refusal> {
    let client = x.parameter("clientId").unwrap_or_default();
    let sent = x.query()?;
    let query = ListQuery::from_query(&sent)?;
    let search = sent.field("search")?.unwrap_or_default();
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let listing = gateway
        .list_customers(user, &client, Some(search), &query)
        .await;
    let mut view = CustomersView {
        user: person(&x).await?,
        client_id: client,
        search: search.to_owned(),
        ..CustomersView::default()
    };
    let listing = match listing {
        Ok(listing) => listing,
        Err(error) => {
            let (_, problems) = problem_by_field(&error, &["search"]);
            if problems.is_empty() {
                return Err(error.into());
            }
            view.problems = problems;
            return view.reply(Refusal::from(error).status());
        }
    };
    view.rows = listing.items.iter().map(row).collect();
    view.next = listing.page_info.next_cursor.map(|cursor| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !search.is_empty() {
            query.append_pair("search", search);
        }
        let query = query.append_pair("cursor", &cursor).finish();
        format!("/app/developer/apps/{}/customers?{query}", view.client_id)
    });
    view.reply(StatusCode::OK)
}

/// `GET /app/developer/apps/:clientId/customers/:authorizationId`
pub(crate) async fn show(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    let mut view = view(&x, &path).await?;
    view.notice = done(&x.query()?);
    view.reply(StatusCode::OK)
}

/// `POST /app/developer/apps/:clientId/customers/:authorizationId/end`
pub(crate) async fn end(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    csrf::form(&mut x, body::MAX_BODY).await?;
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let Path { client, id } = &path;
    gateway.end_customer(user, client, id, &x.act()).await?;
    Reply::see_other(&format!("{}?done=ended", path.page()))
}

/// `POST /app/developer/apps/:clientId/customers/:authorizationId/reconnect-link`
pub(crate) async fn reconnect_link(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    csrf::form(&mut x, body::MAX_BODY).await?;
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let signed = gateway
        .sign_reconnect(user, &path.client, &path.id, &x.act())
        .await;
    let mut view = view(&x, &path).await?;
    match signed {
        Ok(signed) => {
            view.notice = Some(Notice::done(
                "The link is made. It works once, in any browser, for ten minutes.",
            ));
            view.link = Some(reconnect::link(
                &x.settings().panel_url,
                &path.client,
                &signed,
            ));
            view.reply(StatusCode::CREATED)
        }
        Err(error) => {
            view.notice = Some(Notice::problem(error.message()));
            view.reply(Refusal::from(error).status())
        }
    }
}

/// The app and the approval of a path.
struct Path {
    client: String,
    id: String,
}

impl Path {
    fn of(x: &mut Exchange) -> Self {
        Self {
            client: x.parameter("clientId").unwrap_or_default(),
            id: x.parameter("authorizationId").unwrap_or_default(),
        }
    }

    fn page(&self) -> String {
        format!("/app/developer/apps/{}/customers/{}", self.client, self.id)
    }
}

async fn view(x: &Exchange, path: &Path) -> Result<CustomerView, Refusal> {
    let visit = x.user()?;
    let gateway = x.gateway();
    let details = gateway
        .find_customer(&visit.user, &path.client, &path.id)
        .await?;
    let about = &details.authorization;
    Ok(CustomerView {
        user: person(x).await?,
        csrf: gateway.form_token(&visit.session.id),
        notice: None,
        link: None,
        client_id: path.client.clone(),
        customer: row(about),
        tenant_id: about.customer.tenant_id.as_str().to_owned(),
        is_live: about.status != AuthorizationStatus::Revoked,
        permissions: about.permissions.iter().map(Scope::as_str).collect(),
        accounts: details
            .grants
            .iter()
            .map(|grant| account(about, grant))
            .collect(),
    })
}

fn row(about: &CustomerAuthorization) -> CustomerRow {
    let customer = &about.customer;
    let login = |it: &gitflare_core::storage::Connection| {
        SafeText::new(it.login.as_ref().unwrap_or(&it.account_id))
    };
    CustomerRow {
        id: about.id.as_str().to_owned(),
        name: SafeText::new(customer.name.as_deref().unwrap_or("Customer")),
        customer_ref: customer.customer_ref.as_deref().map(SafeText::new),
        status: about.status.as_str(),
        accounts: about.connections.iter().map(login).collect(),
        needs_reconnect: about.needs_reconnect,
        since: day(about.created_at),
        last_used: about.last_used_at.map(minute),
        expires: about.expires_at.map(day),
    }
}

fn account(about: &CustomerAuthorization, grant: &Grant) -> AccountRow {
    let mut all = about.connections.iter();
    let connection = all.find(|it| it.id == grant.connection_id);
    AccountRow {
        login: connection.map_or_else(
            || SafeText::new(grant.connection_id.as_str()),
            |it| SafeText::new(it.login.as_ref().unwrap_or(&it.account_id)),
        ),
        provider: connection
            .map_or_else(SafeText::default, |it| SafeText::new(it.provider.as_str())),
        needs_reconnect: connection.is_some_and(|it| it.status == ConnectionStatus::NeedsReconnect),
        permissions: grant.permissions.iter().map(Scope::as_str).collect(),
        repositories: match &grant.repositories {
            Repositories::All => None,
            Repositories::Listed(list) => {
                Some(list.iter().map(|it| SafeText::new(&it.full_name)).collect())
            }
        },
        last_used: connection.and_then(|it| it.last_used_at).map(minute),
        expires: grant.expires_at.map(day),
    }
}
