//! Hooks of an emulated forge: what is sent when something happens, signed as the provider signs.

use std::{sync::Arc, time::Duration};

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
    ForgeKind, github, gitlab,
    world::{Hook, Repo, World},
};

/// How long a receiver has.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends an event, named as in the unified API, to the hooks of a repository; what each answered.
/// `again` is the id of the delivery that it repeats.
pub(super) async fn deliver(
    world: &Arc<World>,
    repo: &Repo,
    event: &str,
    again: Option<&str>,
) -> Result<Vec<Value>, String> {
    let sent = match world.kind {
        ForgeKind::Github => github::events::payload(world, repo, event).await,
        ForgeKind::Gitlab => gitlab::events::payload(world, repo, event).await,
    };
    let (name, flag, payload) = sent.ok_or_else(|| format!("no such event: {event}"))?;
    let hooks: Vec<Hook> = world
        .state()
        .hooks
        .iter()
        .filter(|hook| hook.repo == repo.id && hook.events.iter().any(|wanted| wanted == flag))
        .cloned()
        .collect();
    let body = payload.to_string();
    let mut deliveries = Vec::new();
    for hook in hooks {
        let id = again.map_or_else(
            || {
                let mut state = world.state();
                state.last_id += 1;
                format!("00000000-0000-4000-8000-{:012}", state.last_id)
            },
            str::to_owned,
        );
        let headers = headers(world.kind, &hook, name, &id, &body);
        let status = match timeout(TIMEOUT, post(&hook.url, &headers, &body)).await {
            Ok(Ok(status)) => json!(status),
            Ok(Err(error)) => json!(error),
            Err(_) => json!("timeout"),
        };
        deliveries.push(json!({"hook": hook.id, "delivery": id, "status": status}));
    }
    Ok(deliveries)
}

fn headers(kind: ForgeKind, hook: &Hook, name: &str, id: &str, body: &str) -> String {
    match kind {
        ForgeKind::Github => {
            let signature =
                Hmac::<Sha256>::new_from_slice(hook.secret.as_bytes()).map(|mut mac| {
                    mac.update(body.as_bytes());
                    let tag = mac.finalize().into_bytes();
                    tag.iter()
                        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
                });
            let signature = signature.unwrap_or_default();
            let hook = hook.id;
            format!(
                "user-agent: GitHub-Hookshot/emulated\r\nx-github-event: {name}\r\nx-github-delivery: {id}\r\n\
                 x-github-hook-id: {hook}\r\nx-hub-signature-256: sha256={signature}\r\n"
            )
        }
        ForgeKind::Gitlab => format!(
            "user-agent: GitLab/emulated\r\nx-gitlab-event: {name}\r\nx-gitlab-token: {}\r\n\
             x-gitlab-event-uuid: {id}\r\nidempotency-key: {id}\r\n",
            hook.secret
        ),
    }
}

/// Posts to a plain-http address of loopback, which is all that the sandbox has.
async fn post(url: &str, headers: &str, body: &str) -> Result<u16, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("the hook's URL names no host".to_owned());
    };
    if url.scheme() != "http" {
        return Err("the emulated forge delivers to plain http alone".to_owned());
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
