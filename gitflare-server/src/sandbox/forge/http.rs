//! A small HTTP/1.1 server by hand: faults (cut bodies, resets, garbage) need the bytes themselves,
//! which a proper server library rightly keeps to itself. For loopback and tests alone.

use std::{fmt::Write, io, sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use url::form_urlencoded;

use super::{
    control,
    faults::{self, Damage},
    github, gitlab, now, oauth,
    world::World,
};
use crate::sandbox::forge::ForgeKind;

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 1024 * 1024;
/// What "huge" means.
const HUGE: usize = 100 * 1024 * 1024;

/// A request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// As sent, without query.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as form fields or as members of a JSON object.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        if let Ok(Value::Object(members)) = serde_json::from_slice(&self.body) {
            return members.get(name).and_then(Value::as_str).map(str::to_owned);
        }
        form_urlencoded::parse(&self.body)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The path below a prefix, split before it is decoded.
    pub(super) fn segments(&self, below: &str) -> Vec<String> {
        let path = self.path.strip_prefix(below).unwrap_or(&self.path);
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: vec![(
                "content-type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            )],
            body: value.to_string().into_bytes(),
        }
    }

    pub(super) fn html(status: u16, text: String) -> Self {
        Self {
            status,
            headers: vec![(
                "content-type".to_owned(),
                "text/html; charset=utf-8".to_owned(),
            )],
            body: text.into_bytes(),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Serves until aborted.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                // Without it small answers wait for acknowledgements.
                let _ = stream.set_nodelay(true);
                connections.spawn(connection(stream, Arc::clone(&world)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read(&mut stream).await {
        let fault = faults::due(&world, &request);
        let mut answer = match fault.as_ref().and_then(|fault| fault.answer(world.kind)) {
            Some(answer) => answer,
            None => route(&world, &request).await,
        };
        if world.kind == ForgeKind::Github {
            answer
                .headers
                .push(("x-github-request-id".to_owned(), next_id(&world)));
        } else {
            answer
                .headers
                .push(("x-request-id".to_owned(), next_id(&world)));
        }
        let damage = fault.map_or(Damage::None, |fault| fault.damage());
        if !matches!(write(&mut stream, answer, &request, damage).await, Ok(true)) {
            return;
        }
    }
}

fn next_id(world: &World) -> String {
    let mut state = world.state();
    state.last_id += 1;
    format!("EMU0:{:X}", state.last_id)
}

async fn route(world: &Arc<World>, request: &Request) -> Answer {
    {
        let key = format!("{} {}", request.method, request.path);
        *world.state().calls.entry(key).or_default() += u64::from(!request.path.starts_with("/__"));
    }
    if request.path.starts_with("/__") {
        return control::answer(world, request).await;
    }
    if let Some(answer) = oauth::answer(world, request) {
        return answer;
    }
    match world.kind {
        ForgeKind::Github => github::answer(world, request).await,
        ForgeKind::Gitlab => gitlab::answer(world, request).await,
    }
}

/// The next request; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 || head.len() > MAX_HEAD {
            return Ok(None);
        }
    }
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or(0);
    if length > MAX_BODY {
        return Ok(None);
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Writes an answer, damaged as asked; whether the connection can go on.
async fn write(
    stream: &mut BufReader<TcpStream>,
    mut answer: Answer,
    request: &Request,
    damage: Damage,
) -> io::Result<bool> {
    match damage {
        Damage::Reset => {
            // No lingering: the peer sees a reset, not an end.
            stream.get_ref().set_zero_linger()?;
            return Ok(false);
        }
        Damage::Delay(time) => sleep(time).await,
        Damage::Garbage => answer.body = b"{\"message\": \xff\xfe <<< not JSON".to_vec(),
        Damage::Huge => answer.body = vec![b' '; HUGE],
        Damage::None | Damage::Cut | Damage::Trickle => {}
    }
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    let has_body = !matches!(answer.status, 204 | 304);
    if has_body {
        let _ = write!(head, "content-length: {}\r\n", answer.body.len());
    }
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let now = httpdate_now();
    let _ = write!(head, "date: {now}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    if !has_body || request.method == "HEAD" {
        return Ok(true);
    }
    match damage {
        Damage::Cut => {
            stream
                .write_all(&answer.body[..answer.body.len() / 2])
                .await?;
            stream.shutdown().await?;
            Ok(false)
        }
        Damage::Trickle => {
            for byte in &answer.body {
                stream.write_all(&[*byte]).await?;
                sleep(Duration::from_millis(900)).await;
            }
            Ok(true)
        }
        _ => stream.write_all(&answer.body).await.map(|()| true),
    }
}

fn httpdate_now() -> String {
    httpdate::fmt_http_date(now())
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Answer",
    }
}
