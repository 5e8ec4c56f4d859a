//! Public clients: programs on people's computers that nobody has registered here. Each says of itself
//! what it is, by a document under its own address or by a registration (RFC 7591) that nothing is
//! stored of: its id is what it said, sealed. A row comes with the first person who signs in for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AuditContext, Gateway, apps::embed_secret_cell, workspace::display_name};
use crate::{
    ClientId, Credential, CredentialHash, CredentialKind, Result, Scope, Scopes, TenantId,
    Timestamp, UserId, ids, redirect_uri,
    storage::{Actor, AuditAction, Client, ClientStatus, NewClient, Tenant, TenantKind},
};

/// Before the id of a client that has registered itself.
pub(super) const REGISTERED: &str = "reg_";
/// The longest id that a registration gets: it has to fit into links.
const MAX_ID: usize = 1600;
const MAX_REDIRECT_URIS: usize = 20;
/// How long a client that has registered itself is known without being used.
pub(super) const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);
/// Stands for the owner of clients that have none.
const NOBODY: &str = "tenant_public";
/// The grant types of a public client.
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// What a client says of itself (RFC 7591, section 2). Members that change nothing here are left
/// unread.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ClientMetadata {
    /// In a metadata document, its own address.
    pub client_id: Option<String>,
    /// The addresses that codes may be sent to, 1 to 20: `https`, or `http` on this computer, where
    /// the port is free.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// A name to show beside the hosts.
    pub client_name: Option<String>,
    /// `none`, which is the default here.
    pub token_endpoint_auth_method: Option<String>,
    /// Some of `authorization_code` and `refresh_token`.
    pub grant_types: Option<Vec<String>>,
    /// `code` alone.
    pub response_types: Option<Vec<String>>,
    /// The scopes that it may ask for, separated by spaces; all reads when left out.
    pub scope: Option<String>,
    /// `native` or `web`.
    pub application_type: Option<String>,
    /// No public client has one.
    #[cfg_attr(feature = "schemars", schemars(skip))]
    pub client_secret: Option<serde::de::IgnoredAny>,
}

/// The answer to a registration (RFC 7591, section 3.2.1).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RegisteredClient {
    /// The client's id.
    pub client_id: String,
    /// The moment of the registration, Unix seconds.
    pub client_id_issued_at: i64,
    /// As registered.
    pub redirect_uris: Vec<String>,
    /// As registered, without what cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// Always `none`.
    pub token_endpoint_auth_method: &'static str,
    /// The grant types that it can use.
    pub grant_types: [&'static str; 2],
    /// Always `code`.
    pub response_types: [&'static str; 1],
    /// The scopes that it may ask for, separated by spaces.
    pub scope: String,
    /// As registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
}

/// Why a client cannot be taken: the word of RFC 7591, section 3.2.2, and a sentence.
#[derive(Debug)]
pub struct MetadataRefusal {
    /// `invalid_redirect_uri` or `invalid_client_metadata`.
    pub word: &'static str,
    /// A sentence for the client's developer.
    pub message: String,
}

/// A public client as it describes itself.
#[derive(Clone, Debug)]
pub struct PublicClient {
    /// The id by which it calls itself.
    pub id: String,
    /// A name, which anybody can choose.
    pub name: Option<String>,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for.
    pub permissions: Scopes,
    /// When it has registered itself; `None` for one that a document describes.
    pub registered_at: Option<Timestamp>,
}

/// A public client with the person who is to decide about it.
#[derive(Clone, Debug)]
pub struct PublicVisit {
    /// The client.
    pub client: PublicClient,
    /// Who has signed in; `None` while nobody has.
    pub user: Option<UserId>,
}

/// What a registered id says: seconds, random bits, scopes, name, redirect URIs.
type Registration = (i64, u32, u16, Option<String>, Vec<String>);

impl ClientMetadata {
    /// The client that a document describes, which was found under `url`.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub fn of_document(&self, url: &str, all: Scopes) -> Result<PublicClient, MetadataRefusal> {
        if self.client_id.as_deref() != Some(url) {
            return Err(invalid("`client_id` must be the address of the document"));
        }
        self.check()?;
        let named = self.scope.as_deref().unwrap_or_default().split(' ');
        // Other names are those of other servers.
        let named: Scopes = named.filter_map(Scope::parse).collect();
        let permissions = named.intersection(all);
        Ok(PublicClient {
            id: url.to_owned(),
            name: self.name(),
            redirect_uris: self.redirect_uris.clone(),
            permissions: match permissions.is_empty() {
                true => all,
                false => permissions,
            },
            registered_at: None,
        })
    }

    fn name(&self) -> Option<String> {
        self.client_name.as_deref().and_then(display_name)
    }

    /// Checks all but the scopes.
    fn check(&self) -> Result<(), MetadataRefusal> {
        if self.redirect_uris.is_empty() || self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(MetadataRefusal {
                word: "invalid_redirect_uri",
                message: format!("`redirect_uris` must have 1 to {MAX_REDIRECT_URIS} entries."),
            });
        }
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            redirect_uri::check(uri, true).map_err(|rule| MetadataRefusal {
                word: "invalid_redirect_uri",
                message: format!(
                    "`redirect_uris[{index}]` {rule}. {}",
                    redirect_uri::EXAMPLES
                ),
            })?;
        }
        if self.client_secret.is_some()
            || !matches!(
                self.token_endpoint_auth_method.as_deref(),
                None | Some("none")
            )
        {
            return Err(invalid(
                "`token_endpoint_auth_method` must be `none`: public clients have no secret",
            ));
        }
        if let Some(types) = &self.grant_types
            && !types.iter().any(|name| name == GRANT_TYPES[0])
        {
            return Err(invalid("`grant_types` must have `authorization_code`"));
        }
        let is_code = |types: &Vec<String>| types.iter().any(|name| name == "code");
        if !self.response_types.as_ref().is_none_or(is_code) {
            return Err(invalid("`response_types` must have `code`"));
        }
        match self.application_type.as_deref() {
            None | Some("native" | "web") => Ok(()),
            Some(_) => Err(invalid("`application_type` must be `native` or `web`")),
        }
    }

    /// Refuses what a registration must not ask for, where a document only says what the client
    /// does elsewhere.
    fn check_registration(&self, all: Scopes) -> Result<Scopes, MetadataRefusal> {
        self.check()?;
        let mut types = self.grant_types.iter().flatten();
        if let Some(other) = types.find(|name| !GRANT_TYPES.contains(&name.as_str())) {
            let printable = other.chars().all(|c| c.is_ascii_graphic()) && other.len() < 60;
            let other = if printable { other.as_str() } else { "that" };
            return Err(invalid(&format!(
                "`grant_types` may have `authorization_code` and `refresh_token`, not {other}"
            )));
        }
        if self.response_types.iter().flatten().count() > 1 {
            return Err(invalid("`response_types` must be `code` alone"));
        }
        let names = self.scope.as_deref().unwrap_or_default().split(' ');
        let names = names.filter(|name| !name.is_empty());
        let scopes = names
            .map(|name| Scope::parse(name).filter(|scope| all.contains(*scope)))
            .collect::<Option<Scopes>>();
        match scopes {
            None => Err(invalid(
                "`scope` goes beyond what public clients may ask for",
            )),
            Some(scopes) if scopes.is_empty() => Ok(all),
            Some(scopes) => Ok(scopes),
        }
    }
}

impl Gateway {
    /// Registers a client that has no secret. Nothing is stored: its id says what it is.
    ///
    /// # Errors
    /// What is wrong with the metadata.
    pub fn register_public_client(
        &self,
        metadata: &ClientMetadata,
        all: Scopes,
    ) -> Result<RegisteredClient, MetadataRefusal> {
        let permissions = metadata.check_registration(all)?;
        let mut bits = [0; 4];
        self.random.fill(&mut bits);
        let issued_at = self.clock.now().as_seconds();
        let registration: Registration = (
            issued_at,
            u32::from_be_bytes(bits),
            permissions.bits(),
            metadata.name(),
            metadata.redirect_uris.clone(),
        );
        let client_id = format!("{REGISTERED}{}", self.registrations.seal(&registration));
        if client_id.len() > MAX_ID {
            return Err(invalid("name and redirect URIs are too long together"));
        }
        Ok(RegisteredClient {
            client_id,
            client_id_issued_at: issued_at,
            redirect_uris: registration.4,
            client_name: registration.3,
            token_endpoint_auth_method: "none",
            grant_types: GRANT_TYPES,
            response_types: ["code"],
            scope: permissions.to_string(),
            application_type: metadata.application_type.clone(),
        })
    }

    /// The client that has registered itself under this id; `None` for any other text.
    #[must_use]
    pub fn registered_client(&self, id: &str) -> Option<PublicClient> {
        let sealed = id.strip_prefix(REGISTERED)?;
        if id.len() > MAX_ID {
            return None;
        }
        let (seconds, _, bits, name, redirect_uris): Registration =
            self.registrations.open(sealed)?;
        Some(PublicClient {
            id: id.to_owned(),
            name,
            redirect_uris,
            permissions: Scopes::from_bits(bits),
            registered_at: Some(Timestamp::from_seconds(seconds)?),
        })
    }

    /// The stored public client that calls itself so, if it lives and is still let in.
    pub(super) async fn public_client(&self, public_id: &str) -> Result<Option<Client>> {
        if !self.public_clients.let_in(public_id) {
            return Ok(None);
        }
        let found = self.storage.clients().find(&id_of(public_id)?).await?;
        Ok(found.filter(|client| {
            client.status == ClientStatus::Active && client.public_id.as_deref() == Some(public_id)
        }))
    }

    /// A public client as a row, which is not stored yet. `None` when it was deleted, or has
    /// registered itself too long ago without being used.
    pub(super) async fn row_of(&self, public: &PublicClient) -> Result<Option<Client>> {
        let now = self.clock.now();
        let id = id_of(&public.id)?;
        let stored = self.storage.clients().find(&id).await?;
        let is_known = match &stored {
            Some(client) => client.status == ClientStatus::Active,
            None => public.registered_at.is_none_or(|at| now < at.after(UNUSED)),
        };
        let client = Client {
            id,
            tenant_id: TenantId::parse(NOBODY)?,
            owner_user_id: None,
            name: public.name.clone().unwrap_or_default(),
            description: None,
            public_id: Some(public.id.clone()),
            allowed_redirect_uris: public.redirect_uris.clone(),
            default_permissions: public.permissions,
            require_pkce: true,
            require_signed_customer_ref: false,
            allowed_embed_origins: Vec::new(),
            secrets: Vec::new(),
            status: ClientStatus::Active,
            created_at: now,
            updated_at: now,
        };
        Ok(is_known.then_some(client))
    }

    /// Stores what a public client says of itself; `false` when it was deleted meanwhile.
    pub(super) async fn store_public(
        &self,
        client: &Client,
        act: &AuditContext<'_>,
    ) -> Result<bool> {
        let unused = Credential::generate(CredentialKind::EmbedSecret, &*self.random);
        let cell = embed_secret_cell(client);
        let new = NewClient {
            client: client.clone(),
            secret_hash: CredentialHash::of(unused.expose()),
            sealed_embed_secret: self.vault.seal(cell, unused.expose(), &*self.random)?,
        };
        let nobody = Tenant {
            id: client.tenant_id.clone(),
            name: "Public clients".to_owned(),
            kind: TenantKind::Developer,
            created_at: client.created_at,
        };
        let audit = self.audit_success(act, AuditAction::ClientUpdate, &client.id);
        self.storage.clients().register(new, nobody, audit).await
    }

    /// Whether a workspace of a public client is this person's own. That of an app is nobody's own.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn is_own_workspace(
        &self,
        client: &Client,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<bool> {
        let name = self.storage.tenants().customer_ref(&client.id, tenant);
        Ok(client.public_id.is_some() && name.await?.as_deref() == Some(user.as_str()))
    }

    /// Ends up to `limit` public clients that nobody has used for 30 days: one that has registered
    /// itself is deleted, and rows that nothing refers to go. How many were looked at. None while the
    /// clock is doubted, see [`Gateway::delete_expired`].
    ///
    /// # Errors
    /// The storage's own.
    pub async fn end_unused_clients(&self, limit: usize) -> Result<usize> {
        if self.doubts_clock().await? {
            return Ok(0);
        }
        let (now, clients) = (self.clock.now(), self.storage.clients());
        let before = Timestamp::from_millis(
            now.as_millis() - i64::try_from(UNUSED.as_millis()).unwrap_or(i64::MAX),
        );
        let unused = clients.list_unused(before, now, limit).await?;
        let request_id = self.new_request_id();
        let act = AuditContext {
            actor: &Actor::System,
            request_id: &request_id,
        };
        for client in &unused {
            let is_registered = client
                .public_id
                .as_deref()
                .is_some_and(|id| id.starts_with(REGISTERED));
            if !clients.forget(&client.id, now).await? && is_registered {
                let audit = self.audit_success(&act, AuditAction::ClientDelete, &client.id);
                clients.delete(&client.id, now, audit).await?;
            }
        }
        Ok(unused.len())
    }
}

/// Our id of a public client, which follows from its own.
fn id_of(public_id: &str) -> Result<ClientId> {
    let digest = Sha256::digest(public_id.as_bytes());
    let bits = digest.iter().take(16);
    let bits = bits.fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    ClientId::parse(&format!("{}{}", ClientId::PREFIX, ids::from_bits(bits)))
}

fn invalid(rule: &str) -> MetadataRefusal {
    MetadataRefusal {
        word: "invalid_client_metadata",
        message: format!("{rule}."),
    }
}
