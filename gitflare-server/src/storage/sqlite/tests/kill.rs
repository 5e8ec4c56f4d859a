//! `kill -9` under mixed writes: what was acknowledged is there, and no cascade is half done.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, GrantId, Scopes, SecretId, TenantId,
    TokenId,
    provider::ProviderId,
    storage::{
        Access, AccessToken, Authorization, AuthorizationStatus, Client, ClientSecret,
        ClientStatus, Connection, ConnectionMode, ConnectionStatus, Grant, GrantStatus, IssuedBy,
        NewClient, Repositories, SealedTokens, Storage,
    },
};

use super::{CHILD, NOW, entry, open, tenant};

fn hash(number: usize) -> CredentialHash {
    CredentialHash::of(&number.to_string())
}

fn tenant_id(number: usize) -> TenantId {
    tenant(number, "x").id
}

fn client_id(number: usize) -> ClientId {
    ClientId::parse(&format!("client_{number}")).unwrap()
}

fn connection_id(number: usize) -> ConnectionId {
    ConnectionId::parse(&format!("conn_{number}")).unwrap()
}

fn authorization_id(number: usize) -> AuthorizationId {
    AuthorizationId::parse(&format!("authz_{number}")).unwrap()
}

fn client(number: usize) -> NewClient {
    NewClient {
        client: Client {
            id: client_id(number),
            tenant_id: tenant_id(number),
            owner_user_id: None,
            name: "App".into(),
            description: None,
            public_id: None,
            allowed_redirect_uris: Vec::new(),
            default_permissions: Scopes::all(),
            require_pkce: false,
            require_signed_customer_ref: false,
            allowed_embed_origins: Vec::new(),
            secrets: vec![ClientSecret {
                id: SecretId::parse(&format!("secret_{number}")).unwrap(),
                created_at: NOW,
                last_used_at: None,
            }],
            status: ClientStatus::Active,
            created_at: NOW,
            updated_at: NOW,
        },
        secret_hash: hash(number),
        sealed_embed_secret: vec![1],
    }
}

fn connection(number: usize) -> Connection {
    Connection {
        id: connection_id(number),
        tenant_id: Some(tenant_id(number)),
        provider: ProviderId::LOCAL,
        login: None,
        account_id: "1".into(),
        display_name: None,
        avatar_url: None,
        scopes: Vec::new(),
        mode: ConnectionMode::Manual,
        status: ConnectionStatus::Active,
        created_at: NOW,
        last_used_at: None,
        api_base_url: None,
        organization: None,
        reconnect_cause: None,
    }
}

fn approval(number: usize) -> (Authorization, Grant) {
    let authorization = Authorization {
        id: authorization_id(number),
        tenant_id: tenant_id(number),
        client_id: client_id(number),
        status: AuthorizationStatus::Active,
        permissions: Scopes::all(),
        created_at: NOW,
    };
    let grant = Grant {
        id: GrantId::parse(&format!("grant_{number}")).unwrap(),
        authorization_id: authorization.id.clone(),
        tenant_id: tenant_id(number),
        client_id: client_id(number),
        connection_id: connection_id(number),
        permissions: Scopes::all(),
        repositories: Repositories::All,
        status: GrantStatus::Active,
        created_at: NOW,
        revoked_at: None,
        expires_at: None,
    };
    (authorization, grant)
}

fn token(number: usize) -> AccessToken {
    AccessToken {
        id: TokenId::parse(&format!("atk_{number}")).unwrap(),
        tenant_id: tenant_id(number),
        client_id: client_id(number),
        authorization_id: Some(authorization_id(number)),
        issued_by: IssuedBy::ClientCredentials,
        permissions: Scopes::all(),
        connection_ids: vec![connection_id(number)],
        created_at: NOW,
        expires_at: NOW,
        revoked_at: None,
        last_used_at: None,
    }
}

/// Makes a tenant, a client, a connection, a grant and a token, says so, and ends every third.
async fn work(storage: &dyn Storage, number: usize) {
    let audit = |step| entry(number * 10 + step);
    let tenants = storage.tenants();
    tenants.insert(tenant(number, "x"), audit(0)).await.unwrap();
    let clients = storage.clients();
    clients.insert(client(number), audit(1)).await.unwrap();
    let tokens = SealedTokens::default();
    let connections = storage.connections();
    connections
        .insert(connection(number), tokens, audit(2))
        .await
        .unwrap();
    let (authorization, grant) = approval(number);
    let grants = storage.authorizations();
    grants
        .insert_grant(authorization, grant, audit(3))
        .await
        .unwrap();
    let tokens = storage.tokens();
    tokens
        .insert(token(number), hash(number), audit(4))
        .await
        .unwrap();
    println!("made {number}");
    let ended = match number % 6 {
        0 => clients.delete(&client_id(number), NOW, audit(5)).await,
        3 => {
            grants
                .revoke(&authorization_id(number), NOW, audit(5))
                .await
        }
        _ => return,
    };
    assert!(ended.unwrap());
    println!("ended {number}");
}

async fn child(dir: &Path, first: usize) {
    let storage: Arc<dyn Storage> = Arc::new(open(dir, None).unwrap());
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move {
                for number in (first + worker..).step_by(4) {
                    work(&*storage, number).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

/// Whether an access ended; panics when it ended by halves.
fn has_ended(access: &Access, number: usize) -> bool {
    let facts = [
        access.token.revoked_at.is_some(),
        access.authorization == Some(AuthorizationStatus::Revoked),
        access.shares.is_empty(),
    ];
    assert!(
        facts.iter().all(|fact| *fact == facts[0]),
        "{number}: {facts:?}"
    );
    assert!(access.client_is_active || facts[0], "{number}");
    facts[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_acknowledged_write() {
    // sec: DU-2
    if let Some(child_of) = env::var_os(CHILD) {
        let child_of = child_of.into_string().unwrap();
        let (first, dir) = child_of.split_once(':').unwrap();
        return child(Path::new(dir), first.parse().unwrap()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("data");
    let rounds = if env::var_os("CI_DRILLS").is_some() {
        100
    } else {
        10
    };
    let (mut made, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..rounds {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("storage::sqlite::tests::kill::a_kill_loses_no_acknowledged_write")
            .env(CHILD, format!("{}:{}", 1 + round * 10_000, dir.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut note = |line: &str| match line.split_once(' ') {
            Some(("made", number)) => made.insert(number.parse::<usize>().unwrap()),
            Some(("ended", number)) => ended.insert(number.parse::<usize>().unwrap()),
            _ => false,
        };
        // Killed at another point of the work each time.
        for line in lines.by_ref().take(5 + round % 17) {
            note(&line.unwrap());
        }
        process.kill().unwrap();
        process.wait().unwrap();
        for line in lines {
            note(&line.unwrap());
        }

        let storage = open(&dir, None).unwrap();
        let sound = storage.read(|connection| {
            connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        });
        assert_eq!(sound.unwrap(), "ok");
        let tokens = Storage::tokens(&storage);
        for &number in &made {
            let access = tokens.find_access(&hash(number), None).await.unwrap();
            let access = access.unwrap_or_else(|| panic!("{number} is lost"));
            let has_ended = has_ended(&access, number);
            assert!(has_ended || !ended.contains(&number), "{number} revived");
            assert!(!has_ended || number % 3 == 0, "{number} ended by itself");
        }
        storage.close().await.unwrap();
    }
    assert!(made.len() >= rounds && !ended.is_empty());
}
