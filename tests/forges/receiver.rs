//! An app's callback: a real server that keeps what it is sent.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What was sent in one call.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How a call is answered.
enum Answer {
    /// With this head and no body.
    Head(String),
    /// Accept the connection and never answer.
    Silence,
    /// Well, with a body that never ends.
    EndlessBody,
}

/// An app's callback endpoint, on loopback.
pub(crate) struct Receiver {
    pub(crate) address: String,
    answers: Arc<Mutex<Vec<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let receiver = Self {
            address,
            answers: Arc::default(),
            received: Arc::default(),
        };
        let (answers, received) = (
            Arc::clone(&receiver.answers),
            Arc::clone(&receiver.received),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&received)));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?app=1", self.address)
    }

    /// Answers the next call with this head; 204 is answered to all others.
    pub(crate) fn answer_next(&self, head: &str) {
        self.answers
            .lock()
            .unwrap()
            .push(Answer::Head(head.to_owned()));
    }

    /// Says nothing to the next call.
    pub(crate) fn be_silent_next(&self) {
        self.answers.lock().unwrap().push(Answer::Silence);
    }

    /// Takes the next call, and does not come to an end about it.
    pub(crate) fn never_end_next(&self) {
        self.answers.lock().unwrap().push(Answer::EndlessBody);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn serve(
    stream: TcpStream,
    answers: Arc<Mutex<Vec<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(stream.read_line(&mut head).await, Ok(1..)) {
                return;
            }
        }
        let headers: Vec<_> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        received.lock().unwrap().push(Received { headers, body });
        let answer = answers.lock().unwrap().pop();
        let head = match answer {
            Some(Answer::Head(head)) => head,
            Some(Answer::Silence) => return std::future::pending().await,
            Some(Answer::EndlessBody) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&[b'['; 4096]).await.is_ok() {}
                return;
            }
            None => "HTTP/1.1 204 No Content".to_owned(),
        };
        let text = format!("{head}\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}
