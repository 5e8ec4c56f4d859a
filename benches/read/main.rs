//! What a unified read costs: finding the token with all that decides about it, beside the bare
//! prepared read of the same row and the SHA-256 of its text; and a page of commits through the
//! whole gateway (SQLite, local provider, firewall, cursor, usage row), beside the provider alone.
//! Behind them, what reads of a remote upstream cost over HTTP, beside nginx: see `http.rs`.

mod http;
#[path = "../support/mod.rs"]
mod support;

use std::{
    hint::black_box,
    path::Path,
    process::{Command, ExitCode},
    sync::Arc,
    time::{Duration, Instant},
};

use gitflare::{
    core::{
        CredentialHash, Limit, PageRequest, Scope, Secret,
        filter::BlockedPaths,
        gateway::{
            AuditContext, Gateway, ManualConnection, NewClientRequest, NewGrantRequest,
            NewTenantRequest, Query, ReadCredential, ReadRequest, RequestedRepositories,
            TokenRequest,
        },
        keys::{KeyRing, MasterKey},
        provider::{Call, Endpoint, Provider, RepoRef},
        storage::{Actor, Storage},
    },
    firewall::FirewallConfig,
    providers::local::Local,
    server::storage::sqlite::SqliteStorage,
};
use sha2::{Digest, Sha256};

/// Enough for several pages of the default size.
const COMMITS: usize = 200;

struct Bed {
    gateway: Gateway,
    storage: Arc<SqliteStorage>,
    local: Arc<Local>,
    token: String,
}

/// A repository with a linear history, written in one stream.
fn repository(folder: &Path) {
    use std::io::Write;
    let path = folder.join("sample");
    let run = |command: &mut Command| assert!(command.status().expect("git runs").success());
    run(Command::new("git")
        .args(["init", "-q", "--bare", "-b", "main"])
        .arg(&path));
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(&path)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stream = import.stdin.take().expect("piped");
    for number in 0..COMMITS {
        let message = format!(
            "Change {number}\n\nSome words about why this was done, as people write them.\n"
        );
        let when = 1_700_000_000 + number;
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {when} +0000\ndata {}\n{message}\
             M 644 inline file.txt\ndata {}\n{number}\n",
            message.len(),
            number.to_string().len(),
        )
        .expect("git reads");
    }
    drop(stream);
    assert!(import.wait().expect("git ends").success());
}

async fn bed(folder: &Path) -> Bed {
    repository(folder);
    let storage = Arc::new(SqliteStorage::at(folder.join("data")).expect("a fresh database"));
    let local = Arc::new(Local::at(folder).expect("the folder is there"));
    let key = MasterKey::new(1, Secret::new((0..32).collect())).expect("32 bytes");
    let gateway = Gateway::builder()
        .shared_storage(storage.clone())
        .providers([local.clone() as Arc<dyn Provider>])
        .firewall(FirewallConfig::default())
        .keys(KeyRing::new(key, Vec::new()))
        .build()
        .await
        .expect("the parts fit");
    let token = token(&gateway).await;
    Bed {
        gateway,
        storage,
        local,
        token,
    }
}

/// A token over everything, made as an admin and a client make one.
async fn token(gateway: &Gateway) -> String {
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::Admin,
        request_id: &request_id,
    };
    let scopes = || {
        Scope::ALL
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let tenant = NewTenantRequest {
        name: "Bench".into(),
        kind: None,
    };
    let tenant_id = gateway
        .create_tenant(tenant, &act)
        .await
        .expect("a tenant")
        .id
        .to_string();
    let client = NewClientRequest {
        tenant_id: tenant_id.clone(),
        owner_user_id: None,
        name: "Bench".into(),
        description: None,
        allowed_redirect_uris: Vec::new(),
        default_permissions: scopes(),
    };
    let created = gateway.create_client(client, &act).await.expect("a client");
    let connection = ManualConnection {
        provider: "local".into(),
        access_token: None,
        tenant_id: Some(tenant_id.clone()),
        api_base_url: None,
        organization: None,
    };
    let connection = gateway
        .connect_manually(connection, &act)
        .await
        .expect("a connection");
    let grant = NewGrantRequest {
        tenant_id,
        client_id: created.client.id.to_string(),
        connection_id: connection.id.to_string(),
        permissions: scopes(),
        repositories: RequestedRepositories::All,
        expires_at: None,
    };
    gateway.create_grant(grant, &act).await.expect("a grant");
    let request = TokenRequest {
        grant_type: Some("client_credentials".into()),
        client_id: Some(created.client.id.to_string()),
        client_secret: Some(Secret::from(created.client_secret.expose())),
        ..TokenRequest::default()
    };
    gateway
        .issue_token(request, &request_id)
        .await
        .expect("a token")
        .access_token
        .expose()
        .to_owned()
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(http::SERVE) {
        return gitflare::server::main_with(std::iter::once(http::SERVE.into()));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let bed = runtime.block_on(bed(folder.path()));
    let mut criterion = support::criterion();
    authenticate(&mut criterion, &runtime, &bed, folder.path());
    read(&mut criterion, &runtime, &bed);
    support::print_ratios("token", "sha256", &["find_access"]);
    support::print_ratios("token", "prepared_read", &["find_access"]);
    support::print_ratios("read", "provider_alone", &["commits"]);
    runtime
        .block_on(bed.storage.close())
        .expect("the storage closes");
    http::print();
    ExitCode::SUCCESS
}

fn authenticate(
    criterion: &mut criterion::Criterion,
    runtime: &tokio::runtime::Runtime,
    bed: &Bed,
    folder: &Path,
) {
    let hash = CredentialHash::of(&bed.token);
    let database =
        rusqlite::Connection::open(folder.join("data/gitflare.sqlite")).expect("the database");
    let mut row = database
        .prepare("SELECT * FROM tokens WHERE hash = ?1")
        .expect("the table");
    let mut group = criterion.benchmark_group("token");
    group.bench_function("sha256", |bencher| {
        bencher.iter(|| Sha256::digest(black_box(bed.token.as_bytes())));
    });
    group.bench_function("prepared_read", |bencher| {
        bencher.iter(|| row.exists([black_box(hash.as_bytes())]).expect("the row"));
    });
    group.bench_function("find_access", |bencher| {
        bencher.iter(|| runtime.block_on(bed.storage.tokens().find_access(black_box(&hash), None)));
    });
    group.finish();
}

fn read(criterion: &mut criterion::Criterion, runtime: &tokio::runtime::Runtime, bed: &Bed) {
    let request = ReadRequest {
        endpoint: Endpoint::Commits,
        credential: ReadCredential::Bearer(Secret::from(bed.token.as_str())),
        provider: Some("local".into()),
        repository: Some("sample".into()),
        item: None,
        query: Query::default(),
        fault: None,
        if_none_match: None,
        method: "GET",
        path: "/v1/repositories/local/sample/commits".into(),
        request_id: bed.gateway.new_request_id(),
    };
    let call = || Call {
        connection_id: gitflare::core::ConnectionId::parse("conn_1").expect("an id"),
        access_token: Secret::from(""),
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(10),
    };
    let repository = RepoRef {
        id: "sample".into(),
        full_name: None,
    };
    let mut group = criterion.benchmark_group("read");
    group.bench_function("provider_alone", |bencher| {
        bencher.iter(|| {
            let page = PageRequest::first(Limit::DEFAULT);
            runtime
                .block_on(bed.local.commits(&call(), &repository, None, page))
                .expect("a page")
        });
    });
    group.bench_function("commits", |bencher| {
        bencher.iter(|| {
            let reply = runtime
                .block_on(bed.gateway.read(request.clone()))
                .expect("a page");
            serde_json::to_vec(reply.data.value()).expect("JSON")
        });
    });
    group.finish();
}
