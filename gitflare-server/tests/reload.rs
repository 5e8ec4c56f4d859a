//! `SIGHUP`: a running server follows its file of settings, all or nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{os::unix::fs::OpenOptionsExt, path::Path};

use super::process::{Serving, answer};

const FIRST: &str = "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T";
const SECOND: &str = "m3QhT8yVfB6nKj1ZrWc5XpGs9LdAe2Ru";

/// Writes the settings as their owner alone may read them.
fn write(folder: &Path, lines: &[&str]) {
    use std::io::Write;
    let path = folder.join("gitflare.toml");
    let _ = std::fs::remove_file(&path);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path);
    let file = file.as_mut().unwrap();
    file.write_all(lines.join("\n").as_bytes()).unwrap();
}

/// The status of a request with an admin key.
fn admin_status(serving: &Serving, key: &str) -> String {
    let request = format!(
        "GET /v1/platform/tenants HTTP/1.1\r\nhost: {}\r\nx-admin-api-key: {key}\r\nconnection: close\r\n\r\n",
        serving.address
    );
    let answer = answer(serving.address, &request).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// The status of a client that registers itself.
fn registration_status(serving: &Serving) -> String {
    let body = r#"{"redirect_uris":["http://localhost/callback"]}"#;
    let request = format!(
        "POST /oauth/register HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        serving.address,
        body.len()
    );
    let answer = answer(serving.address, &request).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// Whether accounts can be linked at GitLab.
fn links_gitlab(serving: &Serving) -> bool {
    let request = format!(
        "GET /v1/auth/gitlab/start HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        serving.address
    );
    let answer = answer(serving.address, &request).unwrap();
    answer.starts_with("HTTP/1.1 200 ")
}

#[test]
fn a_hang_up_reloads_all_or_nothing() {
    // sec: IN-4
    let folder = tempfile::tempdir().unwrap();
    let first = format!("admin_api_key = \"{FIRST}\"");
    let second = format!("admin_api_key = \"{SECOND}\"");
    let gitlab = [
        "gitlab_client_id = \"id\"",
        "gitlab_client_secret = \"a-secret-of-ours\"",
    ];
    write(folder.path(), &[&first]);
    let mut serving = Serving::start(folder.path(), &[]);
    assert_eq!(admin_status(&serving, FIRST), "200");
    assert!(!links_gitlab(&serving));

    write(
        folder.path(),
        &[
            &second,
            gitlab[0],
            gitlab[1],
            "token_ttl_seconds = 600",
            "testapp = true",
        ],
    );
    serving.hang_up();
    let told = serving.log_line("configuration reloaded");
    for name in [
        "SGG_ADMIN_API_KEY",
        "GITFLARE_GITLAB_CLIENT_SECRET",
        "GITFLARE_TOKEN_TTL_SECONDS",
    ] {
        assert!(told.contains(name), "{told}");
    }
    let later = serving.log_line("count from the next start on");
    assert!(later.contains("GITFLARE_TESTAPP"), "{later}");
    assert_eq!(admin_status(&serving, FIRST), "401");
    assert_eq!(admin_status(&serving, SECOND), "200");
    assert!(links_gitlab(&serving));

    // Without its secret the client is half registered: nothing of this file counts.
    write(folder.path(), &[&first, gitlab[0], "log = \"error\""]);
    serving.hang_up();
    let refused = serving.log_line("configuration not reloaded");
    assert!(
        refused.contains("GITFLARE_GITLAB_CLIENT_SECRET"),
        "{refused}"
    );
    assert_eq!(admin_status(&serving, FIRST), "401");
    assert_eq!(admin_status(&serving, SECOND), "200");
    assert!(links_gitlab(&serving));

    // A file that is gone takes nothing back.
    let (here, away) = (
        folder.path().join("gitflare.toml"),
        folder.path().join("away"),
    );
    std::fs::rename(&here, &away).unwrap();
    serving.hang_up();
    let gone = serving.log_line("configuration not reloaded");
    assert!(gone.contains("gitflare.toml is gone"), "{gone}");
    assert!(links_gitlab(&serving));

    write(folder.path(), &[&second, "log = \"error\""]);
    serving.hang_up();
    while links_gitlab(&serving) {
        std::thread::yield_now();
    }
    let (out, log) = serving.stop();
    assert!(
        !log.contains("stopped"),
        "the log is as quiet as asked: {log}"
    );
    for text in [out, told, later, refused, log] {
        for secret in [FIRST, SECOND, "a-secret-of-ours"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn what_is_taken_out_of_the_settings_is_out_at_once() {
    // sec: IN-4, MC-3
    let folder = tempfile::tempdir().unwrap();
    let first = format!("admin_api_key = \"{FIRST}\"");
    write(folder.path(), &[&first, "mcp_clients = [\"dynamic\"]"]);
    let mut serving = Serving::start(folder.path(), &[]);
    assert_eq!(admin_status(&serving, FIRST), "200");
    assert_eq!(registration_status(&serving), "201");

    write(folder.path(), &[]);
    serving.hang_up();
    let told = serving.log_line("configuration reloaded");
    for name in ["SGG_ADMIN_API_KEY", "GITFLARE_MCP_CLIENTS"] {
        assert!(told.contains(name), "{told}");
    }
    assert_eq!(admin_status(&serving, FIRST), "401");
    assert_eq!(registration_status(&serving), "404");

    write(folder.path(), &[&format!("admin_api_key = \"{SECOND}\"")]);
    serving.hang_up();
    serving.log_line("configuration reloaded");
    assert_eq!(admin_status(&serving, FIRST), "401");
    assert_eq!(admin_status(&serving, SECOND), "200");
}
