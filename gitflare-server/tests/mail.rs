//! A new password by mail, with a mail server that listens on this machine: who gets one, what it
//! says, that it works once, and that no line of the log names either.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Stdio,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use crate::support::{
    Gitflare,
    walk::{FORM, JSON, get, send, sign_up},
};

const EMAIL: &str = "ada@mail.example";
const PASSWORD: &str = "several unrelated words";

/// One conversation of a mail server; the mails that it has taken go to `taken`.
fn converse(stream: TcpStream, taken: &Sender<(String, String)>) -> std::io::Result<()> {
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    answers.write_all(b"220 mail.example ESMTP\r\n")?;
    let mut to = String::new();
    while let Some(line) = lines.next() {
        let line = line?;
        let word = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" => b"250-mail.example\r\n250 8BITMIME\r\n",
            "RCPT" => {
                to = line;
                b"250 OK\r\n"
            }
            "DATA" => {
                answers.write_all(b"354 Go on\r\n")?;
                let mut text = String::new();
                for line in lines.by_ref() {
                    match line?.as_str() {
                        "." => break,
                        line => text += &format!("{line}\n"),
                    }
                }
                let _ = taken.send((to.clone(), text));
                b"250 Taken\r\n"
            }
            "QUIT" => return answers.write_all(b"221 Bye\r\n"),
            _ => b"250 OK\r\n",
        };
        answers.write_all(answer)?;
    }
    Ok(())
}

fn mail_server() -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (taken, mails) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = converse(stream, &taken);
        }
    });
    (at, mails)
}

/// A page without what differs from one request to the next.
fn plain(page: &str, email: &str) -> String {
    page.replace(email, "EMAIL")
        .replace(&email.replace('@', "%40"), "EMAIL")
}

#[test]
fn a_forgotten_password_is_replaced_by_mail_once() {
    // sec: PW-3, LG-1
    let (smtp, mails) = mail_server();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let settings = [
        ("GITFLARE_SMTP_URL", format!("smtp://{smtp}")),
        ("GITFLARE_SMTP_FROM", "gitflare@mail.example".to_owned()),
        ("GITFLARE_LOG", "trace".to_owned()),
    ];
    let file = fs::File::create(&log).unwrap();
    let server = Gitflare::start_logging(&folder.path().join("data"), &settings, Stdio::from(file));
    let at = server.address();
    let (bearer, _) = sign_up(at, EMAIL, PASSWORD);
    let origin = format!("origin: http://{at}");
    let ask = |email: &str| {
        let body = format!("email={}", email.replace('@', "%40"));
        send(at, "POST", "/app/forgotten", &[FORM, &origin], &body)
    };
    assert!(get(at, "/app/login", &[]).body.contains("/app/forgotten"));
    let (unknown, known) = (ask("eve@mail.example"), ask(EMAIL));
    assert_eq!((unknown.status, known.status), (200, 200));
    assert_eq!(
        plain(&unknown.body, "eve@mail.example"),
        plain(&known.body, EMAIL)
    );
    assert_eq!(
        send(
            at,
            "POST",
            "/app/forgotten",
            &[FORM, "origin: https://evil.example"],
            "email=x"
        )
        .status,
        403
    );

    let (to, text) = mails.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(to.contains(EMAIL), "{to}");
    let text = text.replace("=\n", "").replace("=3D", "=");
    assert!(text.contains("From: gitflare@mail.example"), "{text}");
    let link = text
        .split(&format!("http://{at}/app/reset?link="))
        .nth(1)
        .unwrap();
    let link = link.split_whitespace().next().unwrap();
    let page = get(at, &format!("/app/reset?link={link}"), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    let change = format!("link={link}&password=brave-cloud-otter-4");
    let reset = || send(at, "POST", "/app/reset", &[FORM, &origin], &change);
    assert_eq!(reset().status, 303);
    assert_eq!(reset().status, 401, "the link is used");
    assert_eq!(
        get(at, "/v1/account/me", &[&bearer]).status,
        401,
        "every session has ended"
    );
    let sign_in = |password: &str| {
        let body = format!(r#"{{"email":"{EMAIL}","password":"{password}"}}"#);
        send(at, "POST", "/app/login", &[JSON], &body).status
    };
    assert_eq!(
        (sign_in(PASSWORD), sign_in("brave-cloud-otter-4")),
        (401, 200)
    );

    // Nobody's mailbox is filled.
    let stopped = (0..8)
        .map(|_| ask(EMAIL))
        .find(|answer| answer.status == 429);
    assert!(stopped.is_some(), "eight more mails");
    server.kill();
    let said = fs::read_to_string(&log).unwrap();
    for secret in [EMAIL, "eve@mail.example", link, "brave-cloud"] {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
    assert!(
        mails.try_iter().all(|(to, _)| to.contains(EMAIL)),
        "nobody else got a mail"
    );
}

#[test]
fn without_a_mail_server_nothing_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let server = Gitflare::start_with(&folder.path().join("data"), &[]);
    let at = server.address();
    assert!(!get(at, "/app/login", &[]).body.contains("/app/forgotten"));
    assert_eq!(get(at, "/app/forgotten", &[]).status, 404);
}
