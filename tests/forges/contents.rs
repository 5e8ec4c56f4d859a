//! Whole files over every host, held against `git cat-file`: what they are, what is withheld, what is
//! never followed or asked for, and what a client that has a file already is answered with.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::forges::{
    mcp::{call, tool_token, with},
    stand::{ADMIN_KEY, Stand},
};

const HOSTS: [&str; 6] = ["github", "gitlab", "bitbucket", "azure", "gitflic", "local"];
const SUBMODULE: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
/// Larger than what is answered of one file.
const TOO_LARGE: usize = 10 * 1024 * 1024 + 1;

fn git(folder: &PathBuf, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@b"),
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@d"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "git {args:?}");
    output.stdout
}

fn line(folder: &PathBuf, args: &[&str], input: &[u8]) -> String {
    let output = git(folder, args, input);
    String::from_utf8(output).unwrap().trim().to_owned()
}

fn password() -> String {
    ["brave", "heron", "4417"].join("-")
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

/// The files of the branch `odd`: path, mode, bytes.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let secret = format!("password = \"{}\"\r\n", password());
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 7\n",
        "4d7a".repeat(16)
    );
    let notebook = json!({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{
            "cell_type": "code", "execution_count": 1, "metadata": {},
            "source": ["import lake\n", secret],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": [secret]}],
        }],
    });
    let mut tar = vec![0; 257];
    tar.extend_from_slice(b"ustar\x0000");
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("plain.txt", "100644", b"one\r\ntwo\n".to_vec()),
        ("tool.sh", "100755", b"#!/bin/sh\n".to_vec()),
        ("empty", "100644", Vec::new()),
        ("secret.ini", "100644", secret.clone().into_bytes()),
        ("wide.ini", "100644", utf16(&secret)),
        ("logo.bin", "100644", b"\x00\x01\x02\xff".to_vec()),
        (
            "leak.bin",
            "100644",
            [b"\x00\x01", secret.as_bytes(), b"\x00"].concat(),
        ),
        (
            "leak-wide.bin",
            "100644",
            [b"\x00", &wide[..], b"\x00\x07"].concat(),
        ),
        ("app.jar", "100644", b"PK\x03\x04\x00\x00secret".to_vec()),
        ("logs.gz", "100644", b"\x1f\x8b\x08\x00".to_vec()),
        ("all.tar", "100644", tar),
        ("notes.txt", "120000", b".env".to_vec()),
        ("read.me", "120000", b"plain.txt".to_vec()),
        ("big.txt", "100644", vec![b'x'; TOO_LARGE]),
        (".env", "100644", secret.clone().into_bytes()),
        (
            "leaky.bin",
            "100644",
            format!("{pointer}{secret}").into_bytes(),
        ),
        ("model.bin", "100644", pointer.into_bytes()),
        ("lake.ipynb", "100644", notebook.to_string().into_bytes()),
        (
            ".gitmodules",
            "100644",
            b"[submodule \"dep\"]\n\tpath = dep\n\turl = https://git.example/dep.git\n".to_vec(),
        ),
    ]
}

/// A stand whose sample repository has the branch `odd`.
async fn stand() -> (Stand, String) {
    let stand = Stand::start(&[]).await;
    let folder = stand.repository();
    let mut tree = format!("160000 commit {SUBMODULE}\tdep\n");
    for (path, mode, bytes) in files() {
        let id = line(&folder, &["hash-object", "-w", "--stdin"], &bytes);
        tree += &format!("{mode} blob {id}\t{path}\n");
    }
    let inner = line(&folder, &["mktree", "--missing"], tree.as_bytes());
    let root = format!("040000 tree {inner}\todd\n{tree}");
    let root = line(&folder, &["mktree", "--missing"], root.as_bytes());
    let commit = line(&folder, &["commit-tree", "-m", "Odd files", &root], b"");
    line(&folder, &["update-ref", "refs/heads/odd", &commit], b"");
    (stand, commit)
}

fn contents(path: &str) -> String {
    format!("/contents?branch=odd&path={}", path.replace('/', "%2F"))
}

async fn file(stand: &Stand, host: &str, path: &str) -> Value {
    let answer = stand.read(host, &contents(path)).await;
    assert_eq!(answer.status, 200, "{host} {path}: {}", answer.body);
    answer.body["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_what_git_says_and_what_must_not_leave_does_not() {
    let (stand, commit) = stand().await;
    let folder = stand.repository();
    let token = tool_token(&stand, None).await;
    for host in HOSTS {
        for (path, ..) in files() {
            let arguments = with(host, &json!({"branch": "odd", "path": path}).to_string());
            let told = call(&stand, &token, "get_file", &arguments).await;
            assert!(!told.to_string().contains(&password()), "{host} {path}");
        }
        for (path, mode, bytes) in files() {
            if path.starts_with('.') || mode == "120000" || path == "big.txt" {
                continue;
            }
            let data = file(&stand, host, path).await;
            let text = data.to_string();
            assert!(!text.contains(&password()), "{host} {path}: {text}");
            assert_eq!(data["commitSha"], commit, "{host} {path}");
            let size = git(&folder, &["cat-file", "-s", &format!("odd:{path}")], b"");
            let size: usize = String::from_utf8(size).unwrap().trim().parse().unwrap();
            assert_eq!(data["size"], size, "{host} {path}");
            assert_eq!(size, bytes.len());
            if !data["sha"].is_null() {
                let id = line(&folder, &["rev-parse", &format!("odd:{path}")], b"");
                assert_eq!(data["sha"], id, "{host} {path}");
            }
            if !data["mode"].is_null() {
                assert_eq!(data["mode"], mode, "{host} {path}");
            }
        }
        let plain = file(&stand, host, "plain.txt").await;
        assert_eq!(plain["content"], "one\r\ntwo\n", "{host}");
        assert_eq!(plain["encoding"], "utf-8", "{host}");
        let deep = file(&stand, host, "odd/plain.txt").await;
        assert_eq!(
            (&deep["path"], &deep["name"]),
            (&json!("odd/plain.txt"), &json!("plain.txt"))
        );
        assert_eq!(file(&stand, host, "empty").await["content"], "", "{host}");
        for (path, encoding) in [("secret.ini", "utf-8"), ("wide.ini", "utf-16le")] {
            let data = file(&stand, host, path).await;
            let content = data["content"].as_str().unwrap();
            assert!(
                content.starts_with("password = \"gf_sha256:"),
                "{host}: {content}"
            );
            assert!(content.ends_with("\"\r\n"), "{host}: {content:?}");
            assert_eq!(data["sourceEncoding"], encoding, "{host}");
            assert_eq!(data["firewall"]["redactedSecrets"], 1, "{host}");
        }
        let logo = file(&stand, host, "logo.bin").await;
        let bytes = BASE64_STANDARD.decode(logo["content"].as_str().unwrap());
        assert_eq!(bytes.unwrap(), b"\x00\x01\x02\xff", "{host}");
        assert_eq!(logo["sourceEncoding"], Value::Null);
        for (path, why) in [
            ("leak.bin", "secret"),
            ("leak-wide.bin", "secret"),
            ("app.jar", "container"),
            ("logs.gz", "container"),
            ("all.tar", "container"),
        ] {
            let data = file(&stand, host, path).await;
            assert_eq!(data["withheld"], why, "{host} {path}");
            assert_eq!(data["content"], Value::Null, "{host} {path}");
        }
        let leaky = file(&stand, host, "leaky.bin").await;
        let content = leaky["content"].as_str().unwrap();
        assert!(
            content.contains("password = \"gf_sha256:"),
            "{host}: {leaky}"
        );
        let notebook = file(&stand, host, "lake.ipynb").await;
        let content = notebook["content"].as_str().unwrap();
        let content: Value = serde_json::from_str(content).unwrap();
        let cell = &content["cells"][0];
        for line in [&cell["source"][1], &cell["outputs"][0]["text"][0]] {
            let line = line.as_str().unwrap();
            assert!(
                line.starts_with("password = \"gf_sha256:"),
                "{host}: {line}"
            );
        }
        let pointer = file(&stand, host, "model.bin").await;
        assert_eq!(pointer["lfs"]["size"], 7, "{host}: {pointer}");
        let big = file(&stand, host, "big.txt").await;
        assert_eq!(big["withheld"], "too_large", "{host}");
        assert_eq!(big["content"], Value::Null, "{host}");
        if host != "gitflic" {
            assert_eq!(big["size"], TOO_LARGE, "{host}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_never_followed_and_tell_no_blocked_path() {
    let (stand, _) = stand().await;
    for host in HOSTS {
        let link = file(&stand, host, "read.me").await;
        if host == "gitflic" {
            // It does not tell links from files; what came is the text of the link.
            assert_eq!(link["content"], "plain.txt");
            continue;
        }
        assert_eq!(link["type"], "symlink", "{host}: {link}");
        assert_eq!(link["target"], "plain.txt", "{host}");
        assert_eq!(link["content"], Value::Null, "{host}");
        let hidden = file(&stand, host, "notes.txt").await;
        assert_eq!(hidden["type"], "symlink", "{host}: {hidden}");
        assert_eq!(hidden["target"], Value::Null, "{host}");
        assert_eq!(hidden["content"], Value::Null, "{host}");
        assert_eq!(hidden["firewall"]["blockedFiles"], 1, "{host}");
        let below = stand.read(host, &contents("read.me/x")).await;
        assert_eq!(below.code(), "RESOURCE_NOT_FOUND", "{host}: {}", below.body);
        let submodule = file(&stand, host, "dep").await;
        assert_eq!(submodule["type"], "submodule", "{host}: {submodule}");
        assert_eq!(submodule["sha"], SUBMODULE, "{host}");
        assert_eq!(submodule["content"], Value::Null, "{host}");
    }
    let own = file(&stand, "local", "dep").await;
    assert_eq!(own["submoduleUrl"], "https://git.example/dep.git");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_path_costs_no_upstream_call_whether_it_exists_or_not() {
    let (stand, _) = stand().await;
    for host in ["github", "gitlab", "bitbucket", "azure", "gitflic"] {
        // The name is resolved before the calls are counted.
        file(&stand, host, "plain.txt").await;
        stand
            .control(host, Method::DELETE, "/__calls", &json!({}))
            .await;
        for path in [".env", "odd/.env", "nowhere/.env", ".env/inner"] {
            let refused = stand.read(host, &contents(path)).await;
            assert_eq!(refused.code(), "ACCESS_BLOCKED_BY_POLICY", "{host} {path}");
        }
        for query in [
            "",
            "?path=",
            "?path=a&path=b",
            "?path=/.env",
            "?path=.env/",
            "?path=a/../.env",
            "?path=.env&ref=a..b",
            "?path=.env&ref=a&branch=b",
        ] {
            let refused = stand.read(host, &format!("/contents{query}")).await;
            assert_eq!(refused.code(), "INVALID_REQUEST", "{host} {query}");
        }
        let calls = stand
            .control(host, Method::GET, "/__calls", &json!({}))
            .await;
        assert_eq!(calls, json!({}), "{host}");
    }
    for host in HOSTS {
        let absent = stand.read(host, &contents("absent.txt")).await;
        assert_eq!(
            absent.code(),
            "RESOURCE_NOT_FOUND",
            "{host}: {}",
            absent.body
        );
        let unknown = stand.read(host, "/contents?path=a&branch=gone").await;
        assert_eq!(
            unknown.code(),
            "RESOURCE_NOT_FOUND",
            "{host}: {}",
            unknown.body
        );
        let folder = stand.read(host, &contents("odd")).await;
        if host != "gitflic" {
            assert_eq!(folder.code(), "INVALID_REQUEST", "{host}: {}", folder.body);
            let message = folder.body["error"]["message"].as_str().unwrap();
            assert!(message.contains("file-tree"), "{host}: {message}");
        }
    }
}

/// A read with a condition.
async fn conditional(
    stand: &Stand,
    host: &str,
    path: &str,
    tag: &str,
) -> (StatusCode, HeaderMap, String) {
    let name = if host == "azure" {
        "acme%2FWeb%20Shop%2Fstorefront"
    } else {
        "acme%2Fstorefront"
    };
    let url = stand.url(&format!("/v1/repositories/{host}/{name}{}", contents(path)));
    let request = stand.client.get(url).bearer_auth(&stand.token);
    let answer = request.header("if-none-match", tag).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

fn etag(headers: &HeaderMap) -> String {
    headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_client_has_is_not_sent_again_until_the_firewall_changes() {
    let (stand, _) = stand().await;
    for host in HOSTS {
        let (status, headers, _) = conditional(&stand, host, "plain.txt", "\"other\"").await;
        assert_eq!(status, 200, "{host}");
        let tag = etag(&headers);
        assert!(tag.starts_with("W/\""), "{host}: {tag}");
        assert_eq!(headers["cache-control"], "private, no-cache", "{host}");
        assert!(
            headers
                .get_all("vary")
                .iter()
                .any(|it| it == "authorization"),
            "{host}"
        );
        assert!(headers.get("last-modified").is_none(), "{host}");
        for sent in [
            tag.clone(),
            tag.trim_start_matches("W/").to_owned(),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            let (status, headers, body) = conditional(&stand, host, "plain.txt", &sent).await;
            assert_eq!((status.as_u16(), body.as_str()), (304, ""), "{host} {sent}");
            assert_eq!(etag(&headers), tag, "{host}");
        }
        let (status, ..) = conditional(&stand, host, ".env", "*").await;
        assert_eq!(status, 403, "{host}: checks come first");
        let (status, ..) = conditional(&stand, host, "absent.txt", "*").await;
        assert_eq!(status, 404, "{host}");
    }
    // Where the object's id comes first, its bytes are not asked for.
    let (_, headers, _) = conditional(&stand, "github", "secret.ini", "\"x\"").await;
    let tag = etag(&headers);
    stand
        .control("github", Method::DELETE, "/__calls", &json!({}))
        .await;
    let (status, ..) = conditional(&stand, "github", "secret.ini", &tag).await;
    assert_eq!(status, 304);
    let calls = stand
        .control("github", Method::GET, "/__calls", &json!({}))
        .await;
    let calls = calls.as_object().unwrap();
    assert!(
        !calls.is_empty() && calls.keys().all(|it| !it.contains("/blobs/")),
        "{calls:?}"
    );

    let change = json!({"blockedFilePatterns": ["*.pem"]});
    let url = stand.url("/v1/security/firewall/config");
    let request = stand.client.post(url).header("x-admin-api-key", ADMIN_KEY);
    assert_eq!(request.json(&change).send().await.unwrap().status(), 200);
    let (status, headers, _) = conditional(&stand, "github", "secret.ini", &tag).await;
    assert_eq!(status, 200, "another firewall may find more");
    assert_ne!(etag(&headers), tag);

    let off = json!({"enabled": false});
    let url = stand.url("/v1/security/firewall/config");
    let request = stand.client.post(url).header("x-admin-api-key", ADMIN_KEY);
    assert_eq!(request.json(&off).send().await.unwrap().status(), 200);
    for path in ["app.jar", "leak.bin", ".env", "notes.txt"] {
        let data = file(&stand, "local", path).await;
        assert_eq!(data["withheld"], Value::Null, "{path}");
    }
    assert_eq!(file(&stand, "local", "notes.txt").await["target"], ".env");
    assert_eq!(
        file(&stand, "local", "big.txt").await["withheld"],
        "too_large"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_says_what_became_a_link_and_tells_no_link_to_a_blocked_path() {
    let stand = Stand::start(&[]).await;
    let folder = stand.repository();
    let blob = |text: &[u8]| line(&folder, &["hash-object", "-w", "--stdin"], text);
    let commit = |entries: &str, parent: &[&str]| {
        let tree = line(&folder, &["mktree"], entries.as_bytes());
        let all = [&["commit-tree", "-m", "Links", &tree], parent].concat();
        line(&folder, &all, b"")
    };
    let (text, link, hidden) = (blob(b"text\n"), blob(b"plain.txt"), blob(b"../.env"));
    let inner = |mode: &str, id: &str| format!("{mode} blob {id}\tkind\n");
    let before = commit(&inner("100644", &text), &[]);
    let folder_of_link = line(
        &folder,
        &["mktree"],
        format!("120000 blob {hidden}\tnotes\n").as_bytes(),
    );
    let after = format!(
        "040000 tree {folder_of_link}\tdocs\n{}",
        inner("120000", &link)
    );
    let after = commit(&after, &["-p", &before]);
    line(&folder, &["update-ref", "refs/heads/links", &after], b"");
    for host in HOSTS {
        let answer = stand.read(host, &format!("/commits/{after}/diff")).await;
        assert_eq!(answer.status, 200, "{host}: {}", answer.body);
        let data = &answer.body["data"];
        let files = data["files"].as_array().unwrap();
        let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
        let kind = file("kind");
        let tells_modes = ["github", "gitlab", "gitflic", "local"].contains(&host);
        if tells_modes {
            assert_eq!(kind["status"], "type_changed", "{host}");
        }
        assert!(!data.to_string().contains("+../.env"), "{host}: {data}");
        assert_eq!(file("docs/notes")["patch"], Value::Null, "{host}");
        if tells_modes {
            assert_eq!(data["firewall"]["blockedFiles"], 1, "{host}: {data}");
            let patch = kind["patch"].as_str().unwrap();
            assert!(
                patch.contains("-text") && patch.contains("+plain.txt"),
                "{host}"
            );
        }
    }
}
