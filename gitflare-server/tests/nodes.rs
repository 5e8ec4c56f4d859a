//! Several nodes over one PostgreSQL database: what one decides, all hold to, one with other keys does
//! not start, and a data folder of SQLite moves there whole. What breaks around them is in `drills`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::support::{
    ADMIN_KEY, Gitflare,
    cluster::Cluster,
    load::{tenants, wait_for},
    site::{MASTER_KEY, Site},
};

const OTHER_KEY: &str = "1:891badb8ab14735bcfb7b768dff3a8098f1bdffbb1f0157926579d01ebe0155e";

/// An app of the developer's own tenant; its id and its secret.
fn app(server: &Gitflare) -> (String, String) {
    let body = json!({"name": "Developer"});
    let created = server.admin("POST", "/v1/platform/tenants", Some(&body));
    let tenant = created.unwrap().expect(201)["tenant"]["id"].clone();
    let body = json!({
        "tenantId": tenant, "name": "App", "allowedRedirectUris": [],
        "defaultPermissions": ["read:repositories", "read:branches"]
    });
    let created = server.admin("POST", "/v1/platform/clients", Some(&body));
    let created = created.unwrap().expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&created["client"]["id"]),
        text(&created["clientSecret"]),
    )
}

/// A token of an app; its id and its text.
fn token(server: &Gitflare, (client, secret): &(String, String)) -> Option<(String, String)> {
    let body = json!({
        "grant_type": "client_credentials", "client_id": client, "client_secret": secret
    });
    let answer = server.send("POST", "/oauth/token", &[], Some(&body))?;
    if answer.status != 200 {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((text(&answer.body["id"]), text(&answer.body["access_token"])))
}

/// The status of a read with a token; `None` without a whole answer.
fn read(server: &Gitflare, token: &str) -> Option<u16> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = server.send(
        "GET",
        "/v1/repositories/local/sample/branches",
        &headers,
        None,
    );
    Some(answer?.status)
}

#[test]
fn what_one_node_decides_all_hold_to() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let (one, other) = (site.node(0), site.node(1));
    let app = app(&one);
    let (id, text) = token(&one, &app).unwrap();
    assert_ne!(read(&other, &text), Some(401));
    let revoked = one.admin("DELETE", &format!("/v1/platform/tokens/{id}"), None);
    revoked.unwrap().expect(204);
    assert_eq!(
        read(&other, &text),
        Some(401),
        "the next request of every node"
    );

    let (_, text) = token(&other, &app).unwrap();
    let apps = other.admin("GET", "/v1/platform/clients", None);
    let apps = apps.unwrap().expect(200);
    let is_ours = |row: &&Value| row["id"] == *app.0;
    let ours = apps["data"].as_array().unwrap().iter().find(is_ours);
    let tenant = ours.unwrap()["tenantId"].as_str().unwrap();
    let path = format!("/v1/platform/tenants/{tenant}");
    let deleted = other.admin("DELETE", &path, None).unwrap();
    assert!(deleted.status < 300, "{}", deleted.body);
    assert_eq!(read(&one, &text), Some(401));

    let path = "/v1/security/firewall/config";
    let body = json!({"blockedFilePatterns": ["secret/**"]});
    let changed = one.admin("POST", path, Some(&body)).unwrap();
    assert_eq!(changed.status, 200, "{}", changed.body);
    wait_for("the firewall of the other node", || {
        let shown = other.admin("GET", path, None).unwrap().expect(200);
        shown.to_string().contains("secret/**")
    });
}

pub(crate) fn gitflare(arguments: &[&str], data: &Path, settings: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gitflare"))
        .args(arguments)
        .env_clear()
        .env("GITFLARE_LISTEN", "127.0.0.1:0")
        .env("GITFLARE_DATA_DIR", data)
        .env("GITFLARE_LOG", "error")
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn a_node_with_other_keys_does_not_start() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    drop(site.node(0));
    let another_admin_key = "another-admin-key-of-more-than-32-characters";
    for (master, admin, said) in [
        (OTHER_KEY, ADMIN_KEY, "GITFLARE_MASTER_KEY"),
        (MASTER_KEY, another_admin_key, "SGG_ADMIN_API_KEY"),
    ] {
        let settings = [
            ("GITFLARE_DATABASE_URL", site.url.as_str()),
            ("GITFLARE_MASTER_KEY", master),
            ("SGG_ADMIN_API_KEY", admin),
        ];
        let output = gitflare(&["serve"], &site.data(1), &settings);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn commands_of_the_data_folder_name_the_tools_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [(
        "GITFLARE_DATABASE_URL",
        "postgres://user:hunter2@127.0.0.1/x",
    )];
    for (command, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let output = gitflare(&[command, "/nowhere/file"], folder.path(), &settings);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains(tool) && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn a_data_folder_moves_whole_and_its_tokens_go_on() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let data = site.data(0);
    let local = [
        ("GITFLARE_MASTER_KEY", MASTER_KEY.to_owned()),
        (
            "GITFLARE_LOCAL_ROOT",
            site.root.to_str().unwrap().to_owned(),
        ),
    ];
    let old = Gitflare::start_with(&data, &local);
    let app = app(&old);
    let (_, text) = token(&old, &app).unwrap();
    let before = read(&old, &text).unwrap();
    for _ in 0..20 {
        assert_eq!(read(&old, &text), Some(before));
    }
    let customers = tenants(old.address());
    drop(old);
    let from = format!("sqlite:{}", data.display());
    let to = [("GITFLARE_DATABASE_URL", site.url.as_str())];
    // Again: what is there is compared, and nothing is written twice.
    for _ in 0..2 {
        let output = gitflare(&["migrate", "--from", &from], &data, &to);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{error}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("21 rows of the usage log"), "{said}");
    }
    // The log reads the same in both places.
    let export = |more: &[&str], database: &[(&str, &str)]| {
        let output = gitflare(&[&["usage", "export"], more].concat(), &data, database);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{error}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let rows = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        rows.collect::<Vec<Value>>()
    };
    let rows = export(&[], &[]);
    assert_eq!(rows.len(), 21);
    assert!(rows.is_sorted_by_key(|row| row["at"].as_str().unwrap()));
    assert!(
        rows.iter()
            .all(|row| row["endpointKey"] == rows[0]["endpointKey"] && row["status"] == before)
    );
    assert_eq!(export(&[], &to), rows);
    let since = rows[20]["at"].as_str().unwrap();
    let newest = export(&["--from", since], &to);
    assert!(
        newest.len() < 21 && newest.last() == rows.last(),
        "{newest:?}"
    );
    assert_eq!(
        export(&["--to", "2020-01-01T00:00:00Z"], &[]),
        Vec::<Value>::new()
    );
    let refused = gitflare(&["usage", "export", "--from", "yesterday"], &data, &[]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("--from must be a time such as"), "{error}");
    let new = site.node(1);
    assert_eq!(tenants(new.address()), customers);
    assert_eq!(
        read(&new, &text),
        Some(before),
        "the old token is a token of the new database"
    );
    // A database that holds something else is refused.
    token(&new, &app).unwrap();
    drop(new);
    let output = gitflare(&["migrate", "--from", &from], &data, &to);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("empty database"), "{error}");
}
