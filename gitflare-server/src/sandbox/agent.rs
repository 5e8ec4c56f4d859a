//! The sandbox's own agent, as a document that describes it: on a listener of its own, which the gateway
//! asks in the place of a host that nobody else has. So signing in by a document can be tried without
//! a network. It is no agent: whoever tries it brings one.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// The host that the listener stands for.
pub const AGENT_HOST: &str = "agent.localhost";
/// The agent's `client_id`.
pub const AGENT_CLIENT_ID: &str = "https://agent.localhost/client.json";
/// How long a caller may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A listener that serves the document until it is dropped.
#[derive(Debug)]
pub struct AgentDocument {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl AgentDocument {
    /// Serves on any free port of loopback.
    ///
    /// # Errors
    /// The system's.
    pub async fn serve() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // One after the other: the gateway asks once an hour.
                let _ = timeout(PATIENCE, answer(socket)).await;
            }
        });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for AgentDocument {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut socket: TcpStream) -> io::Result<()> {
    let mut head = [0; 2048];
    let read = socket.read(&mut head).await?;
    let is_asked = head[..read].starts_with(b"GET /client.json ");
    let (status, body) = match is_asked {
        true => ("200 OK", document()),
        false => ("404 Not Found", String::new()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: max-age=3600\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(answer.as_bytes()).await
}

fn document() -> String {
    let paths = ["callback", "oauth/callback"];
    let hosts = ["http://localhost", "http://127.0.0.1"];
    let redirects: Vec<_> = hosts
        .iter()
        .flat_map(|host| paths.map(|path| format!("{host}/{path}")))
        .collect();
    json!({
        "client_id": AGENT_CLIENT_ID,
        "client_name": "Sandbox agent",
        "redirect_uris": redirects,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
    .to_string()
}
