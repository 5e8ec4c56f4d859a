//! A tiny HTTP server for what a browser test meets besides the gateway, and https in front of either:
//! one `GET`, one page, then the connection closes.

use std::{future::Future, net::SocketAddr, sync::Arc};

use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A task that ends when dropped.
pub(crate) struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(tokio::spawn(work))
}

/// A request that the tiny server received.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
}

/// A member of percent-encoded text.
pub(crate) fn value(text: &str, name: &str) -> Option<String> {
    let found = url::form_urlencoded::parse(text.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// Serves the pages that a function knows, on a port of its own; others are not found.
pub(crate) async fn serve(
    page: impl Fn(Asked) -> Option<String> + Send + Sync + 'static,
) -> (SocketAddr, Task) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let page = Arc::new(page);
    let task = spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let page = Arc::clone(&page);
            tokio::spawn(async move {
                // A browser opens sockets that it then does not use.
                let Some(asked) = read(&mut socket).await else {
                    return;
                };
                let (status, body) = match page(asked) {
                    Some(body) => ("200 OK", format!("<!doctype html><title>App</title>{body}")),
                    None => ("404 Not Found", String::new()),
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, task)
}

async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match socket.read(&mut part).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
    let head = String::from_utf8_lossy(&bytes);
    let target = head.split(' ').nth(1)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Asked {
        path: path.to_owned(),
        query: query.to_owned(),
    })
}

/// Takes https on a port of its own and passes it on as it is.
pub(crate) struct Https {
    pub(crate) port: u16,
    listener: TcpListener,
}

impl Https {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            port: listener.local_addr().unwrap().port(),
            listener,
        }
    }

    /// Serves for as long as the answer is kept.
    pub(crate) fn pass_on_to(self, target: SocketAddr) -> Task {
        let acceptor = acceptor();
        spawn(async move {
            while let Ok((socket, _)) = self.listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut outside) = acceptor.accept(socket).await else {
                        return;
                    };
                    if let Ok(mut inside) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    }
                });
            }
        })
    }
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["*.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
