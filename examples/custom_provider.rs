//! A code host of your own behind the unified API: implement what it has, and leave the rest to the
//! defaults, which answer `UNSUPPORTED_ENDPOINT`.
//!
//! Run `cargo run --example custom_provider`. It prints the branches of a host that lives in a
//! constant, two a page by cursor, then the refusal of an operation that this host lacks, then what the
//! usage log says.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use async_trait::async_trait;
use gitflare::{
    Gateway,
    core::{
        AuthorizationId, Page, PageRequest, Position, Result, Scope, Scopes,
        gateway::{
            AuditContext, ManualConnection, NewClientRequest, NewGrantRequest, NewTenantRequest,
            RequestedRepositories,
        },
        model::{Branch, Viewer},
        provider::{Call, Capability, Endpoint, Provider, ProviderId, ProviderKind, RepoRef},
        storage::{Actor, UsageQuery, memory::MemoryStorage},
    },
};

const BRANCHES: [&str; 5] = ["develop", "main", "release/1", "release/2", "spike"];

/// What it can do. What has no row is not served, and answers so without a call.
const CAPABILITIES: &[Capability] = &[
    Capability::full(Endpoint::Profile),
    Capability::full(Endpoint::Branches),
];

/// The code host. Its id is its own: in paths, cursors, storage, usage rows and on consent pages.
struct Gerrit;

#[async_trait]
impl Provider for Gerrit {
    fn id(&self) -> ProviderId {
        ProviderId::from_static("gerrit")
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::new("gerrit", "Gerrit")
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    fn is_repository_id(&self, segment: &str) -> bool {
        segment == "1"
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        Ok(Viewer {
            provider: self.id(),
            connection_id: call.connection_id.clone(),
            id: "1".into(),
            login: Some("ada".into()),
            name: None,
            email: None,
            avatar_url: None,
            web_url: None,
        })
    }

    async fn branches(&self, _: &Call, _: &RepoRef, page: PageRequest) -> Result<Page<Branch>> {
        // The position is ours alone: here, how many branches came before.
        let sent = match &page.position {
            None => 0,
            Some(position) => {
                let mut fields = position.fields();
                let sent = fields.number()? as usize;
                fields.end()?;
                sent
            }
        };
        let end = BRANCHES.len().min(sent.saturating_add(page.limit.get()));
        let items = BRANCHES.get(sent..end).unwrap_or_default().iter();
        let next = (end < BRANCHES.len()).then(|| Position::new().number(end as u64));
        Ok(Page::new(items.map(|name| branch(name)).collect(), next))
    }
}

fn branch(name: &str) -> Branch {
    Branch {
        name: name.into(),
        commit_sha: format!("{:040x}", name.len()),
        default: Some(name == "main"),
        // What this host does not tell, and what later versions may have beside it.
        ..Branch::default()
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error + Send + Sync>> {
    let gateway = gitflare::gateway()
        .storage(MemoryStorage::new())
        .provider(Gerrit)
        .throwaway_keys()
        .build()
        .await?;
    let authorization = approve(&gateway).await?;
    let scopes = Scopes::from_iter([Scope::ReadBranches, Scope::ReadTags]);
    let token = gateway.issue_for(&authorization, scopes).await?;

    let repository = gateway
        .reader(token.access_token.expose())
        .repository("gerrit", "1");
    let mut branches = repository.branches().limit(2);
    loop {
        let page = branches.send().await?;
        let names: Vec<_> = page.items.iter().map(|it| it.name.as_str()).collect();
        println!("{}", names.join(", "));
        match &page.next_cursor {
            Some(cursor) => branches = branches.cursor(cursor),
            None => break,
        }
    }
    match repository.tags().send().await {
        Ok(_) => return Err("this host has no tags".into()),
        Err(error) => println!("{error}"),
    }
    let usage = gateway.storage().usage();
    usage.flush().await?;
    let (rows, total) = usage.list(&UsageQuery::default(), 0, 1).await?;
    let provider = rows[0].provider.map(ProviderId::as_str);
    println!("{total} reads of {}", provider.unwrap_or_default());
    Ok(())
}

/// What a consent page does over HTTP: a tenant, a client, a connection, and a grant of everything
/// that the connection can read.
async fn approve(gateway: &Gateway) -> Result<AuthorizationId> {
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::System,
        request_id: &request_id,
    };
    let permissions = vec!["read:branches".to_owned(), "read:tags".to_owned()];
    let tenant = NewTenantRequest {
        name: "Acme".into(),
        kind: None,
    };
    let tenant_id = gateway.create_tenant(tenant, &act).await?.id.to_string();
    let client = NewClientRequest {
        tenant_id: tenant_id.clone(),
        name: "Reports".into(),
        default_permissions: permissions.clone(),
        ..NewClientRequest::default()
    };
    let client = gateway.create_client(client, &act).await?.client;
    let connection = ManualConnection {
        provider: "gerrit".into(),
        access_token: Some("any token will do".into()),
        tenant_id: Some(tenant_id.clone()),
        ..ManualConnection::default()
    };
    let connection = gateway.connect_manually(connection, &act).await?;
    let grant = NewGrantRequest {
        tenant_id,
        client_id: client.id.to_string(),
        connection_id: connection.id.to_string(),
        permissions,
        repositories: RequestedRepositories::All,
        expires_at: None,
    };
    Ok(gateway.create_grant(grant, &act).await?.0.id)
}
