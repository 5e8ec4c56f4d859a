//! A Rust service with the gateway inside: no socket, no database, the same checks and the same
//! firewall as over HTTP.
//!
//! Run `cargo run --example embed_gateway`. It writes a sample repository into a temporary folder,
//! prints its last five commits, counts them all, and shows the refusal of a token without the scope.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use gitflare::{
    Gateway,
    core::{
        AuthorizationId, Result, Scope, Scopes,
        gateway::{
            AuditContext, ManualConnection, NewClientRequest, NewGrantRequest, NewTenantRequest,
            RequestedRepositories,
        },
        storage::{Actor, memory::MemoryStorage},
    },
    providers::local::Local,
    server::sandbox::sample,
};

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    sample::write(folder.path())?;

    // A service that lasts has a storage on disk and `.keys(gitflare::master_key_file(..)?)`.
    let gateway = gitflare::gateway()
        .storage(MemoryStorage::new())
        .provider(Local::at(folder.path())?)
        .throwaway_keys()
        .build()
        .await?;
    let authorization = approve(&gateway).await?;
    let token = async |scope| {
        let scopes = Scopes::from_iter([scope]);
        gateway.issue_for(&authorization, scopes).await
    };

    let reader = gateway.reader(token(Scope::ReadCommits).await?.access_token.expose());
    let commits = reader.repository("local", sample::FULL_NAME).commits();
    for commit in &commits.clone().limit(5).send().await? {
        let title = commit.title.as_deref().unwrap_or_default();
        println!("{} {title}", &commit.sha[..10]);
    }

    let mut count = 0;
    let mut all = commits.clone().limit(2).stream(); // follows the cursors
    while all.try_next().await?.is_some() {
        count += 1;
    }
    println!("{count} commits");

    let reader = gateway.reader(token(Scope::ReadTags).await?.access_token.expose());
    let refused = reader.repository("local", sample::FULL_NAME).commits();
    match refused.send().await {
        Ok(_) => Err("a token without the scope must not read".into()),
        Err(error) => {
            println!("{error}");
            Ok(())
        }
    }
}

/// What a consent page does over HTTP, once for each customer: a tenant, a client, a connection, and
/// a grant of one repository.
async fn approve(gateway: &Gateway) -> Result<AuthorizationId> {
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::System,
        request_id: &request_id,
    };
    let permissions = vec!["read:commits".to_owned(), "read:tags".to_owned()];
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
        provider: "local".into(),
        tenant_id: Some(tenant_id.clone()),
        ..ManualConnection::default()
    };
    let connection = gateway.connect_manually(connection, &act).await?;
    let grant = NewGrantRequest {
        tenant_id,
        client_id: client.id.to_string(),
        connection_id: connection.id.to_string(),
        permissions,
        repositories: RequestedRepositories::Listed(vec![sample::FULL_NAME.into()]),
        expires_at: None,
    };
    Ok(gateway.create_grant(grant, &act).await?.0.id)
}
