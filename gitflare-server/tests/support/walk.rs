//! A person's way from signing up to a linked account, over plain sockets: their browser, the gateway
//! and an emulated forge.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use gitflare_server::sandbox::Forge;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

/// A read's deadline is 25 seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An answer: status, `Location`, the first cookie that is set, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }
}

pub(crate) fn send(
    at: SocketAddr,
    method: &str,
    target: &str,
    headers: &[&str],
    body: &str,
) -> Answer {
    attempt(at, method, target, headers, body).unwrap()
}

/// A request to a server that may be gone.
///
/// # Errors
/// That no whole answer came; `WouldBlock` when nothing came in time.
pub(crate) fn attempt(
    at: SocketAddr,
    method: &str,
    target: &str,
    headers: &[&str],
    body: &str,
) -> std::io::Result<Answer> {
    let mut socket = TcpStream::connect(at)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n");
    for header in headers {
        request += &format!("{header}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let value_of = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = value_of("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let cookie = value_of("set-cookie");
    Ok(Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        location: value_of("location"),
        cookie: cookie.map(|set| set.split(';').next().unwrap_or_default().to_owned()),
        body: String::from_utf8(body).unwrap(),
    })
}

pub(crate) fn get(at: SocketAddr, target: &str, headers: &[&str]) -> Answer {
    send(at, "GET", target, headers, "")
}

pub(crate) fn path_of(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// A linked account, and the secrets that passed on the way.
pub(crate) struct Linked {
    pub(crate) connection: Value,
    /// What must be seen nowhere: session, state, code, completion code.
    pub(crate) secrets: Vec<String>,
}

/// The value of a parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap().1.into_owned()
}

/// Signs a person up; the header that is their session, and its token.
pub(crate) fn sign_up(gateway: SocketAddr, email: &str, password: &str) -> (String, String) {
    let body = json!({"email": email, "password": password}).to_string();
    let session = send(gateway, "POST", "/app/signup", &[JSON], &body).json();
    let token = session["sessionToken"].as_str().unwrap().to_owned();
    (format!("authorization: Bearer {token}"), token)
}

pub(crate) const JSON: &str = "content-type: application/json";
pub(crate) const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// Links the account of `anna-berg` for the person of that session.
pub(crate) fn link(gateway: SocketAddr, forge: &Forge, bearer: &str) -> Linked {
    let (id, forge) = (forge.kind().id(), forge.address());
    let started = get(gateway, &format!("/v1/auth/{id}/start"), &[bearer]).json();
    let url = started["authorizationUrl"].as_str().unwrap();
    let page = get(forge, &path_of(url), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    // What the page's form carries along, and the choice.
    let asked = Url::parse(url).unwrap();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked.query_pairs() {
        form.append_pair(&name, &value);
    }
    let form = form.append_pair("login", "anna-berg").finish();
    let agreed = send(forge, "POST", "/__sign-in", &[FORM], &form);
    let back = agreed.location.unwrap_or_else(|| panic!("{}", agreed.body));
    let returned = get(gateway, &path_of(&back), &[]).json();
    let claim = json!({
        "flowId": returned["flowId"], "completionCode": returned["completionCode"],
    });
    let done = send(
        gateway,
        "POST",
        "/v1/auth/complete",
        &[JSON, bearer],
        &claim.to_string(),
    );
    assert_eq!(done.status, 201, "{}", done.body);
    Linked {
        connection: done.json()["connection"].clone(),
        secrets: vec![
            parameter(url, "state"),
            parameter(&back, "code"),
            returned["completionCode"].as_str().unwrap().to_owned(),
        ],
    }
}
