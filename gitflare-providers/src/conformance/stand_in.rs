//! A server that stands in for an upstream: it answers as it is told, over real HTTP on this host, and
//! remembers what it was asked. It knows no provider.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{Http, HttpConfig};

/// What is answered to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    is_sent: bool,
}

impl Reply {
    /// A JSON answer with the request ids of GitHub and GitLab.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-request-id", "01HXFIXTURE".to_owned()),
                ("x-github-request-id", "C0DE:1:2:3".to_owned()),
            ],
            body: body.into(),
            is_sent: true,
        }
    }

    /// No answer: the request is taken, and the connection stays open.
    #[must_use]
    pub fn never() -> Self {
        Self {
            is_sent: false,
            ..Self::ok("")
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The values of the headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(_, value)| value.as_str())
    }

    /// The same answer with another body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with status 200.
    pub fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }

    /// Sets a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }
}

/// A running stand-in.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub struct StandIn {
    address: String,
    state: Arc<Mutex<State>>,
}

/// What is answered to a method, a target and a body.
type Answers = Box<dyn FnMut(&str, &str, &str) -> Reply + Send>;

struct State {
    answers: Answers,
    asked: Vec<String>,
    heads: Vec<String>,
}

impl StandIn {
    /// Answers these targets, each with its leading slash. A target that stands more than once gets
    /// its replies in turn, the last one for good.
    pub async fn start(routes: &[(&str, Reply)]) -> Self {
        let mut routes: Vec<_> = routes
            .iter()
            .map(|(target, reply)| ((*target).to_owned(), reply.clone()))
            .collect();
        Self::answering(move |_, target, _| {
            let mut matching = (0..routes.len()).filter(|at| routes[*at].0 == target);
            match (matching.next(), matching.next()) {
                (Some(at), Some(_)) => routes.remove(at).1,
                (Some(at), None) => routes[at].1.clone(),
                (None, _) => Reply::new(418, format!("unexpected request: {target}")),
            }
        })
        .await
    }

    /// Answers every request as this says.
    pub async fn answering(
        answers: impl FnMut(&str, &str, &str) -> Reply + Send + 'static,
    ) -> Self {
        let state = Arc::new(Mutex::new(State {
            answers: Box::new(answers),
            asked: Vec::new(),
            heads: Vec::new(),
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// An outbound client that may call it.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(&HttpConfig {
            allowed_private: vec![self.address.clone()],
            ..HttpConfig::default()
        })
        .unwrap()
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its base URL, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The targets that were asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The request heads, in lower case.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().heads.clone()
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(stream.read_line(&mut head).await, Ok(1..)) {
                return;
            }
        }
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let body = String::from_utf8(body).unwrap();
        let reply = state.lock().unwrap().answer(&target, &head, &body);
        if !reply.is_sent {
            return std::future::pending().await;
        }
        let (status, length) = (reply.status, reply.body.len());
        let mut text = format!("HTTP/1.1 {status} X\r\n");
        if !matches!(status, 204 | 304) {
            let _ = write!(text, "content-length: {length}\r\n");
        }
        for (name, value) in &reply.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        if !head.starts_with("HEAD ") {
            text.push_str(&reply.body);
        }
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, target: &str, head: &str, body: &str) -> Reply {
        self.asked.push(target.to_owned());
        self.heads.push(head.to_lowercase());
        let method = head.split(' ').next().unwrap_or_default();
        (self.answers)(method, target, body)
    }
}
