//! What lies on disk: after every kind of secret went through the gateway into a real database, no
//! file of the data folder holds one of them in clear.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use gitflare_core::{
    Code, Error, Result, Scope, Secret,
    gateway::{
        AuditContext, Gateway, ManualConnection, NewClientRequest, NewGrantRequest,
        NewTenantRequest, RequestedRepositories, TokenRequest,
    },
    keys::{KeyRing, MasterKey},
    model::Viewer,
    provider::{Call, Capability, Provider, ProviderId},
    storage::{Actor, Storage},
};
use gitflare_firewall::FirewallConfig;
use gitflare_server::storage::sqlite::SqliteStorage;

const PROVIDER_TOKEN: &str = "canary-provider-token-b81f6c0e";

/// A provider with tokens: it knows one.
struct OneToken;

#[async_trait]
impl Provider for OneToken {
    fn id(&self) -> ProviderId {
        ProviderId::GITHUB
    }

    fn capabilities(&self) -> &'static [Capability] {
        &[]
    }

    fn is_repository_id(&self, _: &str) -> bool {
        true
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        if call.access_token.expose() != PROVIDER_TOKEN {
            return Err(Error::upstream(
                Code::InvalidCredentials,
                self.id(),
                "GitHub refuses the token.",
            ));
        }
        Ok(Viewer {
            provider: self.id(),
            connection_id: call.connection_id.clone(),
            id: "1".into(),
            login: Some("octo".into()),
            name: None,
            email: None,
            avatar_url: None,
            web_url: None,
        })
    }
}

async fn gateway(storage: Arc<SqliteStorage>) -> Gateway {
    let key = MasterKey::new(1, Secret::new((1..40).collect())).unwrap();
    Gateway::builder()
        .shared_storage(storage)
        .provider(OneToken)
        .firewall(FirewallConfig::default())
        .keys(KeyRing::new(key, Vec::new()))
        .build()
        .await
        .unwrap()
}

fn connection(tenant: &str, token: &str) -> ManualConnection {
    ManualConnection {
        provider: "github".into(),
        access_token: Some(Secret::from(token)),
        tenant_id: Some(tenant.into()),
        api_base_url: None,
        organization: None,
    }
}

/// Which of the secrets stand in a file of the folder.
fn found(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in secrets {
            let needle = secret.as_bytes();
            if bytes.windows(needle.len()).any(|window| window == needle) {
                found.push(format!("{secret} in {}", path.display()));
            }
        }
    }
    found
}

#[tokio::test]
async fn no_secret_lies_in_the_database_in_clear() {
    // sec: KY-1, TK-5, TK-6, IN-2
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(SqliteStorage::at(folder.path()).unwrap());
    let gateway = gateway(Arc::clone(&storage)).await;
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::Admin,
        request_id: &request_id,
    };
    let tenant = NewTenantRequest {
        name: "Tenant".into(),
        kind: None,
    };
    let tenant = gateway.create_tenant(tenant, &act).await.unwrap().id;
    let client = NewClientRequest {
        tenant_id: tenant.to_string(),
        owner_user_id: None,
        name: "App".into(),
        description: None,
        allowed_redirect_uris: Vec::new(),
        default_permissions: vec![Scope::ReadProfile.to_string()],
    };
    let created = gateway.create_client(client, &act).await.unwrap();
    let refused = gateway
        .connect_manually(connection(tenant.as_str(), "canary-refused-token"), &act)
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidCredentials);
    let linked = gateway
        .connect_manually(connection(tenant.as_str(), PROVIDER_TOKEN), &act)
        .await
        .unwrap();
    let grant = NewGrantRequest {
        tenant_id: tenant.to_string(),
        client_id: created.client.id.to_string(),
        connection_id: linked.id.to_string(),
        permissions: vec![Scope::ReadProfile.to_string()],
        repositories: RequestedRepositories::All,
        expires_at: None,
    };
    gateway.create_grant(grant, &act).await.unwrap();
    let request = TokenRequest {
        grant_type: Some("client_credentials".into()),
        client_id: Some(created.client.id.to_string()),
        client_secret: Some(Secret::from(created.client_secret.expose())),
        ..TokenRequest::default()
    };
    let issued = gateway.issue_token(request, &request_id).await.unwrap();

    let secrets = [
        PROVIDER_TOKEN,
        "canary-refused-token",
        created.client_secret.expose(),
        created.embed_secret.expose(),
        issued.access_token.expose(),
    ]
    .map(str::to_owned);
    assert_eq!(found(folder.path(), &secrets), Vec::<String>::new());
    // The scan finds what is there: the tenant's name is no secret.
    assert!(!found(folder.path(), &["Tenant".to_owned()]).is_empty());

    let (_, tokens) = storage
        .connections()
        .find_with_tokens(&linked.id)
        .await
        .unwrap()
        .unwrap();
    let sealed = tokens.access_token.unwrap();
    let on_disk = |bytes: &[u8]| {
        std::fs::read_dir(folder.path()).unwrap().any(|entry| {
            let file = std::fs::read(entry.unwrap().path()).unwrap();
            file.windows(bytes.len()).any(|window| window == bytes)
        })
    };
    assert!(on_disk(&sealed));
    gateway.disconnect(linked.id.as_str(), &act).await.unwrap();
    storage.close().await.unwrap();
    // sec: CA-3
    assert!(
        !on_disk(&sealed),
        "disconnecting erases even the ciphertext"
    );
    assert_eq!(found(folder.path(), &secrets), Vec::<String>::new());
}
