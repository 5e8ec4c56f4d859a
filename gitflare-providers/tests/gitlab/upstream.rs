//! The server that stands in for GitLab: it answers exactly the requests it was told of, and
//! remembers what it was asked.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use gitflare_core::{
    ConnectionId, Secret,
    provider::{Call, RepoRef},
};
use gitflare_providers::{Http, HttpConfig, gitlab::Gitlab};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What is answered to one request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-request-id", "01HXFIXTURE".to_owned()),
            ],
            body: body.into(),
        }
    }

    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }

    /// A fixture of this crate.
    pub(crate) fn fixture(name: &str) -> Self {
        Self::ok(fixture(name))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }
}

/// The text of a fixture.
pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/gitlab");
    fs::read_to_string(path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A running stand-in and the adapter that is configured for it.
pub(crate) struct Upstream {
    pub(crate) gitlab: Gitlab,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    routes: Vec<(String, Reply)>,
    asked: Vec<String>,
    heads: Vec<String>,
}

impl Upstream {
    /// Answers these targets below `/api/v4`. A target that stands more than once gets its replies
    /// in turn, the last one for good.
    pub(crate) async fn start(routes: &[(&str, Reply)]) -> Self {
        let state = Arc::new(Mutex::new(State {
            routes: routes
                .iter()
                .map(|(target, reply)| ((*target).to_owned(), reply.clone()))
                .collect(),
            ..State::default()
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        let http = Http::new(&HttpConfig {
            allowed_private: vec![address.clone()],
            ..HttpConfig::default()
        })
        .unwrap();
        Self {
            gitlab: Gitlab::new(http, &format!("http://{address}/api/v4")).unwrap(),
            state,
        }
    }

    /// The targets that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The request heads, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
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
        let target = head.split(' ').nth(1).unwrap_or_default();
        let target = target.strip_prefix("/api/v4/").unwrap_or(target).to_owned();
        let reply = state.lock().unwrap().answer(&target, &head);
        let mut text = format!(
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n",
            reply.status,
            reply.body.len()
        );
        for (name, value) in &reply.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&reply.body);
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn answer(&mut self, target: &str, head: &str) -> Reply {
        self.asked.push(target.to_owned());
        self.heads.push(head.to_lowercase());
        let mut matching = (0..self.routes.len()).filter(|at| self.routes[*at].0 == target);
        match (matching.next(), matching.next()) {
            (Some(at), Some(_)) => self.routes.remove(at).1,
            (Some(at), None) => self.routes[at].1.clone(),
            (None, _) => Reply::new(418, format!("unexpected request: {target}")),
        }
    }
}

pub(crate) fn call() -> Call {
    Call {
        connection_id: ConnectionId::parse("conn_fixture").unwrap(),
        access_token: Secret::from("fixture-token"),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

pub(crate) fn repo() -> RepoRef {
    RepoRef {
        id: "7".to_owned(),
        full_name: Some("mill/weavers/loom-engine".to_owned()),
    }
}
