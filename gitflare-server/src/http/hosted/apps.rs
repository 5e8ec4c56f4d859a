//! The dashboard's forms: create, change and delete an app, and its secrets. A new secret is on the
//! page that answers, this one time; whatever else is done leads back to the dashboard.

use gitflare_core::{
    Error, Scope, Secret,
    gateway::{AppChanges, NewApp},
};
use http::StatusCode;

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        form::Form,
        pages::{
            View,
            account::FieldProblem,
            connect::Notice,
            dashboard::{AppForm, FreshSecrets, Preset},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard,
    sign_in::problems_by_field,
};

const FIELDS: &[&str] = &[
    "name",
    "description",
    "allowedRedirectUris",
    "defaultPermissions",
    "allowedEmbedOrigins",
];

/// `POST /app/developer/apps`
pub(crate) async fn create(mut x: Exchange) -> Result<Reply, Refusal> {
    let entered = Entered::of(&csrf::form(&mut x, body::MAX_BODY).await?)?;
    let user = &x.user()?.user;
    match x.gateway().create_app(user, entered.app(), &x.act()).await {
        Ok(created) => {
            let mut view = dashboard::view(&x).await?;
            view.notice = Some(Notice::done(
                "The app is made. Copy its secrets now: they are not shown again.",
            ));
            view.fresh = Some(FreshSecrets {
                app: SafeText::new(&created.client.name),
                client_id: created.client.id.as_str().to_owned(),
                client_secret: Secret::from(created.client_secret.expose()),
                embed_secret: Some(Secret::from(created.embed_secret.expose())),
            });
            view.reply(StatusCode::CREATED)
        }
        Err(error) => {
            let (notice, problems) = problems(&x, &entered, &error);
            let mut view = dashboard::view(&x).await?;
            view.notice = notice;
            view.new_app = AppForm {
                problems,
                ..entered.form()
            };
            view.reply(Refusal::from(error).status())
        }
    }
}

/// `POST /app/developer/apps/:clientId/update`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    let entered = Entered::of(&csrf::form(&mut x, body::MAX_BODY).await?)?;
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    match gateway
        .update_app(user, &id, entered.changes(), &x.act())
        .await
    {
        Ok(_) => done("saved"),
        Err(error) => {
            let mut view = dashboard::view(&x).await?;
            let (notice, problems) = problems(&x, &entered, &error);
            view.notice = notice;
            let panel = dashboard::panel_mut(&mut view, &id)?;
            panel.form = AppForm {
                problems,
                ..entered.form()
            };
            view.reply(Refusal::from(error).status())
        }
    }
}

/// `POST /app/developer/apps/:clientId/delete`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    csrf::form(&mut x, body::MAX_BODY).await?;
    let user = &x.user()?.user;
    x.gateway().delete_app(user, &id, &x.act()).await?;
    done("app-deleted")
}

/// `POST /app/developer/apps/:clientId/secrets`
pub(crate) async fn create_secret(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    csrf::form(&mut x, body::MAX_BODY).await?;
    let user = &x.user()?.user;
    let created = x.gateway().create_secret(user, &id, &x.act()).await;
    let mut view = dashboard::view(&x).await?;
    match created {
        Ok(created) => {
            view.notice = Some(Notice::done(
                "The second secret is made. Copy it now: it is not shown again.",
            ));
            let panel = dashboard::panel_mut(&mut view, &id)?;
            view.fresh = Some(FreshSecrets {
                app: panel.name.clone(),
                client_id: id,
                client_secret: Secret::from(created.text.expose()),
                embed_secret: None,
            });
            view.reply(StatusCode::CREATED)
        }
        Err(error) => {
            view.notice = Some(Notice::problem(error.message()));
            view.reply(Refusal::from(error).status())
        }
    }
}

/// `POST /app/developer/apps/:clientId/secrets/:secretId/delete`
pub(crate) async fn delete_secret(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    let secret = x.parameter("secretId").unwrap_or_default();
    csrf::form(&mut x, body::MAX_BODY).await?;
    let user = &x.user()?.user;
    let act = x.act();
    match x.gateway().delete_secret(user, &id, &secret, &act).await {
        Ok(()) => done("secret-ended"),
        Err(error) => {
            let mut view = dashboard::view(&x).await?;
            view.notice = Some(Notice::problem(error.message()));
            view.reply(Refusal::from(error).status())
        }
    }
}

/// What is wrong with an app, beside every field that is.
fn problems(x: &Exchange, entered: &Entered, error: &Error) -> (Option<Notice>, Vec<FieldProblem>) {
    let all = x.gateway().app_faults(&entered.app());
    problems_by_field(error, &all, FIELDS)
}

/// Leads back to the dashboard, which says what was done.
fn done(what: &str) -> Result<Reply, Refusal> {
    Reply::see_other(&format!("/app/dashboard?done={what}"))
}

/// Values that a developer has entered.
struct Entered {
    name: String,
    description: String,
    redirect_uris: String,
    permissions: Vec<String>,
    embed_origins: String,
    require_pkce: bool,
    require_signed_customer_ref: bool,
}

impl Entered {
    fn of(form: &Form) -> Result<Self, Refusal> {
        let text = |name: &str| -> Result<String, Refusal> {
            Ok(form.text(name)?.unwrap_or_default().to_owned())
        };
        Ok(Self {
            name: text("name")?,
            description: text("description")?,
            redirect_uris: text("allowedRedirectUris")?,
            permissions: match Preset::scopes_of(form.text("preset")?.unwrap_or_default()) {
                Some(scopes) => scopes.iter().map(|it| it.as_str().to_owned()).collect(),
                None => form.all("defaultPermissions").map(str::to_owned).collect(),
            },
            embed_origins: text("allowedEmbedOrigins")?,
            require_pkce: form.text("requirePkce")?.is_some(),
            require_signed_customer_ref: form.text("requireSignedCustomerRef")?.is_some(),
        })
    }

    fn app(&self) -> NewApp {
        NewApp {
            name: self.name.clone(),
            description: Some(self.description.clone()),
            allowed_redirect_uris: lines(&self.redirect_uris),
            default_permissions: self.permissions.clone(),
            require_pkce: self.require_pkce,
            require_signed_customer_ref: self.require_signed_customer_ref,
            allowed_embed_origins: lines(&self.embed_origins),
        }
    }

    /// A form holds every field, so that one left empty is meant to be.
    fn changes(&self) -> AppChanges {
        AppChanges {
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            allowed_redirect_uris: Some(lines(&self.redirect_uris)),
            default_permissions: Some(self.permissions.clone()),
            require_pkce: Some(self.require_pkce),
            require_signed_customer_ref: Some(self.require_signed_customer_ref),
            allowed_embed_origins: Some(lines(&self.embed_origins)),
        }
    }

    /// The form as it was entered.
    fn form(&self) -> AppForm {
        AppForm {
            name: self.name.clone(),
            description: self.description.clone(),
            redirect_uris: self.redirect_uris.clone(),
            permissions: self
                .permissions
                .iter()
                .filter_map(|name| Scope::parse(name))
                .collect(),
            embed_origins: self.embed_origins.clone(),
            require_pkce: self.require_pkce,
            require_signed_customer_ref: self.require_signed_customer_ref,
            problems: Vec::new(),
        }
    }
}

/// One entry a line; browsers end lines with CR LF, and empty ones mean nothing.
fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
