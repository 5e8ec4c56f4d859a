//! An upstream on a raw socket that does exactly what it is told, however wrong, and remembers what
//! it was sent.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What is sent in return for a request.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    first: Vec<u8>,
    piece: Vec<u8>,
    times: usize,
    pause: Duration,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Listens for the next request.
    Keep,
    Close,
    Reset,
    /// Says nothing more and does not hang up.
    Hold,
}

impl Act {
    fn new(first: impl Into<Vec<u8>>, end: End) -> Self {
        Self {
            first: first.into(),
            piece: Vec::new(),
            times: 0,
            pause: Duration::ZERO,
            end,
        }
    }

    /// An answer without fault.
    pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n");
        Self::new(head + body, End::Keep)
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::answer(status, &format!("location: {location}\r\n"), "")
    }

    /// These bytes and the end.
    pub(crate) fn bytes(first: impl Into<Vec<u8>>) -> Self {
        Self::new(first, End::Close)
    }

    pub(crate) fn then_reset(first: &str) -> Self {
        Self::new(first, End::Reset)
    }

    pub(crate) fn then_silence(first: &str) -> Self {
        Self::new(first, End::Hold)
    }

    /// These bytes, then that piece so many times with a pause after each, and the end.
    pub(crate) fn pieces(
        first: impl Into<Vec<u8>>,
        piece: impl Into<Vec<u8>>,
        times: usize,
        pause: Duration,
    ) -> Self {
        Self {
            piece: piece.into(),
            times,
            pause,
            ..Self::new(first, End::Close)
        }
    }

    async fn play(&self, stream: &mut TcpStream, written: &AtomicUsize) -> std::io::Result<()> {
        stream.write_all(&self.first).await?;
        for _ in 0..self.times {
            stream.write_all(&self.piece).await?;
            written.fetch_add(self.piece.len(), Ordering::Relaxed);
            if !self.pause.is_zero() {
                sleep(self.pause).await;
            }
        }
        Ok(())
    }
}

/// A running upstream.
pub(crate) struct Server {
    pub(crate) address: String,
    state: Arc<State>,
}

struct State {
    acts: Vec<Act>,
    connections: AtomicUsize,
    written: AtomicUsize,
    heads: Mutex<Vec<String>>,
}

impl Server {
    /// Answers requests with these acts in turn, the last one for good.
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, acts)
    }

    /// The same where the acts have to know the address.
    pub(crate) fn on(listener: TcpListener, acts: Vec<Act>) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            acts,
            connections: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            heads: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many bytes of pieces were taken.
    pub(crate) fn written(&self) -> usize {
        self.state.written.load(Ordering::Relaxed)
    }

    /// The heads of the requests, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut read = Vec::new();
    loop {
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
                return;
            }
        }
        let head = String::from_utf8_lossy(&read).to_lowercase();
        read.clear();
        let nth = {
            let mut heads = state.heads.lock().unwrap();
            heads.push(head);
            heads.len() - 1
        };
        let act = &state.acts[nth.min(state.acts.len() - 1)];
        if act.play(&mut stream, &state.written).await.is_err() {
            return;
        }
        match act.end {
            End::Keep => {}
            End::Close => return,
            End::Reset => return stream.set_zero_linger().unwrap(),
            End::Hold => pending().await,
        }
    }
}
