//! An upstream of raw sockets that answers as it is told, right or wrong, and remembers what came.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a server answers a request; the connection ends after it.
pub(crate) type Script = Arc<dyn Fn(Exchange) -> Answering + Send + Sync>;
type Answering = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// One request, and the socket for its answer.
pub(crate) struct Exchange {
    pub(crate) stream: TcpStream,
    /// How many requests came before it.
    pub(crate) before: usize,
    written: Arc<AtomicU64>,
}

impl Exchange {
    /// Sends bytes; `false` once nobody takes them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = self.stream.write_all(bytes).await.is_ok();
        if sent {
            self.written
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        sent
    }

    /// Sends a whole answer; `headers` are lines with their ends.
    pub(crate) async fn answer(&mut self, status: u16, headers: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        self.send(head.as_bytes()).await;
        self.send(body.as_bytes()).await;
    }
}

/// A running server; it ends with the runtime.
pub(crate) struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    written: Arc<AtomicU64>,
}

impl Server {
    /// A server that answers every request by the script.
    pub(crate) async fn start<F: Future<Output = ()> + Send + 'static>(
        script: impl Fn(Exchange) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::run(Arc::new(move |exchange| Box::pin(script(exchange)))).await
    }

    async fn run(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::new(AtomicU64::new(0));
        let (seen, count) = (Arc::clone(&heads), Arc::clone(&written));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen, written) =
                    (Arc::clone(&script), Arc::clone(&seen), Arc::clone(&count));
                tokio::spawn(async move {
                    let Some((stream, head)) = request(stream).await else {
                        return;
                    };
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(head.to_lowercase());
                        seen.len() - 1
                    };
                    script(Exchange {
                        stream,
                        before,
                        written,
                    })
                    .await;
                });
            }
        });
        Self {
            address,
            heads,
            written,
        }
    }

    /// Its `host:port`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The heads of the requests that came, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    /// How many bytes were taken from it.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

/// Reads a head, and a body of known length to its end.
async fn request(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
    Some((stream, head))
}
