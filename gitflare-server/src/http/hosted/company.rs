//! `/app/company/apps/:clientId*`: where a customer sees what an app can read, changes it, ends it,
//! and disconnects accounts.

use gitflare_core::{
    ClientId, Code, Error, Scopes, SessionId,
    gateway::{AuditContext, ConsentContext, CustomerLink, Query, Workspace, workspace_key},
    storage::{Actor, AuthorizationStatus, Grant, Handover, Repositories, Session},
};

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        form::Form,
        linking::{self, CustomerStart},
        pages::{
            View,
            connect::{ConnectOption, PermissionChoice},
            consent::{Embedding, LockedView},
            manage::{ManageView, SharingState},
            picker::Picked,
            text::SafeText,
        },
        reconnect,
        refusal::Refusal,
        reply::Reply,
        session,
        visit::EmbedVisit,
    },
    authorize::{choice, problem, sessions},
    consent::{self, Shape},
    dashboard::{day, done, minute},
    public_clients, told,
};

/// `GET /app/company/apps/:clientId`
pub(crate) async fn show(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    let query = x.query()?;
    let mut link = customer_link(&query)?;
    x.settings().rate_limits.admit_workspace(x.address)?;
    let client = x.gateway().live_client(&id).await?;
    let gateway = x.gateway();
    let workspace = match client.public_id {
        None if link.customer_ref.is_none() => return Err(missing_ref()),
        None => {
            gateway
                .open_workspace(&client, &link, &sessions(&x), &x.request_id)
                .await?
        }
        // A person's own page: whoever is signed in sees theirs.
        Some(_) => {
            let Some(visit) = session::user(&x).await? else {
                return public_clients::sign_in(&x, &format!("/app/company/apps/{}", client.id));
            };
            let own = visit.user.to_string();
            if *link.customer_ref.get_or_insert_with(|| own.clone()) != own {
                return Err(Error::not_found("app").into());
            }
            gateway
                .reopen_own(&client, &visit.user, &sessions(&x))
                .await?
        }
    };
    let customer_ref = link.customer_ref.unwrap_or_default();
    let context = x.gateway().managed(&client.id, &workspace.session).await?;
    let about = About {
        context: &context,
        session: &workspace.session,
        customer_ref: &customer_ref,
        customer_name: workspace.customer_name.as_deref(),
    };
    let reply = page(&x, &about, Shape::default()).await?;
    keeping(&x, &workspace, reply)
}

/// An answer that keeps the session which has just begun, if one has.
fn keeping(x: &Exchange, workspace: &Workspace, reply: Reply) -> Result<Reply, Refusal> {
    match &workspace.begun {
        Some(begun) => {
            let cookie = session::embed_cookie(begun, x.workspaces(), x.settings())?;
            Ok(reply.with_header(cookie))
        }
        None => Ok(reply),
    }
}

/// `GET /app/company/apps/:clientId/reconnect`, by an app's link: leads to the page, which shows nothing
/// that the browser has not proven.
pub(crate) async fn reconnect(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    let query = x.query()?;
    let field = |name| query.value(name).map(Option::unwrap_or_default);
    let customer_ref = field("customer_ref")?;
    let (expires, signature) = (field(reconnect::EXPIRES)?, field(reconnect::SIGNATURE)?);
    x.settings().rate_limits.admit_workspace(x.address)?;
    let client = x.gateway().live_client(&id).await?;
    let own = sessions(&x);
    let workspace = x
        .gateway()
        .open_reconnect(&client, customer_ref, expires, signature, &own)
        .await?;
    let reply = Reply::see_other(&address(&client.id, customer_ref))?;
    keeping(&x, &workspace, reply)
}

/// `POST /app/company/apps/:clientId/update`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    let sent = Sent::of(&mut x).await?;
    let picked = Picked::from_pairs(sent.form.pairs());
    let about = About {
        context: &sent.context,
        session: &sent.visit.session,
        customer_ref: &sent.customer_ref,
        customer_name: None,
    };
    if picked.browse.is_some() {
        let shape = Shape {
            picked: Some(picked),
            ..Shape::default()
        };
        return page(&x, &about, shape).await;
    }
    let actor = sent.actor();
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    let updated = x
        .gateway()
        .update_sharing(&sent.context, &choice(&picked), &act)
        .await;
    match updated {
        Ok(_) => sent.back("saved"),
        Err(error)
            if matches!(
                error.code(),
                Code::AccessBlockedByPolicy | Code::InternalError
            ) =>
        {
            Err(error.into())
        }
        Err(error) => {
            let shape = Shape {
                picked: Some(picked),
                notice: Some(problem(&error)),
                status: Refusal::from(error).status(),
            };
            page(&x, &about, shape).await
        }
    }
}

/// `POST /app/company/apps/:clientId/revoke`
pub(crate) async fn revoke(mut x: Exchange) -> Result<Reply, Refusal> {
    let sent = Sent::of(&mut x).await?;
    let actor = sent.actor();
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    x.gateway().end_sharing(&sent.context, &act).await?;
    sent.back("ended")
}

/// `POST /app/company/apps/:clientId/connections/:connectionId/disconnect`
pub(crate) async fn disconnect(mut x: Exchange) -> Result<Reply, Refusal> {
    let connection = x.parameter("connectionId").unwrap_or_default();
    let sent = Sent::of(&mut x).await?;
    let actor = sent.actor();
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    x.gateway()
        .disconnect_own(&sent.context, &connection, &act)
        .await?;
    sent.back("disconnected")
}

/// `GET /app/company/apps/:clientId/connect/:provider`. In a window of its own the session's id
/// says for whom; only that session can claim what comes back (PC-3).
pub(crate) async fn connect(mut x: Exchange) -> Result<Reply, Refusal> {
    let provider = x.parameter("provider").unwrap_or_default();
    let client = x.parameter("clientId").unwrap_or_default();
    let client = x.gateway().live_client(&client).await?;
    let query = x.query()?;
    let customer_ref = query.value("customer_ref")?.ok_or_else(missing_ref)?;
    let session = SessionId::parse(query.value("session")?.unwrap_or_default())?;
    let is_popup = query.value("popup")?.is_some();
    let mut own = x.workspaces().iter();
    let visit = own.find(|visit| visit.session.id == session && visit.client == client.id);
    let tenant = visit.map(|visit| visit.tenant.clone());
    match &tenant {
        Some(tenant) => session::require_person(&x, &client, tenant).await?,
        // A frame's window has none of its cookies; a person's own page is in no frame.
        None if is_popup && client.public_id.is_none() => {}
        None => return Err(csrf::stale()),
    }
    let start = CustomerStart {
        provider: &provider,
        handover: match is_popup {
            true => Handover::Popup,
            false => Handover::Redirect,
        },
        tenant,
        workspace: workspace_key(&session, &client.id),
        return_to: &address(&client.id, customer_ref),
        permissions: client.default_permissions,
    };
    linking::start_for_customer(&x, start).await
}

/// Subject of the page.
struct About<'a> {
    context: &'a ConsentContext,
    session: &'a Session,
    customer_ref: &'a str,
    customer_name: Option<&'a str>,
}

async fn page(x: &Exchange, about: &About<'_>, shape: Shape) -> Result<Reply, Refusal> {
    let (context, client) = (about.context, &about.context.client);
    let own = address(&client.id, about.customer_ref);
    let base = format!(
        "/app/company/apps/{}/connect/{{provider}}?session={}&customer_ref={}",
        client.id,
        about.session.id,
        encoded(about.customer_ref)
    );
    let connect = consent::connect_options(x, &base, client.default_permissions);
    let notice = match shape.notice {
        Some(notice) => Some(notice),
        None => {
            let query = x.query()?;
            consent::link_problem(&query).or_else(|| done(&query))
        }
    };
    let (app, address) = (consent::app_card(context, None), consent::link(&own));
    let is_framed = consent::is_framed(x);
    let frame_ancestors = context.frame_ancestors();
    if context.visible.is_locked {
        let asked = &context.visible.to_reconnect;
        let is_asked = |option: &ConnectOption| asked.contains(&option.provider);
        return LockedView {
            app,
            is_invited: !asked.is_empty(),
            connect: match asked.is_empty() {
                true => connect,
                false => connect.into_iter().filter(is_asked).collect(),
            },
            address,
            csrf: x.gateway().form_token(&about.session.id),
            request_id: None,
            notice,
            embedding: Embedding {
                is_framed,
                frame_ancestors,
                ..Embedding::default()
            },
        }
        .reply(shape.status);
    }
    let listings = x
        .gateway()
        .repositories_to_choose(&context.visible.connections)
        .await?;
    let approved = context.authorization.as_ref().map(|live| live.permissions);
    let chosen = match &shape.picked {
        Some(picked) => consent::scopes(&picked.permissions),
        None => approved.unwrap_or_default(),
    };
    // Before anything is given, all of it is asked for.
    let given = approved
        .filter(|approved| *approved != Scopes::NONE)
        .unwrap_or(client.default_permissions);
    let choices =
        |of| PermissionChoice::among(of, chosen, |scope| told::because(&context.profile, scope));
    let is_shared = |connection: &str, repository: &str| {
        context.grants.iter().any(|grant| {
            grant.connection_id.as_str() == connection
                && match &grant.repositories {
                    Repositories::All => true,
                    Repositories::Listed(list) => list.iter().any(|it| it.id == repository),
                }
        })
    };
    let session = &about.session.id;
    let own_link = |what| consent::link(&beside(&client.id, what, session, about.customer_ref));
    ManageView {
        app,
        client_id: client.id.as_str().to_owned(),
        customer: about.customer_name.map(SafeText::new),
        customer_ref: about.customer_ref.to_owned(),
        csrf: x.gateway().form_token(&about.session.id),
        address,
        state: state(context),
        reads: own_link("reads"),
        record: match x.gateway().has_consent_record(context).await? {
            true => Some(own_link("record")),
            false => None,
        },
        permissions: choices(given),
        further: {
            let all = client.default_permissions.iter();
            choices(all.filter(|scope| !given.contains(*scope)).collect())
        },
        accounts: consent::accounts(x, &listings, &connect),
        picker: consent::picker(x, &listings, shape.picked.as_ref(), is_shared),
        connect,
        firewall: consent::firewall(x),
        notice,
        is_framed,
        frame_ancestors,
    }
    .reply(shape.status)
}

fn state(context: &ConsentContext) -> SharingState {
    let Some(authorization) = &context.authorization else {
        return SharingState::None;
    };
    let last_used = context
        .visible
        .connections
        .iter()
        .filter_map(|connection| connection.last_used_at)
        .max();
    match authorization.status {
        AuthorizationStatus::Active => SharingState::Active {
            since: day(authorization.created_at),
            last_used: last_used.map(minute),
            shared: shared(&context.grants),
        },
        AuthorizationStatus::Pending => SharingState::Pending,
        AuthorizationStatus::Revoked => SharingState::None,
    }
}

/// How many repositories grants share; `None` when one shares all of its account.
fn shared(grants: &[Grant]) -> Option<usize> {
    let counts = grants.iter().map(|grant| match &grant.repositories {
        Repositories::All => None,
        Repositories::Listed(list) => Some(list.len()),
    });
    counts.sum()
}

/// A form of the management page, with the session that the page was made for.
struct Sent {
    form: Form,
    visit: EmbedVisit,
    context: ConsentContext,
    customer_ref: String,
}

impl Sent {
    async fn of(x: &mut Exchange) -> Result<Self, Refusal> {
        let client = x.parameter("clientId").unwrap_or_default();
        let form = csrf::form(x, body::MAX_CHOICES).await?;
        let visit = csrf::customer(x, form.csrf())?.clone();
        if visit.client.as_str() != client {
            return Err(csrf::stale());
        }
        let context = x.gateway().managed(&visit.client, &visit.session).await?;
        session::require_person(x, &context.client, &context.tenant.id).await?;
        Ok(Self {
            customer_ref: form.text("customer_ref")?.unwrap_or_default().to_owned(),
            form,
            visit,
            context,
        })
    }

    fn actor(&self) -> Actor {
        Actor::Customer(self.visit.tenant.clone())
    }

    /// Leads back to the page, which says what was done.
    fn back(&self, done: &str) -> Result<Reply, Refusal> {
        let page = address(&self.visit.client, &self.customer_ref);
        Reply::see_other(&format!("{page}&done={done}"))
    }
}

/// The path of something beside the page, for the session that the page was made for.
pub(super) fn beside(
    client: &ClientId,
    what: &str,
    session: &SessionId,
    customer_ref: &str,
) -> String {
    let customer_ref = encoded(customer_ref);
    format!("/app/company/apps/{client}/{what}?session={session}&customer_ref={customer_ref}")
}

pub(super) fn address(client: &ClientId, customer_ref: &str) -> String {
    let customer_ref = encoded(customer_ref);
    format!("/app/company/apps/{client}?customer_ref={customer_ref}")
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn customer_link(query: &Query) -> Result<CustomerLink, Refusal> {
    let text =
        |name| -> Result<Option<String>, Refusal> { Ok(query.value(name)?.map(str::to_owned)) };
    Ok(CustomerLink {
        customer_ref: text("customer_ref")?,
        // A name never refuses a customer.
        customer_name: text("customer_name").ok().flatten(),
        signature: text("customer_sig")?,
        expires: text("customer_exp")?,
        nonce: text("customer_nonce")?,
    })
}

fn missing_ref() -> Refusal {
    Error::invalid_request("`customer_ref` is missing.").into()
}
