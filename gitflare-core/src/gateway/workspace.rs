//! The workspaces of customers: which one a hosted page opens, for which browser session, and what
//! that session may see of it. A `customer_ref` is a name that anybody can guess: it opens a
//! workspace and shows nothing; what is there is seen by who has proven something (TN-3, TN-4).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{
    AuditContext, BegunSession, Gateway, LinkClaim, apps::embed_secret_cell, sessions::from_hex,
};
use crate::{
    AuthorizationId, ClientId, Code, CredentialHash, Error, RequestId, Result, Scopes, SessionId,
    TenantId, Timestamp, UserId,
    provider::ProviderId,
    storage::{
        Actor, AuditAction, AuditEntry, Authorization, AuthorizationStatus, Client, Connection,
        ConnectionFilter, ConnectionStatus, LinkFlow, LinkKind, ListRange, Proof, Session,
        SessionSubject, Tenant, TenantKind,
    },
};

/// The longest `customer_ref` and name, in characters.
const MAX_TEXT: usize = 200;
/// Longest lifetime of a signed link, in seconds.
const MAX_LINK_SECONDS: i64 = 600;
/// The longest `customer_nonce` that is accepted, in bytes.
const MAX_NONCE: usize = 128;
/// Most connections of a workspace that are shown.
const MAX_CONNECTIONS: usize = 200;
/// Begins the names of workspaces that the app has not named; no `customer_ref` can.
const UNNAMED: char = '\u{1}';

/// Customer parameters of a link, unparsed.
#[derive(Clone, Debug, Default)]
pub struct CustomerLink {
    /// The app's own id of the customer.
    pub customer_ref: Option<String>,
    /// Name of the customer, given by the app.
    pub customer_name: Option<String>,
    /// The signature, in hex.
    pub signature: Option<String>,
    /// End of the signature, Unix seconds.
    pub expires: Option<String>,
    /// One-time value covered by the signature.
    pub nonce: Option<String>,
}

impl CustomerLink {
    /// Whether a link says nothing of a customer.
    pub(super) fn is_empty(&self) -> bool {
        let texts = [
            &self.customer_ref,
            &self.customer_name,
            &self.signature,
            &self.expires,
            &self.nonce,
        ];
        texts.iter().all(|text| text.is_none())
    }
}

/// A workspace that a browser has opened.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The tenant that stands for the customer.
    pub tenant: Tenant,
    /// Name of the customer, given by the app, without control characters.
    pub customer_name: Option<String>,
    /// The session that it is open in.
    pub session: Session,
    /// That session with its text, when it has just begun.
    pub begun: Option<BegunSession>,
}

/// The connections of a workspace that a session may see.
#[derive(Clone, Debug)]
pub struct VisibleConnections {
    /// The connections that it has proven to be its own.
    pub connections: Vec<Connection>,
    /// Whether there are connections and none of them is its own: then it may only link one of
    /// them again.
    pub is_locked: bool,
    /// Whether there are connections that it does not see.
    pub is_partial: bool,
    /// The providers of accounts that have to be connected again; empty but for a session that came by a
    /// reconnect link.
    pub to_reconnect: Vec<ProviderId>,
}

/// How a link flow names the session and client that it is started for: who claims its account must
/// name the same.
#[must_use]
pub fn workspace_key(session: &SessionId, client: &ClientId) -> String {
    format!("{session} {client}")
}

impl Gateway {
    /// Opens a client's workspace for a browser that has these sessions. That a signed link has opened
    /// it is audited.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed name; `ACCESS_BLOCKED_BY_POLICY` for a signature that is
    /// wrong, old or used, or missing where the client demands one (TN-5).
    pub async fn open_workspace(
        &self,
        client: &Client,
        link: &CustomerLink,
        sessions: &[Session],
        request_id: &RequestId,
    ) -> Result<Workspace> {
        let customer_ref = link.customer_ref.as_deref();
        if let Some(name) = customer_ref {
            check_ref(name)?;
        }
        let is_signed = self.check_signature(client, link).await?;
        let customer_name = link.customer_name.as_deref().and_then(display_name);
        let known = match customer_ref {
            Some(name) => {
                self.storage
                    .tenants()
                    .find_customer(&client.id, name)
                    .await?
            }
            None => self.unnamed_workspace(client, sessions).await?,
        };
        let session = match &known {
            Some(tenant) if !is_signed => self.session_of(client, &tenant.id, sessions).await?,
            _ => None,
        };
        if client.require_signed_customer_ref && !is_signed && session.is_none() {
            return Err(blocked(
                "This app opens its customers' pages by signed links only: open this one from the app.",
            ));
        }
        let tenant = match known {
            Some(tenant) => tenant,
            None => {
                let name = customer_name.as_deref().or(customer_ref);
                self.new_customer(client, customer_ref, name).await?
            }
        };
        let (session, begun) = match session {
            Some(session) => (session, None),
            None => {
                let signed = is_signed.then(|| self.opened(client, &tenant.id, request_id));
                let proof = is_signed.then_some(Proof::Workspace);
                let begun = self.begin_embed(client, &tenant.id, proof, signed).await?;
                (begun.session.clone(), Some(begun))
            }
        };
        Ok(Workspace {
            tenant,
            customer_name,
            session,
            begun,
        })
    }

    /// Opens a person's own workspace for a public client, which is stored with it. They have signed
    /// in: everything in it is theirs.
    pub(super) async fn open_own(
        &self,
        client: &Client,
        user: &UserId,
        sessions: &[Session],
    ) -> Result<Workspace> {
        let person = self.storage.users().find(user).await?;
        let person = person.ok_or_else(|| blocked("This account is gone."))?;
        let request_id = self.new_request_id();
        let act = AuditContext {
            actor: &Actor::User(user.clone()),
            request_id: &request_id,
        };
        if !self.store_public(client, &act).await? {
            return Err(unknown_client());
        }
        let tenants = self.storage.tenants();
        let tenant = match tenants.find_customer(&client.id, user.as_str()).await? {
            Some(tenant) => tenant,
            None => {
                let name = Some(person.email.as_str());
                self.new_customer(client, Some(user.as_str()), name).await?
            }
        };
        self.enter_own(client, tenant, sessions).await
    }

    /// Whoever has a session for a public client's workspace got it signed in.
    async fn enter_own(
        &self,
        client: &Client,
        tenant: Tenant,
        sessions: &[Session],
    ) -> Result<Workspace> {
        let known = self.session_of(client, &tenant.id, sessions).await?;
        let (session, begun) = match known {
            Some(session) => (session, None),
            None => {
                let proof = Some(Proof::Workspace);
                let begun = self.begin_embed(client, &tenant.id, proof, None).await?;
                (begun.session.clone(), Some(begun))
            }
        };
        Ok(Workspace {
            customer_name: display_name(&tenant.name),
            tenant,
            session,
            begun,
        })
    }

    /// Opens a person's own workspace for a public client that they have used before.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when they have not.
    pub async fn reopen_own(
        &self,
        client: &Client,
        user: &UserId,
        sessions: &[Session],
    ) -> Result<Workspace> {
        let tenants = self.storage.tenants();
        let found = tenants.find_customer(&client.id, user.as_str()).await?;
        let tenant = found.ok_or_else(|| Error::not_found("app"))?;
        self.enter_own(client, tenant, sessions).await
    }

    /// What a session may see of its workspace now.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn visible(
        &self,
        session: &SessionId,
        tenant: &TenantId,
    ) -> Result<VisibleConnections> {
        let filter = ConnectionFilter {
            tenant: Some(tenant.clone()),
            provider: None,
        };
        let all = ListRange {
            after: None,
            limit: MAX_CONNECTIONS,
        };
        let mut connections = self.storage.connections().list(&filter, all).await?;
        let there = connections.len();
        let proofs = self.storage.proofs().find(session).await?;
        let to_reconnect = match proofs.contains(&Proof::Reconnect) {
            true => refused_providers(&connections),
            false => Vec::new(),
        };
        if !proofs.contains(&Proof::Workspace) {
            connections.retain(|it| proofs.contains(&Proof::Connection(it.id.clone())));
        }
        Ok(VisibleConnections {
            is_locked: there > 0 && connections.is_empty(),
            is_partial: connections.len() < there,
            connections,
            to_reconnect,
        })
    }

    /// Whether a flow was started from a workspace that is locked for who claims: then only an
    /// account that is linked there already is taken.
    pub(super) async fn is_locked(&self, flow: &LinkFlow, claim: &LinkClaim<'_>) -> Result<bool> {
        match (
            flow.kind,
            claim.workspace.and_then(|key| key.split_once(' ')),
        ) {
            (LinkKind::Embed, Some((session, _))) => {
                let session = SessionId::parse(session)?;
                Ok(self.visible(&session, claim.tenant_id).await?.is_locked)
            }
            (LinkKind::Embed, None) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Notes that a customer's session has linked an account: it sees that connection from now on
    /// (TN-4), and its workspace waits for a decision if it has none yet.
    pub(super) async fn note_linked(&self, workspace: &str, linked: &Connection) -> Result<()> {
        let malformed = || Error::internal("a flow names no workspace");
        let (session, client) = workspace.split_once(' ').ok_or_else(malformed)?;
        let session = SessionId::parse(session).map_err(|_| malformed())?;
        let client_id = ClientId::parse(client).map_err(|_| malformed())?;
        let tenant_id = linked.tenant_id.clone().ok_or_else(malformed)?;
        let proof = Proof::Connection(linked.id.clone());
        self.storage.proofs().insert(&session, proof).await?;
        let pending = Authorization {
            id: AuthorizationId::generate(&*self.clock, &*self.random),
            tenant_id,
            client_id,
            status: AuthorizationStatus::Pending,
            permissions: Scopes::NONE,
            created_at: self.clock.now(),
        };
        self.storage
            .authorizations()
            .find_or_insert_pending(pending)
            .await?;
        Ok(())
    }

    /// The session of a browser for a workspace. Where the client demands signed links, only one
    /// that began with one counts.
    pub(super) async fn session_of(
        &self,
        client: &Client,
        tenant: &TenantId,
        sessions: &[Session],
    ) -> Result<Option<Session>> {
        let subject = SessionSubject::Embed {
            client_id: client.id.clone(),
            tenant_id: tenant.clone(),
        };
        let Some(session) = sessions.iter().rev().find(|it| it.subject == subject) else {
            return Ok(None);
        };
        if client.require_signed_customer_ref {
            let proofs = self.storage.proofs().find(&session.id).await?;
            let is_signed = |proof: &Proof| matches!(proof, Proof::Workspace | Proof::Reconnect);
            return Ok(proofs.iter().any(is_signed).then(|| session.clone()));
        }
        Ok(Some(session.clone()))
    }

    /// The workspace without a name that this browser has opened before.
    async fn unnamed_workspace(
        &self,
        client: &Client,
        sessions: &[Session],
    ) -> Result<Option<Tenant>> {
        for session in sessions.iter().rev() {
            if let SessionSubject::Embed {
                client_id,
                tenant_id,
            } = &session.subject
                && *client_id == client.id
            {
                let name = format!("{UNNAMED}{tenant_id}");
                let found = self
                    .storage
                    .tenants()
                    .find_customer(client_id, &name)
                    .await?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    async fn new_customer(
        &self,
        client: &Client,
        customer_ref: Option<&str>,
        name: Option<&str>,
    ) -> Result<Tenant> {
        let tenant = Tenant {
            id: TenantId::generate(&*self.clock, &*self.random),
            name: name
                .and_then(display_name)
                .unwrap_or_else(|| "Customer".to_owned()),
            kind: TenantKind::Company,
            created_at: self.clock.now(),
        };
        let own_name = format!("{UNNAMED}{}", tenant.id);
        let key = customer_ref.unwrap_or(&own_name);
        self.storage
            .tenants()
            .find_or_insert_customer(&client.id, key, tenant)
            .await
    }

    /// What the audit says of a workspace that the client's signature has opened.
    fn opened(&self, client: &Client, tenant: &TenantId, request_id: &RequestId) -> AuditEntry {
        let actor = Actor::Client(client.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        self.audit_success(&act, AuditAction::WorkspaceOpen, tenant)
    }

    pub(super) async fn begin_embed(
        &self,
        client: &Client,
        tenant: &TenantId,
        proof: Option<Proof>,
        audit: Option<AuditEntry>,
    ) -> Result<BegunSession> {
        let subject = SessionSubject::Embed {
            client_id: client.id.clone(),
            tenant_id: tenant.clone(),
        };
        // Anybody can begin one without a proof: what is done in it is audited.
        let begun = self.unstored_session(subject);
        self.storage
            .sessions()
            .insert(begun.session.clone(), begun.text.hash(), audit)
            .await?;
        if let Some(proof) = proof {
            let proofs = self.storage.proofs();
            proofs.insert(&begun.session.id, proof).await?;
        }
        Ok(begun)
    }

    /// What signs a link for a customer, keyed with the client's embed secret: no field has a newline.
    pub(super) async fn customer_mac(&self, client: &Client, fields: &[&str]) -> Result<[u8; 32]> {
        let clients = self.storage.clients();
        let sealed = clients.sealed_embed_secret(&client.id).await?;
        let sealed = sealed.ok_or_else(|| Error::internal("a client without embed secret"))?;
        let secret = self.vault.open(embed_secret_cell(client), &sealed)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
            .map_err(|_| Error::internal("a key of a length that no MAC takes"))?;
        mac.update(fields.join("\n").as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }

    /// Whether the link is signed. One that tries and fails is refused, never taken as unsigned.
    async fn check_signature(&self, client: &Client, link: &CustomerLink) -> Result<bool> {
        let (signature, expires, nonce) = match (&link.signature, &link.expires, &link.nonce) {
            (None, None, None) => return Ok(false),
            (Some(signature), Some(expires), Some(nonce)) => (signature, expires, nonce),
            _ => return Err(bad_signature()),
        };
        let customer_ref = link.customer_ref.as_deref().ok_or_else(bad_signature)?;
        let now = self.clock.now().as_seconds();
        let ends = expires.parse::<i64>().map_err(|_| bad_signature())?;
        let is_timely = now < ends && ends <= now + MAX_LINK_SECONDS;
        let is_plain = (1..=MAX_NONCE).contains(&nonce.len())
            && nonce.bytes().all(|byte| byte.is_ascii_graphic());
        let sent = from_hex(signature).ok_or_else(bad_signature)?;
        let fields = [client.id.as_str(), customer_ref, expires, nonce];
        let expected = self.customer_mac(client, &fields).await?;
        if !bool::from(expected.ct_eq(&sent)) || !is_timely || !is_plain {
            return Err(bad_signature());
        }
        let ends = Timestamp::from_seconds(ends).ok_or_else(bad_signature)?;
        let is_first = self
            .storage
            .proofs()
            .take_nonce(&client.id, &CredentialHash::of(nonce), ends)
            .await?;
        match is_first {
            true => Ok(true),
            false => Err(bad_signature()),
        }
    }
}

/// Each provider that refuses an account's tokens, once.
fn refused_providers(connections: &[Connection]) -> Vec<ProviderId> {
    let mut providers = Vec::new();
    for connection in connections {
        let is_refused = connection.status == ConnectionStatus::NeedsReconnect;
        if is_refused && !providers.contains(&connection.provider) {
            providers.push(connection.provider);
        }
    }
    providers
}

/// Whether the app has not named the workspace of this name.
pub(super) fn is_unnamed(name: &str) -> bool {
    name.starts_with(UNNAMED)
}

/// A name for people: what would make it read as something else is left out (TN-6). Whatever it
/// holds, it never refuses a customer.
pub(super) fn display_name(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'))
        .take(MAX_TEXT)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

fn check_ref(name: &str) -> Result<()> {
    if name.chars().count() > MAX_TEXT || name.chars().any(char::is_control) {
        return Err(Error::invalid_request(format!(
            "`customer_ref` must have at most {MAX_TEXT} characters and no control characters."
        )));
    }
    Ok(())
}

fn bad_signature() -> Error {
    blocked(
        "The signature of this link is wrong, has ended or was used before: open it from the app again.",
    )
}

/// The refusal of a visit for a client that is not known.
pub(super) fn unknown_client() -> Error {
    Error::invalid_request("The link that brought you here names no app that is known here.")
}

pub(super) fn blocked(message: &str) -> Error {
    Error::new(Code::AccessBlockedByPolicy, message)
}
