//! What can go wrong on demand: which calls, how often, and how.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{
    ForgeKind,
    http::{Answer, Request},
    now,
    world::World,
};

/// A fault that was switched on, as `POST /__faults` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    kind: Kind,
    /// Only calls whose path starts so; all of the API and the token endpoint when absent.
    path: Option<String>,
    /// Only so many calls.
    count: Option<u32>,
    /// For `slow`: milliseconds to the first byte.
    milliseconds: Option<u64>,
    /// For `status`.
    status: Option<u16>,
    /// For `rate-limit`: `seconds`, `date`, `reset`, `secondary` or `none`.
    retry_after: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Slow,
    Trickle,
    Reset,
    Cut,
    Garbage,
    Huge,
    Status,
    RateLimit,
    ExpiredToken,
    Sso,
    MissingScope,
}

/// What happens to an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    None,
    Delay(Duration),
    Trickle,
    Reset,
    Cut,
    Garbage,
    Huge,
}

/// The fault that this call meets, counted down.
pub(super) fn due(world: &World, request: &Request) -> Option<Fault> {
    if request.path.starts_with("/__") {
        return None;
    }
    let mut state = world.state();
    let at = state.faults.iter().position(|fault| {
        let path = fault.path.as_deref();
        path.is_none_or(|path| request.path.starts_with(path)) && fault.count != Some(0)
    })?;
    let fault = &mut state.faults[at];
    if let Some(count) = &mut fault.count {
        *count -= 1;
    }
    Some(fault.clone())
}

impl Fault {
    pub(super) fn damage(&self) -> Damage {
        match self.kind {
            Kind::Slow => Damage::Delay(Duration::from_millis(self.milliseconds.unwrap_or(60_000))),
            Kind::Trickle => Damage::Trickle,
            Kind::Reset => Damage::Reset,
            Kind::Cut => Damage::Cut,
            Kind::Garbage => Damage::Garbage,
            Kind::Huge => Damage::Huge,
            _ => Damage::None,
        }
    }

    /// What is answered in place of the real thing, in the provider's own words.
    pub(super) fn answer(&self, kind: ForgeKind) -> Option<Answer> {
        match self.kind {
            Kind::Status => {
                let status = self.status.unwrap_or(503);
                Some(Answer::html(status, "<html><body>Something went wrong</body></html>".to_owned()))
            }
            Kind::RateLimit => Some(self.rate_limit(kind)),
            Kind::ExpiredToken => Some(match kind {
                ForgeKind::Github => message(401, "Bad credentials"),
                ForgeKind::Gitlab => Answer::json(
                    401,
                    &json!({"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh."}),
                ),
            }),
            Kind::Sso => Some(match kind {
                ForgeKind::Github => message(403, "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.")
                    .with("x-github-sso", "required; url=https://forge.example/orgs/acme/sso"),
                ForgeKind::Gitlab => message(403, "403 Forbidden - SAML session required"),
            }),
            Kind::MissingScope => Some(match kind {
                ForgeKind::Github => message(403, "Resource not accessible by integration")
                    .with("x-accepted-github-permissions", "contents=read"),
                ForgeKind::Gitlab => Answer::json(
                    403,
                    &json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"}),
                ),
            }),
            _ => None,
        }
    }

    fn rate_limit(&self, kind: ForgeKind) -> Answer {
        let (limited, remaining, reset) = match kind {
            ForgeKind::Github => (
                message(429, "API rate limit exceeded for user ID 4101."),
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
            ),
            ForgeKind::Gitlab => (
                Answer {
                    status: 429,
                    headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
                    body: b"Retry later\n".to_vec(),
                },
                "ratelimit-remaining",
                "ratelimit-reset",
            ),
        };
        let now = now();
        match self.retry_after.as_deref() {
            Some("date") => {
                let at = now + Duration::from_secs(30);
                limited.with("retry-after", httpdate::fmt_http_date(at))
            }
            Some("reset") => {
                let at = now
                    .duration_since(std::time::UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_secs()
                    + 30;
                limited.with(remaining, "0").with(reset, at.to_string())
            }
            Some("secondary") if kind == ForgeKind::Github => message(
                403,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            ),
            Some("none" | "secondary") => limited,
            seconds => limited.with("retry-after", seconds.unwrap_or("30")),
        }
    }
}

/// A refusal that both providers write alike.
pub(super) fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"message": text}))
}
