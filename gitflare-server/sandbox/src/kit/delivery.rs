//! Hooks of an emulated host: what is sent when something happens, signed as the provider signs.

use std::{fmt::Write, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use url::Url;

use super::{
    Dialect, Repo, World,
    dialect::{Delivery, EventRow, Scene},
    hostile::put_scripts,
    world::Hook,
};

/// How long a receiver has.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Which id a delivery has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Naming<'a> {
    New,
    /// The id of the delivery that it repeats.
    Again(&'a str),
    /// None, as of servers that send no such header.
    Nameless,
}

/// Sends an event, named as in the unified API, to the hooks of a repository that asked for it.
/// Returns what each answered. A hostile host has scripts where addresses belong.
///
/// # Errors
/// The name of an event that the provider does not have, and those that it has.
pub(crate) async fn deliver(
    world: &World,
    dialect: &dyn Dialect,
    repo: &Repo,
    event: &str,
    naming: Naming<'_>,
    is_hostile: bool,
) -> Result<Vec<Value>, String> {
    let unknown = || {
        let names: Vec<_> = dialect.events().iter().map(|row| row.event).collect();
        format!("no such event: {event}; there are {}", names.join(", "))
    };
    let known = dialect.events().iter().find(|row| row.event == event);
    let row = known.ok_or_else(unknown)?;
    let body = payload(world, dialect, repo, row).await;
    let mut payload = body.ok_or_else(unknown)?;
    if is_hostile {
        put_scripts(&mut payload);
    }
    let asked = |hook: &Hook| hook.events.iter().any(|flag| flag == row.flag);
    let mut deliveries = Vec::new();
    for hook in world.hooks(repo).into_iter().filter(asked) {
        let id = match naming {
            Naming::New => Some(format!("00000000-0000-4000-8000-{:012}", world.next_id())),
            Naming::Again(id) => Some(id.to_owned()),
            Naming::Nameless => None,
        };
        dialect.name_event(&mut payload, row.name, id.as_deref());
        let body = payload.to_string();
        let sent = Delivery {
            name: row.name,
            id: id.as_deref(),
            body: &body,
        };
        let mut headers = String::new();
        for (name, value) in dialect.hook_headers(&hook, &sent) {
            let _ = write!(headers, "{name}: {value}\r\n");
        }
        let status = match timeout(TIMEOUT, post(&hook.url, &headers, &body)).await {
            Ok(Ok(status)) => json!(status),
            Ok(Err(error)) => json!(error),
            Err(_) => json!("timeout"),
        };
        deliveries.push(json!({"hook": hook.id, "delivery": id, "status": status}));
    }
    Ok(deliveries)
}

async fn payload(
    world: &World,
    dialect: &dyn Dialect,
    repo: &Repo,
    row: &EventRow,
) -> Option<Value> {
    let history = world.git.history_of(repo, None).await.ok().flatten()?;
    let scene = Scene {
        world,
        repo,
        story: world.story(repo).await.ok()?,
        newest: history.first()?.clone(),
    };
    let mut payload = (row.payload)(&scene)?;
    dialect.complete_event(&scene, &mut payload);
    Some(payload)
}

/// The `sha256=` signature of a body, as GitHub and Bitbucket send it.
pub(crate) fn signature(secret: &str, body: &str) -> String {
    // HMAC takes keys of any length: the error cannot come.
    let tag = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
        mac.update(body.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    });
    format!("sha256={}", tag.unwrap_or_default())
}

/// Posts to a plain-http address of loopback, which is all that the sandbox has.
pub(crate) async fn post(url: &str, headers: &str, body: &str) -> Result<u16, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("the hook's URL names no host".to_owned());
    };
    if url.scheme() != "http" {
        return Err("the emulated host delivers to plain http alone".to_owned());
    }
    let authority = format!("{host}:{port}");
    let exchange = async {
        let mut stream = TcpStream::connect(&authority).await?;
        let query = url
            .query()
            .map_or(String::new(), |query| format!("?{query}"));
        let head = format!(
            "POST {}{query} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n{headers}\r\n",
            url.path(),
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = exchange.await.map_err(|error| error.to_string())?;
    let line = String::from_utf8_lossy(&answer);
    line.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| "no answer".to_owned())
}
