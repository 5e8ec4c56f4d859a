//! Replaces the secrets in a text by hashes, without a gateway.
//!
//! ```text
//! git log -p | cargo run --release --example redact
//! ```
//! With `--diff` the input is read as a unified diff and blocked files are stripped. With
//! `--jsonl` every line of the input is `{"text": ..., "path": ...|null}` and every line of the
//! output `{"text": ..., "redactions": n, "blocked": bool}`; the text of a blocked path is empty.
//! With `--score` the lines hold `"secrets": [...]` too, and what comes out is how many of them are
//! gone with all their bytes, and how many other spans a megabyte went with them.

use std::{
    error::Error,
    io::{BufRead, BufWriter, Read, Write, stdin, stdout},
};

use gitflare_core::{
    Secret, TenantId,
    filter::{ContentFilter, TextKind},
};
use gitflare_firewall::{Firewall, FirewallConfig};

fn main() -> Result<(), Box<dyn Error>> {
    // A fixed key: hashes are comparable between runs. The gateway's is random and secret.
    let key = Secret::new([7; 32]);
    let firewall = Firewall::new(&key, &FirewallConfig::default())?;
    let tenant = TenantId::parse("tenant_example")?;
    let mut out = BufWriter::new(stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("--jsonl") => {
            for line in stdin().lock().lines() {
                let row: serde_json::Value = serde_json::from_str(&line?)?;
                let text = row["text"].as_str().ok_or("text must be a string")?;
                let reply = judge(&firewall, &tenant, text, row["path"].as_str())?;
                writeln!(out, "{reply}")?;
            }
        }
        Some("--score") => score(&firewall, &tenant, &mut out)?,
        Some("--diff") => {
            let mut text = Vec::new();
            stdin().lock().read_to_end(&mut text)?;
            out.write_all(&firewall.filter_diff(&tenant, &text)?.bytes)?;
        }
        _ => {
            let mut stream = firewall.redactor(&tenant).stream();
            let (mut chunk, mut filtered) = (vec![0; 64 * 1024], Vec::new());
            loop {
                let read = stdin().lock().read(&mut chunk)?;
                if read == 0 {
                    break;
                }
                stream.push(&chunk[..read], &mut filtered);
                out.write_all(&filtered)?;
                filtered.clear();
            }
            stream.finish(&mut filtered);
            out.write_all(&filtered)?;
        }
    }
    Ok(out.flush()?)
}

/// Filters one text as the firewall filters prose, or a patch when there is a path.
fn judge(
    firewall: &Firewall,
    tenant: &TenantId,
    text: &str,
    path: Option<&str>,
) -> Result<serde_json::Value, gitflare_core::Error> {
    if path.is_some_and(|path| firewall.blocks(path)) {
        return Ok(serde_json::json!({"text": "", "redactions": 0, "blocked": true}));
    }
    let kind = path.map_or(TextKind::Prose, |path| TextKind::Patch { path });
    let screened = firewall.screen(tenant, text, kind)?;
    Ok(serde_json::json!({
        "text": screened.text,
        "redactions": screened.redactions,
        "blocked": false,
    }))
}

/// Reads labelled lines; writes how many labelled secrets are gone and how much else was replaced.
fn score(
    firewall: &Firewall,
    tenant: &TenantId,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let (mut labelled, mut caught, mut spans, mut bytes) = (0u64, 0u64, 0u64, 0);
    for line in stdin().lock().lines() {
        let row: serde_json::Value = serde_json::from_str(&line?)?;
        let text = row["text"].as_str().ok_or("text must be a string")?;
        let reply = judge(firewall, tenant, text, row["path"].as_str())?;
        let left = reply["text"].as_str().unwrap_or_default();
        for secret in row["secrets"].as_array().into_iter().flatten() {
            let secret = secret.as_str().ok_or("secrets must be strings")?;
            labelled += 1;
            caught += u64::from(is_gone(secret, left));
        }
        spans += reply["redactions"].as_u64().unwrap_or_default();
        bytes += text.len();
    }
    let others = spans.saturating_sub(caught);
    let rate = others as f64 * 1e6 / bytes.max(1) as f64;
    writeln!(out, "{caught} of {labelled} secrets are gone")?;
    writeln!(out, "{others} other spans, {rate:.2} a MB")?;
    Ok(())
}

/// Whether no eight bytes in a row are left of a secret.
fn is_gone(secret: &str, left: &str) -> bool {
    let length = secret.len().clamp(1, 8);
    secret
        .as_bytes()
        .windows(length)
        .all(|piece| left.as_bytes().windows(length).all(|other| other != piece))
}
