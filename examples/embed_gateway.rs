//! A Rust service with the gateway inside: no socket, no database, the same checks and the same
//! firewall as over HTTP.
//!
//! Run `cargo run --example embed_gateway`. It writes a sample repository into a temporary folder
//! and prints its last five commits, one a line, then the same list through a token that lacks the
//! scope, which is refused with `INSUFFICIENT_SCOPE`.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc};

use gitflare::{
    core::{
        RequestId, Scope, Secret, SystemClock, SystemRandom,
        gateway::{
            AuditContext, Gateway, GatewayParts, GatewaySettings, ManualConnection,
            NewClientRequest, NewGrantRequest, NewTenantRequest, Payload, Query, ReadCredential,
            ReadRequest, RequestedRepositories, TokenRequest, Unlimited,
        },
        keys::{KeyRing, MasterKey, Purpose},
        provider::{Endpoint, Registry},
        storage::{Actor, memory::MemoryStorage},
    },
    firewall::{Firewall, FirewallConfig},
    providers::local::{Local, LocalConfig},
    server::sandbox::sample,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    sample::write(folder.path())?;

    let gateway = gateway(Local::new(LocalConfig::new(vec![
        folder.path().to_owned(),
    ]))?)
    .await?;
    let token = everything_up_to_a_token(&gateway, &[Scope::ReadCommits]).await?;
    let reply = gateway.read(commits(&gateway, &token)).await?;
    if let Payload::Commits(commits) = reply.data.value() {
        for commit in commits {
            println!(
                "{} {}",
                &commit.sha[..10],
                commit.title.as_deref().unwrap_or_default()
            );
        }
    }

    let token = everything_up_to_a_token(&gateway, &[Scope::ReadTags]).await?;
    match gateway.read(commits(&gateway, &token)).await {
        Ok(_) => Err("a token without the scope must not read".into()),
        Err(error) => {
            println!("{error}");
            Ok(())
        }
    }
}

/// A gateway over one provider. A service that lasts brings its own storage and master key.
async fn gateway(provider: Local) -> gitflare::core::Result<Gateway> {
    let random = SystemRandom;
    let mut master_key = vec![0; 32];
    gitflare::core::Random::fill(&random, &mut master_key);
    let keys = KeyRing::new(MasterKey::new(1, Secret::new(master_key))?, Vec::new());
    let firewall = FirewallConfig::default();
    Gateway::new(GatewayParts {
        storage: Arc::new(MemoryStorage::new()),
        providers: Registry::new(vec![Arc::new(provider)]),
        filter: Arc::new(Firewall::new(
            &keys.primary().derive(Purpose::Firewall),
            &firewall,
        )?),
        filter_defaults: firewall.into(),
        clock: Arc::new(SystemClock),
        random: Arc::new(random),
        keys,
        admission: Arc::new(Unlimited),
        settings: GatewaySettings::default(),
    })
    .await
}

/// Tenant, client, connection, grant, token: what an admin does once for each customer.
async fn everything_up_to_a_token(
    gateway: &Gateway,
    scopes: &[Scope],
) -> gitflare::core::Result<String> {
    let request_id: RequestId = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::System,
        request_id: &request_id,
    };
    let permissions: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    let tenant = NewTenantRequest {
        name: "Acme".into(),
        kind: None,
    };
    let tenant_id = gateway.create_tenant(tenant, &act).await?.id.to_string();
    let client = NewClientRequest {
        tenant_id: tenant_id.clone(),
        owner_user_id: None,
        name: "Reports".into(),
        description: None,
        allowed_redirect_uris: Vec::new(),
        default_permissions: permissions.clone(),
    };
    let created = gateway.create_client(client, &act).await?;
    let connection = ManualConnection {
        provider: "local".into(),
        access_token: None,
        tenant_id: Some(tenant_id.clone()),
        api_base_url: None,
        organization: None,
    };
    let connection = gateway.connect_manually(connection, &act).await?;
    let grant = NewGrantRequest {
        tenant_id,
        client_id: created.client.id.to_string(),
        connection_id: connection.id.to_string(),
        permissions,
        repositories: RequestedRepositories::Listed(vec![sample::FULL_NAME.into()]),
        expires_at: None,
    };
    gateway.create_grant(grant, &act).await?;
    let request = TokenRequest {
        grant_type: Some("client_credentials".into()),
        client_id: Some(created.client.id.to_string()),
        client_secret: Some(created.client_secret.expose().into()),
        ..TokenRequest::default()
    };
    let issued = gateway.issue_token(request, &request_id).await;
    Ok(issued
        .map_err(|refusal| refusal.error)?
        .access_token
        .expose()
        .to_owned())
}

/// `GET /v1/repositories/local/acme%2Fstorefront/commits?limit=5`, as HTTP would spell it.
fn commits(gateway: &Gateway, token: &str) -> ReadRequest {
    ReadRequest {
        endpoint: Endpoint::Commits,
        credential: ReadCredential::Bearer(token.into()),
        provider: Some("local".into()),
        repository: Some(sample::FULL_NAME.into()),
        item: None,
        query: Query::new(vec![("limit".into(), "5".into())]),
        method: "GET",
        path: "/commits".into(),
        request_id: gateway.new_request_id(),
    }
}
