//! A small HTTP client over plain sockets: what it sends is what the test says, byte for byte.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::OnceLock,
    time::Duration,
};

use serde_json::Value;

use super::schema;

/// Longer than any test may have to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Talks to one listener, with the same headers on every request.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
        }
    }

    /// With one more header on every request.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn with_bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        Request {
            address: self.address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: self.headers.clone(),
            body: None,
        }
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target).send()
    }

    pub(crate) fn delete(&self, target: &str) -> Response {
        self.request("DELETE", target).send()
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Response {
        self.request("POST", target).json(body).send()
    }

    /// Sends bytes as they are on a new connection, and reads until the server closes it.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut socket = self.connect();
        // A server that refuses early may close before all is written.
        let _ = socket.write_all(bytes);
        read_to_end(&mut socket)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// The `Host` that this listener answers to.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

/// A request in the making.
pub(crate) struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn form(self, body: &str) -> Self {
        self.body(
            "application/x-www-form-urlencoded",
            body.as_bytes().to_vec(),
        )
    }

    pub(crate) fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.headers
            .push(("content-type".to_owned(), content_type.to_owned()));
        self.body = Some(body);
        self
    }

    /// The request as the bytes that are sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    pub(crate) fn send(&self) -> Response {
        let mut socket = Client::new(self.address).connect();
        let _ = socket.write_all(&self.bytes());
        if self.method == "HEAD" {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(socket.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            return Response::parse(&head);
        }
        let answer = read_answer(&mut socket);
        self.hold_to_the_document(&answer);
        answer
    }

    /// Every answer of these tests is what the OpenAPI document says.
    fn hold_to_the_document(&self, answer: &Response) {
        let content_type = answer.header("content-type").unwrap_or_default();
        let mismatch = document().mismatch(schema::Answer {
            method: &self.method,
            target: &self.target,
            status: answer.status,
            is_json: content_type == "application/json",
            body: &answer.body,
        });
        schema::report(&self.method, &self.target, answer.status, mismatch);
    }
}

/// The document of a server like all others.
pub(crate) fn document() -> &'static schema::Document {
    static DOCUMENT: OnceLock<schema::Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let server = super::Server::start();
        let mut socket = server.client().connect();
        let request = server.client().request("GET", "/openapi.json");
        socket.write_all(&request.bytes()).unwrap();
        schema::Document::new(read_answer(&mut socket).json())
    })
}

/// An HTTP answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("not an answer: {text:?}"));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap();
        let status = status.strip_prefix("HTTP/1.1 ").unwrap()[..3]
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// The value of a header; `None` without it. Fails when it was sent twice.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice");
        value
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of the canonical error, after checking that it is one.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let error = match body.get("gitflare_error") {
            Some(error) => error,
            None => &body["error"],
        };
        let object = error.as_object().unwrap_or_else(|| panic!("{body}"));
        let names: Vec<_> = object.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "code",
                "message",
                "provider",
                "provider_request_id",
                "request_id",
                "retry_after_seconds",
                "retryable",
                "source",
                "suggested_action",
                "upstream_status",
                "user_action_required"
            ],
            "{body}"
        );
        assert_eq!(
            object["request_id"].as_str(),
            self.header("x-request-id"),
            "{body}"
        );
        object["code"].as_str().unwrap().to_owned()
    }

    /// The message of the canonical error.
    pub(crate) fn message(&self) -> String {
        let body = self.json();
        let error = body.get("gitflare_error").unwrap_or(&body["error"]);
        error["message"].as_str().unwrap().to_owned()
    }

    /// Status and code in one.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.code())
    }

    /// The JSON body; fails when the status is not 200 or 201.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(
            matches!(self.status, 200 | 201),
            "{} {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }
}

/// Reads one answer with a length from a socket.
pub(crate) fn read_answer(socket: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    let mut part = [0u8; 16 * 1024];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let answer = Response::parse(&bytes);
            let length = answer
                .header("content-length")
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                assert_eq!(bytes.len(), end + 4 + length, "more than one answer");
                return answer;
            }
        }
        match socket.read(&mut part) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&part[..count]),
            outcome => panic!(
                "the answer ended early ({outcome:?}): {:?}",
                String::from_utf8_lossy(&bytes)
            ),
        }
    }
}

fn read_to_end(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut part = [0u8; 16 * 1024];
    loop {
        match socket.read(&mut part) {
            Ok(0) => return bytes,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return bytes,
            Err(error) => panic!("the connection was not closed: {error}"),
        }
    }
}
