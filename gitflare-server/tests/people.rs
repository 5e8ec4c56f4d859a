//! `gitflare user ...` beside a server whose sign-up is closed.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose process cannot run has failed"
)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
};

use super::process::{Serving, gitflare};

const FLAGS: [&str; 4] = [
    "--data-dir",
    "data",
    "--panel-url",
    "https://git.example.com",
];

fn user(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = gitflare(folder);
    let output = command
        .arg("user")
        .args(words)
        .args(FLAGS)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// A request as JSON: the status, and the answer.
fn post(address: SocketAddr, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

#[test]
fn an_operator_makes_resets_and_disables_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = user(folder.path(), &["list"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no database"), "{said}");
    let serving = Serving::start(
        folder.path(),
        &["--panel-url", "https://git.example.com", "--log=warn"],
    );
    let credentials = |invitation: &str| {
        format!(
            r#"{{"email":"ada@mail.example","password":"a password of some length","invitation":"{invitation}"}}"#
        )
    };
    let sign_up = |invitation: &str| post(serving.address, "/app/signup", &credentials(invitation));
    let sign_in = || post(serving.address, "/app/login", &credentials(""));
    let (status, answer) = sign_up("");
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("ACCESS_BLOCKED_BY_POLICY"), "{answer}");

    let (code, said) = user(folder.path(), &["create", "nobody"]);
    assert_eq!(
        (code, said.contains("e-mail address")),
        (Some(1), true),
        "{said}"
    );
    let (code, said) = user(folder.path(), &["create", "Ada@mail.example"]);
    assert_eq!(code, Some(0), "{said}");
    let link = said.lines().last().unwrap();
    let text = link
        .strip_prefix("https://git.example.com/app/signup?invitation=")
        .unwrap();
    let (status, answer) = sign_up(text);
    assert_eq!(status, 201, "{answer}");
    let (code, said) = user(folder.path(), &["create", "ada@mail.example"]);
    assert_eq!(
        (code, said.contains("has an account")),
        (Some(1), true),
        "{said}"
    );

    let (_, said) = user(folder.path(), &["list"]);
    assert!(
        said.contains("active") && said.contains("ada@mail.example"),
        "{said}"
    );
    assert!(!said.contains("argon2"), "{said}");
    assert_eq!(
        user(folder.path(), &["disable", "ada@mail.example"]).0,
        Some(0)
    );
    assert_eq!(sign_in().0, 401);
    let (_, said) = user(folder.path(), &["list"]);
    assert!(said.contains("disabled"), "{said}");
    let (code, said) = user(folder.path(), &["reset", "ada@mail.example"]);
    assert_eq!(
        (code, said.contains("is disabled")),
        (Some(1), true),
        "{said}"
    );
    assert_eq!(
        user(folder.path(), &["enable", "ada@mail.example"]).0,
        Some(0)
    );
    let token = || {
        let (status, opened) = sign_in();
        assert_eq!(status, 200);
        let token = opened.split("\"sessionToken\":\"").nth(1).unwrap();
        token.split('"').next().unwrap().to_owned()
    };
    let own = |token: &str| {
        let request = format!(
            "GET /v1/account/sessions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n",
            serving.address
        );
        super::process::answer(serving.address, &request).unwrap()
    };
    let first = token();
    assert!(own(&first).starts_with("HTTP/1.1 200 "), "{}", own(&first));
    an_operator_sees_and_ends_sessions(folder.path(), &token, &|| own(&first));
    let second = token();
    let (code, said) = user(folder.path(), &["sign-out", "ada@mail.example"]);
    assert_eq!(
        (code, said.contains("signed out")),
        (Some(0), true),
        "{said}"
    );
    assert!(
        own(&second).starts_with("HTTP/1.1 401 "),
        "{}",
        own(&second)
    );
    assert_eq!(sign_in().0, 200);
    let (code, said) = user(folder.path(), &["reset", "ada@mail.example"]);
    assert_eq!(
        (code, said.contains("/app/reset?link=")),
        (Some(0), true),
        "{said}"
    );
    let (code, said) = user(folder.path(), &["disable", "eve@mail.example"]);
    assert_eq!(
        (code, said.contains("nobody has an account")),
        (Some(1), true),
        "{said}"
    );
    let (out, _) = serving.stop();
    assert!(
        out.contains("gitflare user create EMAIL") && !out.contains("invitation="),
        "{out}"
    );
}

/// Ends one session of Ada's after the other, but for the one that `own` asks with.
fn an_operator_sees_and_ends_sessions(
    folder: &Path,
    sign_in: &dyn Fn() -> String,
    own: &dyn Fn() -> String,
) {
    let of = |words: &[&str]| user(folder, &[&["sessions", "ada@mail.example"], words].concat());
    let ids = |said: &str| -> Vec<String> {
        let lines = said.lines().filter(|line| line.contains("  since "));
        lines
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let before = ids(&of(&[]).1);
    let token = sign_in();
    let (code, said) = of(&[]);
    assert_eq!(code, Some(0), "{said}");
    let now = ids(&said);
    assert_eq!(now.len(), before.len() + 1, "{said}");
    assert!(!said.contains(&token), "{said}");
    let (code, said) = of(&["--end", &now[0]]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "1 session of ada@mail.example ended.\n")
    );
    assert_eq!(ids(&of(&[]).1), before);
    let (code, said) = of(&["--end", &now[0]]);
    assert_eq!(
        (code, said.contains("no such session")),
        (Some(1), true),
        "{said}"
    );
    let (code, said) = of(&["--end", &now[0], "--end-all"]);
    assert_eq!((code, said.contains("not both")), (Some(1), true), "{said}");
    assert!(own().starts_with("HTTP/1.1 200 "), "{}", own());
    sign_in();
    let (code, said) = of(&["--end-all"]);
    assert_eq!(
        (code, said.contains("sessions of ada@mail.example ended")),
        (Some(0), true)
    );
    assert_eq!(of(&[]).1, "ada@mail.example is signed in nowhere.\n");
    assert!(own().starts_with("HTTP/1.1 401 "), "{}", own());
}
