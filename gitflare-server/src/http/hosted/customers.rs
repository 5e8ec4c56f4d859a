//! The dashboard's pages of an app's customers: the list, one of them, the end of an approval, and
//! the link that brings a customer back. Each makes the same gateway call as its API route.

use gitflare_core::{
    Error, Scope,
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
    let name = gateway.live_app(user, &client).await?.name;
    let listing = gateway
        .list_customers(user, &client, Some(search), &query)
        .await;
    let mut view = CustomersView {
        user: person(&x).await?,
        app: SafeText::new(&name),
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

/// `POST /app/developer/apps/:clientId/customers/:authorizationId/reconnect-link`, mailed where an
/// address is named.
pub(crate) async fn reconnect_link(mut x: Exchange) -> Result<Reply, Refusal> {
    let path = Path::of(&mut x);
    let form = csrf::form(&mut x, body::MAX_BODY).await?;
    let email = form.text("email")?.unwrap_or_default().trim().to_owned();
    let mut view = view(&x, &path).await?;
    view.email.clone_from(&email);
    match make_link(&x, &path, &email, &view.app).await {
        Ok((link, said)) => {
            view.notice = Some(Notice::done(said));
            view.link = Some(link);
            view.reply(StatusCode::CREATED)
        }
        Err(error) => {
            view.notice = Some(Notice::problem(error.message()));
            let refusal = Refusal::from(error);
            let mut reply = view.reply(refusal.status())?;
            reply.headers.extend(refusal.retry_after());
            Ok(reply)
        }
    }
}

/// A reconnect link, and what is said of it.
async fn make_link(
    x: &Exchange,
    path: &Path,
    email: &str,
    app: &SafeText,
) -> Result<(String, String), Error> {
    let user = &x.user().map_err(|refusal| refusal.error().clone())?.user;
    let (client, id) = (&path.client, &path.id);
    let link = x
        .gateway()
        .sign_reconnect(user, client, id, &x.act())
        .await?;
    let until = minute(link.expires_at);
    let address = reconnect::address(&x.settings().panel_url, client, &link);
    if email.is_empty() {
        let said = format!(
            "The link is made: send it to your customer. It works in any browser until {until}, and shows nothing before they sign in again."
        );
        return Ok((address, said));
    }
    reconnect::mail(x, email, app.as_str(), &address, &until).await?;
    let said = format!("The link is on its way to {email}. It works until {until}.");
    Ok((address, said))
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
        sends_mail: x.settings().mailer.is_some(),
        email: String::new(),
        app: SafeText::new(&gateway.live_app(&visit.user, &path.client).await?.name),
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
        let login = it.login.as_ref().unwrap_or(&it.account_id);
        SafeText::new(&format!("{login} ({})", it.provider.as_str()))
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
