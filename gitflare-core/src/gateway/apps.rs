//! Developer apps, as their developers see them: create, list, change, delete, and rotate secrets.
//! An app belongs to a tenant; whoever belongs to that may run it, and for everybody else there is
//! no such app (TN-2).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    AuditContext, Gateway, ListQuery, Listing, app_names,
    listing::List,
    members::{display_text, scopes},
};
use crate::{
    ClientId, Credential, CredentialKind, Error, Result, SecretId, TenantId, UserId,
    keys::Cell,
    redirect_uri,
    storage::{
        AuditAction, Client, ClientFilter, ClientSecret, ClientStatus, NewClient, TenantKind,
    },
};

/// The longest name of anything, in characters (TN-6).
const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2000;
const MAX_REDIRECT_URIS: usize = 20;
const MAX_EMBED_ORIGINS: usize = 20;

/// A created client with the secrets that are shown once.
#[derive(Debug)]
pub struct CreatedClient {
    /// The client as stored.
    pub client: Client,
    /// Its first secret; not readable again.
    pub client_secret: Credential,
    /// Key with which the app signs links for its customers.
    pub embed_secret: Credential,
}

/// An app to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewApp {
    /// The name that customers see, 1 to 200 characters.
    pub name: String,
    /// Description shown to customers, at most 2,000 characters.
    pub description: Option<String>,
    /// The addresses that authorization codes may be sent to, compared byte for byte; at most 20.
    pub allowed_redirect_uris: Vec<String>,
    /// The scopes that the app may ask for, and asks for by default.
    #[cfg_attr(feature = "schemars", schemars(with = "crate::Scopes"))]
    pub default_permissions: Vec<String>,
    /// Whether authorization codes need PKCE (RFC 7636); `false` when left out.
    #[serde(default)]
    pub require_pkce: bool,
    /// Whether links for customers must be signed; `false` when left out.
    #[serde(default)]
    pub require_signed_customer_ref: bool,
    /// The origins that may frame the consent page, beside those of the redirect URIs; at most 20.
    #[serde(default)]
    pub allowed_embed_origins: Vec<String>,
}

/// Changes of an app; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AppChanges {
    /// The name that customers see, 1 to 200 characters.
    pub name: Option<String>,
    /// Description shown to customers; an empty text removes it.
    pub description: Option<String>,
    /// The addresses that authorization codes may be sent to, compared byte for byte; at most 20.
    pub allowed_redirect_uris: Option<Vec<String>>,
    /// The scopes that the app may ask for, and asks for by default.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<crate::Scopes>"))]
    pub default_permissions: Option<Vec<String>>,
    /// Whether authorization codes need PKCE (RFC 7636).
    pub require_pkce: Option<bool>,
    /// Whether links for customers must be signed.
    pub require_signed_customer_ref: Option<bool>,
    /// The origins that may frame the consent page, beside those of the redirect URIs; at most 20.
    pub allowed_embed_origins: Option<Vec<String>>,
}

/// A client secret with its text this one time.
#[derive(Debug)]
pub struct CreatedSecret {
    /// The stored record of the secret, without its text.
    pub secret: ClientSecret,
    /// The secret itself; not readable again.
    pub text: Credential,
}

impl Gateway {
    /// Creates an app in the developer tenant of its maker.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the member that is wrong.
    pub async fn create_app(
        &self,
        user: &UserId,
        request: NewApp,
        act: &AuditContext<'_>,
    ) -> Result<CreatedClient> {
        let memberships = self.storage.users().memberships(user).await?;
        let tenant = memberships
            .into_iter()
            .find(|it| it.tenant.kind == TenantKind::Developer)
            .ok_or_else(|| Error::not_found("developer tenant of yours"))?
            .tenant;
        app_names::check(&request.name)?;
        self.insert_client(tenant.id, Some(user.clone()), request, act)
            .await
    }

    /// All that is wrong with an app, one error a member, in their order; empty when nothing is. A form
    /// shows them together.
    #[must_use]
    pub fn app_faults(&self, app: &NewApp) -> Vec<Error> {
        let name =
            display_text("name", &app.name, MAX_NAME).and_then(|_| app_names::check(&app.name));
        let checks = [
            name,
            description(app.description.as_deref()).map(drop),
            self.check_redirect_uris(&app.allowed_redirect_uris),
            scopes("defaultPermissions", &app.default_permissions).map(drop),
            self.check_embed_origins(&app.allowed_embed_origins),
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }

    /// The live apps of a person's tenants.
    ///
    /// # Errors
    /// The cursor's.
    pub async fn list_apps(&self, user: &UserId, query: &ListQuery) -> Result<Listing<Client>> {
        let tenants = self.tenants_of(user, None).await?;
        let filters = [("user", Some(user.as_str()))];
        let list = List {
            route: "developer.apps",
            filters: &filters,
        };
        let rows = async |range: crate::storage::ListRange<'_>| {
            let mut all = Vec::new();
            for tenant in &tenants {
                let filter = ClientFilter {
                    tenant: Some(tenant.clone()),
                    owner_user: None,
                };
                all.extend(self.storage.clients().list(&filter, range).await?);
            }
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all.truncate(range.limit);
            Ok(all)
        };
        self.page_of(list, query, rows, |client| client.id.as_str())
            .await
    }

    /// Changes an app. Codes and pending requests that were to go where they no longer may are
    /// ended (RU-5).
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs; `INVALID_REQUEST` naming the
    /// member that is wrong.
    pub async fn update_app(
        &self,
        user: &UserId,
        id: &str,
        changes: AppChanges,
        act: &AuditContext<'_>,
    ) -> Result<Client> {
        let mut client = self.live_app(user, id).await?;
        if let Some(name) = &changes.name {
            client.name = display_text("name", name, MAX_NAME)?;
            app_names::check(name)?;
        }
        if let Some(text) = &changes.description {
            client.description = description(Some(text))?;
        }
        if let Some(uris) = changes.allowed_redirect_uris {
            self.check_redirect_uris(&uris)?;
            client.allowed_redirect_uris = uris;
        }
        if let Some(names) = &changes.default_permissions {
            client.default_permissions = scopes("defaultPermissions", names)?;
        }
        if let Some(flag) = changes.require_pkce {
            client.require_pkce = flag;
        }
        if let Some(flag) = changes.require_signed_customer_ref {
            client.require_signed_customer_ref = flag;
        }
        if let Some(origins) = changes.allowed_embed_origins {
            self.check_embed_origins(&origins)?;
            client.allowed_embed_origins = origins;
        }
        client.updated_at = self.clock.now();
        let audit = self.audit_success(act, AuditAction::ClientUpdate, &client.id);
        if self.storage.clients().update(&client, audit).await? {
            Ok(client)
        } else {
            Err(unknown())
        }
    }

    /// Deletes an app with everything under it, in one step (CA-1). Deleting it again succeeds.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there never was such an app of theirs.
    pub async fn delete_app(&self, user: &UserId, id: &str, act: &AuditContext<'_>) -> Result<()> {
        let client = self.own_app(user, id).await?;
        let audit = self.audit_success(act, AuditAction::ClientDelete, &client.id);
        self.storage
            .clients()
            .delete(&client.id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    /// Makes a second secret, so that one can be replaced without a pause.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`; `INVALID_REQUEST` when two live already.
    pub async fn create_secret(
        &self,
        user: &UserId,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<CreatedSecret> {
        let client = self.live_app(user, id).await?;
        let text = Credential::generate(CredentialKind::ClientSecret, &*self.random);
        let secret = ClientSecret {
            id: SecretId::generate(&*self.clock, &*self.random),
            created_at: self.clock.now(),
            last_used_at: None,
        };
        let audit = self.audit_success(act, AuditAction::SecretCreate, &secret.id);
        let made = self
            .storage
            .clients()
            .insert_secret(&client.id, secret.clone(), text.hash(), audit)
            .await?;
        if made {
            Ok(CreatedSecret { secret, text })
        } else {
            Err(Error::invalid_request(
                "`secrets` holds two live ones already: delete one first.",
            ))
        }
    }

    /// Deletes a secret. Deleting it again succeeds.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs.
    pub async fn delete_secret(
        &self,
        user: &UserId,
        id: &str,
        secret: &str,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        let client = self.live_app(user, id).await?;
        let Ok(secret) = SecretId::parse(secret) else {
            return Ok(());
        };
        let audit = self.audit_success(act, AuditAction::SecretDelete, &secret);
        self.storage
            .clients()
            .delete_secret(&client.id, &secret, audit)
            .await?;
        Ok(())
    }

    /// A person's app, deleted ones included.
    async fn own_app(&self, user: &UserId, id: &str) -> Result<Client> {
        let id = ClientId::parse(id).map_err(|_| unknown())?;
        let found = self.storage.clients().find(&id).await?;
        let client = found.ok_or_else(unknown)?;
        let tenants = self.tenants_of(user, None).await?;
        if tenants.contains(&client.tenant_id) {
            Ok(client)
        } else {
            Err(unknown())
        }
    }

    /// A person's app that lives.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such app of theirs.
    pub async fn live_app(&self, user: &UserId, id: &str) -> Result<Client> {
        let client = self.own_app(user, id).await?;
        match client.status {
            ClientStatus::Active => Ok(client),
            ClientStatus::Deleted => Err(unknown()),
        }
    }

    /// Stores a client with its first secret and its embed secret.
    pub(super) async fn insert_client(
        &self,
        tenant_id: TenantId,
        owner_user_id: Option<UserId>,
        request: NewApp,
        act: &AuditContext<'_>,
    ) -> Result<CreatedClient> {
        self.check_redirect_uris(&request.allowed_redirect_uris)?;
        self.check_embed_origins(&request.allowed_embed_origins)?;
        let now = self.clock.now();
        let client_secret = Credential::generate(CredentialKind::ClientSecret, &*self.random);
        let embed_secret = Credential::generate(CredentialKind::EmbedSecret, &*self.random);
        let client = Client {
            id: ClientId::generate(&*self.clock, &*self.random),
            tenant_id,
            owner_user_id,
            name: display_text("name", &request.name, MAX_NAME)?,
            description: description(request.description.as_deref())?,
            public_id: None,
            allowed_redirect_uris: request.allowed_redirect_uris,
            default_permissions: scopes("defaultPermissions", &request.default_permissions)?,
            require_pkce: request.require_pkce,
            require_signed_customer_ref: request.require_signed_customer_ref,
            allowed_embed_origins: request.allowed_embed_origins,
            secrets: vec![ClientSecret {
                id: SecretId::generate(&*self.clock, &*self.random),
                created_at: now,
                last_used_at: None,
            }],
            status: ClientStatus::Active,
            created_at: now,
            updated_at: now,
        };
        let cell = embed_secret_cell(&client);
        let new = NewClient {
            client: client.clone(),
            secret_hash: client_secret.hash(),
            sealed_embed_secret: self
                .vault
                .seal(cell, embed_secret.expose(), &*self.random)?,
        };
        let audit = self.audit_success(act, AuditAction::ClientCreate, &client.id);
        self.storage.clients().insert(new, audit).await?;
        Ok(CreatedClient {
            client,
            client_secret,
            embed_secret,
        })
    }

    fn check_redirect_uris(&self, uris: &[String]) -> Result<()> {
        if uris.len() > MAX_REDIRECT_URIS {
            return Err(Error::invalid_request(format!(
                "`allowedRedirectUris` must have at most {MAX_REDIRECT_URIS} entries."
            )));
        }
        for (index, uri) in uris.iter().enumerate() {
            redirect_uri::check(uri, self.settings.allow_localhost_redirects).map_err(|rule| {
                let examples = redirect_uri::EXAMPLES;
                Error::invalid_request(format!("`allowedRedirectUris[{index}]` {rule}. {examples}"))
            })?;
        }
        Ok(())
    }

    fn check_embed_origins(&self, origins: &[String]) -> Result<()> {
        if origins.len() > MAX_EMBED_ORIGINS {
            return Err(Error::invalid_request(format!(
                "`allowedEmbedOrigins` must have at most {MAX_EMBED_ORIGINS} entries."
            )));
        }
        for (index, origin) in origins.iter().enumerate() {
            let name = format!("`allowedEmbedOrigins[{index}]`");
            redirect_uri::check(origin, self.settings.allow_localhost_redirects)
                .map_err(|rule| Error::invalid_request(format!("{name} {rule}.")))?;
            if redirect_uri::origin(origin) != origin {
                return Err(Error::invalid_request(format!(
                    "{name} must be an origin: scheme, host and port alone, such as `https://app.example.com`."
                )));
            }
        }
        Ok(())
    }
}

/// Storage cell of a client's embed secret.
pub(super) fn embed_secret_cell(client: &Client) -> Cell<'_> {
    Cell {
        table: "clients",
        column: "embed_secret",
        row: client.id.as_str(),
        tenant: client.tenant_id.as_str(),
    }
}

fn unknown() -> Error {
    Error::not_found("app")
}

fn description(text: Option<&str>) -> Result<Option<String>> {
    text.filter(|text| !text.trim().is_empty())
        .map(|text| display_text("description", text, MAX_DESCRIPTION))
        .transpose()
}

/// The origins of a client's redirect URIs and those it has named beside them.
#[must_use]
pub fn frame_ancestors(client: &Client) -> Vec<String> {
    // Whoever can name any address must not show the page in a frame of it.
    if client.public_id.is_some() {
        return Vec::new();
    }
    let redirects = client.allowed_redirect_uris.iter();
    let origins: BTreeSet<&str> = redirects
        .map(|uri| redirect_uri::origin(uri))
        .chain(client.allowed_embed_origins.iter().map(String::as_str))
        .collect();
    origins.into_iter().map(str::to_owned).collect()
}
