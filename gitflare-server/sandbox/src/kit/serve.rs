//! A small HTTP/1.1 server by hand: faults (cut bodies, resets, garbage) need the bytes themselves,
//! which a proper server library rightly keeps to itself. For loopback and tests alone.

use std::{fmt::Write, io, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use url::form_urlencoded;

use super::{
    Answer, Call, Dialect, Refusal, Request, World,
    clock::{now, unix},
    control, dialect,
    fault::{self, Damage, Fault, FaultKind},
    hostile::{Place, add_order, put_orders, put_scripts},
    world::State,
};

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 1024 * 1024;
/// The body of a `huge` fault.
const HUGE: usize = 100 * 1024 * 1024;
/// Seconds that a limit asks to wait, unless the fault says others.
const WAIT: u64 = 30;

/// Serves until aborted.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>, dialect: &'static dyn Dialect) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                // Without it small answers wait for acknowledgements.
                let _ = stream.set_nodelay(true);
                connections.spawn(connection(stream, Arc::clone(&world), dialect));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>, dialect: &'static dyn Dialect) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read(&mut stream).await {
        let fault = if request.path.starts_with("/__") {
            None
        } else {
            fault::due(&mut world.state().faults, &request.path)
        };
        let answer = match fault.as_ref().and_then(|fault| refusal(fault, dialect)) {
            Some(answer) => answer,
            None => route(&world, dialect, &request, fault.as_ref()).await,
        };
        let id = format!("EMU0:{:X}", world.next_id());
        let answer = answer.with(dialect.request_id_header(), id);
        let damage = fault.map_or(Damage::None, |fault| fault.damage());
        if !matches!(write(&mut stream, answer, &request, damage).await, Ok(true)) {
            return;
        }
    }
}

async fn route(
    world: &World,
    dialect: &'static dyn Dialect,
    request: &Request,
    fault: Option<&Fault>,
) -> Answer {
    if request.path.starts_with("/__") {
        return control::answer(&mut Call::new(world, dialect, request)).await;
    }
    let key = format!("{} {}", request.method, request.path);
    note(&mut world.state(), key, &request.query);
    dialect::answer(world, dialect, request, fault.map(|fault| fault.kind)).await
}

/// The most calls whose queries are kept.
const MAX_TARGETS: usize = 1000;

fn note(state: &mut State, key: String, query: &[(String, String)]) {
    if state.targets.len() < MAX_TARGETS {
        let mut target = form_urlencoded::Serializer::for_suffix(format!("{key}?"), key.len() + 1);
        state.targets.push(target.extend_pairs(query).finish());
    }
    *state.calls.entry(key).or_default() += 1;
}

/// What a fault answers in place of the real thing, in the provider's own words.
fn refusal(fault: &Fault, dialect: &dyn Dialect) -> Option<Answer> {
    Some(match fault.kind {
        FaultKind::Status => {
            let page = "<html><body>Something went wrong</body></html>".to_owned();
            Answer::html(fault.status.unwrap_or(503), page)
        }
        FaultKind::RateLimit => rate_limit(fault, dialect),
        FaultKind::ExpiredToken => dialect.refuse(Refusal::ExpiredToken),
        FaultKind::Sso => dialect.refuse(Refusal::SingleSignOn),
        FaultKind::MissingScope => dialect.refuse(Refusal::MissingScope),
        _ => return None,
    })
}

fn rate_limit(fault: &Fault, dialect: &dyn Dialect) -> Answer {
    let limited = dialect.refuse(Refusal::RateLimited);
    let end = now() + Duration::from_secs(WAIT);
    match fault.retry_after.as_deref() {
        Some("date") => limited.with("retry-after", httpdate::fmt_http_date(end)),
        Some("reset") => {
            let budget = dialect.budget();
            let reset = if budget.reset_is_distance {
                WAIT
            } else {
                unix(end)
            };
            limited
                .with(budget.remaining, "0")
                .with(budget.reset, reset.to_string())
        }
        Some("secondary") => dialect.refuse(Refusal::SecondaryLimit),
        Some("none") => limited,
        Some(seconds) => limited.with("retry-after", seconds),
        None => limited.with("retry-after", WAIT.to_string()),
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
        Damage::HostileUrls => answer.body = changed(answer.body, put_scripts),
        Damage::Orders(place) => answer.body = ordered(answer.body, place),
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
    let _ = write!(head, "date: {}\r\n\r\n", httpdate::fmt_http_date(now()));
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

/// The body with a change, where it is JSON.
fn changed(body: Vec<u8>, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice(&body) else {
        return body;
    };
    change(&mut value);
    value.to_string().into_bytes()
}

/// The body with orders in it; what is no JSON is a text itself, or bytes.
fn ordered(body: Vec<u8>, place: Place) -> Vec<u8> {
    let is_json = serde_json::from_slice::<Value>(&body).is_ok();
    match String::from_utf8(body) {
        Ok(mut text) if !is_json && place == Place::Texts && !text.contains('\0') => {
            add_order(&mut text);
            text.into_bytes()
        }
        Ok(text) => changed(text.into_bytes(), |value| put_orders(value, place)),
        Err(error) => error.into_bytes(),
    }
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
