//! Secrets that are planted everywhere they can be sent, and those that the gateway and a provider
//! make: none of them stands in a log at its most talkative, in an answer that is an error, or on
//! disk in clear, after a run that succeeds, fails and is killed.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::support::walk::{self, JSON, get, send};
use crate::support::{ADMIN_KEY, Gitflare};
use gitflare_server::sandbox::{Forge, ForgeKind, ForgeOptions, sample};
use serde_json::{Value, json};

const EMAIL: &str = "canary-person@mail.example";
const PASSWORD: &str = "canary password 1e7d1b0c";
/// Sent where they do not belong, each a name that nothing else has.
const PLANTED: &[&str] = &[
    PASSWORD,
    "canary+password+1e7d1b0c",
    "canary-wrong-password",
    "canary-query",
    "canary-cookie",
    "canary-state",
    "canary-code",
    "canary-verifier",
    "canary-secret",
    "canary-cursor",
    "canary-header",
    "canary-provider-words",
    "canary-path",
    ADMIN_KEY,
];
/// How the provider's tokens begin.
const PROVIDER_TOKENS: &[&str] = &["ghu_", "ghr_"];

/// Every file below a folder.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, into),
            false => into.push(path),
        }
    }
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_told_or_stored_in_clear() {
    // sec: LG-1, PC-7, KY-1, IN-2, CS-9
    let folder = tempfile::tempdir().unwrap();
    let repositories = folder.path().join("repositories");
    fs::create_dir(&repositories).unwrap();
    sample::write(&repositories).unwrap();
    let options = ForgeOptions {
        roots: vec![repositories],
        github_app: true,
        ..ForgeOptions::default()
    };
    let forge = Forge::start(ForgeKind::Github, &options).await.unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let settings = [
        ("GITFLARE_DEV", "true".to_owned()),
        ("ENFORCE_PLATFORM_AUTH", "false".to_owned()),
        ("GITFLARE_GITHUB_API_URL", forge.api_url()),
        ("GITFLARE_GITHUB_CLIENT_ID", forge.client_id().to_owned()),
        (
            "GITFLARE_GITHUB_CLIENT_SECRET",
            forge.client_secret().to_owned(),
        ),
        ("GITFLARE_GITHUB_APP_SLUG", "gitflare".to_owned()),
        (
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
            forge.address().to_string(),
        ),
        ("GITFLARE_LOG", "trace".to_owned()),
    ];
    let start = || {
        let log = fs::File::options().create(true).append(true).open(&log);
        Gitflare::start_logging(&data, &settings, Stdio::from(log.unwrap()))
    };
    let mut made = vec![forge.client_secret().to_owned()];
    tokio::task::block_in_place(|| {
        let server = start();
        made.extend(succeed(&server, &forge));
        fail(&server, &made);
        server.kill();
        // What was in flight is looked at again by the next one.
        let again = start();
        fail(&again, &made);
        again.kill();
    });
    let told = fs::read(&log).unwrap();
    assert!(
        contains(&told, "/v1/auth/:provider/callback"),
        "the log says nothing"
    );
    for secret in PLANTED
        .iter()
        .copied()
        .chain(made.iter().map(String::as_str))
    {
        assert!(!contains(&told, secret), "{secret} is in the log");
    }
    for prefix in PROVIDER_TOKENS {
        assert!(!contains(&told, prefix), "a token {prefix} is in the log");
    }
    assert!(!contains(&told, EMAIL), "an address is in the log");
    let mut stored = Vec::new();
    files(&data, &mut stored);
    assert!(!stored.is_empty());
    for path in stored {
        let bytes = fs::read(&path).unwrap();
        for secret in PLANTED
            .iter()
            .copied()
            .chain(made.iter().map(String::as_str))
        {
            assert!(
                !contains(&bytes, secret),
                "{secret} is in {}",
                path.display()
            );
        }
        for prefix in PROVIDER_TOKENS {
            assert!(
                !contains(&bytes, prefix),
                "a token {prefix} is in {}",
                path.display()
            );
        }
    }
    println!("{} bytes of log", told.len());
}

/// Everything goes well; the secrets that were made on the way.
fn succeed(server: &Gitflare, forge: &Forge) -> Vec<String> {
    let at = server.address();
    let (bearer, session) = walk::sign_up(at, EMAIL, PASSWORD);
    let linked = walk::link(at, forge, &bearer);
    let mut made = linked.secrets;
    made.push(session);
    let app = json!({
        "name": "App",
        "allowedRedirectUris": ["https://app.example/callback"],
        "defaultPermissions": ["read:profile"],
    });
    let app = send(
        at,
        "POST",
        "/v1/developer/apps",
        &[JSON, &bearer],
        &app.to_string(),
    )
    .json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    made.extend([text(&app["clientSecret"]), text(&app["embedSecret"])]);
    let id = text(&linked.connection["id"]);
    let read = |target: &str| get(at, target, &[&format!("x-connection-id: {id}")]);
    assert_eq!(read("/v1/me").status, 200);
    send(forge.address(), "POST", "/__expire", &[], "");
    assert_eq!(read("/v1/me").status, 200, "after a refresh");
    let page = read("/v1/repositories?provider=github&limit=1").json();
    made.push(text(&page["page_info"]["next_cursor"]));
    made
}

/// Everything goes wrong; no answer says what was sent.
fn fail(server: &Gitflare, made: &[String]) {
    let at = server.address();
    let wrong = json!({"email": EMAIL, "password": "canary-wrong-password"}).to_string();
    let grant = json!({
        "grant_type": "authorization_code",
        "client_id": "client_canary-query",
        "client_secret": "canary-secret",
        "code": "canary-code",
        "code_verifier": "canary-verifier",
        "redirect_uri": "https://app.example/canary-query",
    })
    .to_string();
    let session = format!("authorization: Bearer {}", made[4]);
    let form = "content-type: application/x-www-form-urlencoded";
    let fields =
        "grant_type=canary-code&client_secret=canary-secret&password=canary+password+1e7d1b0c";
    for (method, target, headers, body) in [
        ("POST", "/app/login", vec![JSON], &*wrong),
        ("POST", "/oauth/token", vec![JSON], &grant),
        ("POST", "/oauth/token", vec![form], fields),
        ("POST", "/app/login", vec![form], fields),
        (
            "GET",
            "/v1/repositories?cursor=canary-cursor&access_token=canary-query",
            vec![&*session],
            "",
        ),
        (
            "GET",
            "/v1/repositories",
            vec!["authorization: Bearer canary-header"],
            "",
        ),
        (
            "GET",
            "/v1/repositories",
            vec!["authorization: Basic canary-header"],
            "",
        ),
        (
            "GET",
            "/v1/repositories",
            vec!["cookie: gitflare_session=canary-cookie"],
            "",
        ),
        (
            "GET",
            "/v1/platform/tenants",
            vec!["x-admin-api-key: canary-header"],
            "",
        ),
        (
            "GET",
            "/v1/auth/github/callback?code=canary-code&state=canary-state",
            vec![],
            "",
        ),
        (
            "GET",
            "/v1/auth/github/callback?error=access_denied&error_description=canary-provider-words&state=canary-state",
            vec![],
            "",
        ),
        (
            "GET",
            "/oauth/authorize?client_id=canary-query&state=canary-state",
            vec![],
            "",
        ),
        ("GET", "/v1/canary-path?token=canary-query", vec![], ""),
        (
            "POST",
            "/v1/auth/complete",
            vec![JSON, &session],
            r#"{"flowId": "canary-query", "completionCode": "canary-code"}"#,
        ),
        (
            "POST",
            "/v1/developer/apps",
            vec![JSON, &session],
            r#"{"name": "canary-query", "clientSecret": "canary-secret"}"#,
        ),
    ] {
        let answer = send(at, method, target, &headers, body);
        assert!(answer.status >= 400, "{target}: {}", answer.status);
        for secret in PLANTED
            .iter()
            .copied()
            .chain(made.iter().map(String::as_str))
        {
            assert!(!answer.body.contains(secret), "{target}: {}", answer.body);
        }
    }
}
