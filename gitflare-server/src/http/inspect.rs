//! What a request must be before anything looks at it: named by one of our hosts, framed in one
//! way only, and within the size limits. hyper refuses most broken framing by itself; the rest is here.

use std::net::SocketAddr;

use gitflare_core::Error;
use http::{HeaderMap, StatusCode, Version, header, request::Parts};
use url::Url;

use super::{refusal::Refusal, settings::ServiceSettings};

/// The most that a request target may hold (HT-2).
const MAX_TARGET: usize = 8 * 1024;

/// Refuses what must not be served. All of these close the connection: after them it is unknown
/// where the next request begins, or whom it is for.
pub(super) fn inspect(head: &Parts, hosts: &HostNames) -> Result<(), Refusal> {
    framing(&head.headers)?;
    host(head, hosts)?;
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(Refusal::transport(
            StatusCode::URI_TOO_LONG,
            "The request target must have at most 8192 bytes.",
        ));
    }
    if head.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::transport(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Request bodies must be sent without Content-Encoding.",
        ));
    }
    Ok(())
}

/// HT-4: a body has one length, or is chunked and nothing else.
fn framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !is_chunked || codings.next().is_some() {
        return Err(refusal("`Transfer-Encoding` must be `chunked`."));
    }
    if headers.contains_key(header::CONTENT_LENGTH) {
        return Err(refusal(
            "Send `Content-Length` or `Transfer-Encoding`, not both.",
        ));
    }
    Ok(())
}

/// HT-3: exactly one `Host`, one of ours, and the same as the target's own authority if it has one.
fn host(head: &Parts, hosts: &HostNames) -> Result<(), Refusal> {
    let mut sent = head.headers.get_all(header::HOST).iter();
    let host = match (sent.next(), sent.next()) {
        (Some(host), None) => host.as_bytes(),
        // HTTP/2 has the authority of the target instead (RFC 9113, section 8.3.1).
        (None, _) if head.version >= Version::HTTP_2 => match head.uri.authority() {
            Some(authority) => authority.as_str().as_bytes(),
            None => return Err(refusal("The `Host` header is missing.")),
        },
        (None, _) => return Err(refusal("The `Host` header is missing.")),
        (Some(_), Some(_)) => return Err(refusal("`Host` must be sent once.")),
    };
    if !hosts.contains(host) {
        return Err(refusal(
            "`Host` names another server: this one has to be told its addresses (`GITFLARE_PUBLIC_URL`, `GITFLARE_PANEL_URL`).",
        ));
    }
    match head.uri.authority() {
        Some(authority) if !authority.as_str().as_bytes().eq_ignore_ascii_case(host) => {
            Err(refusal("The request target and `Host` differ."))
        }
        _ => Ok(()),
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal::from(Error::invalid_request(message)).closing()
}

/// The names by which clients may call a listener.
#[derive(Debug)]
pub(super) struct HostNames(Vec<String>);

impl HostNames {
    /// The hosts of the public and the panel URL.
    pub(super) fn of_urls(settings: &ServiceSettings) -> Self {
        let mut names = Vec::new();
        for url in [&settings.public_url, &settings.panel_url] {
            if let Ok(url) = Url::parse(url)
                && let Some(host) = url.host_str()
            {
                let port = url.port_or_known_default().unwrap_or(80);
                let is_default = url.port().is_none();
                push(&mut names, host, port, is_default);
            }
        }
        Self(names)
    }

    /// The hosts of the public and the panel URL, the listen address, and `localhost` where that
    /// is loopback; of the internal listener only the latter two.
    pub(super) fn new(settings: &ServiceSettings, address: SocketAddr, is_internal: bool) -> Self {
        let Self(mut names) = match is_internal {
            true => Self(Vec::new()),
            false => Self::of_urls(settings),
        };
        let host = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        push(&mut names, &host, address.port(), address.port() == 80);
        if address.ip().is_loopback() {
            push(
                &mut names,
                "localhost",
                address.port(),
                address.port() == 80,
            );
        }
        Self(names)
    }

    fn contains(&self, host: &[u8]) -> bool {
        self.0
            .iter()
            .any(|name| name.as_bytes().eq_ignore_ascii_case(host))
    }
}

fn push(names: &mut Vec<String>, host: &str, port: u16, is_default: bool) {
    names.push(format!("{host}:{port}"));
    if is_default {
        names.push(host.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_answers_to_its_configured_names_only() {
        // sec: HT-3
        let settings = ServiceSettings::new("https://api.example", "http://panel.example:8443");
        let public = HostNames::new(&settings, "127.0.0.1:8080".parse().unwrap(), false);
        for (host, is_ours) in [
            ("api.example", true),
            ("API.Example", true),
            ("api.example:443", true),
            ("api.example:80", false),
            ("panel.example", false),
            ("panel.example:8443", true),
            ("127.0.0.1:8080", true),
            ("127.0.0.1", false),
            ("localhost:8080", true),
            ("localhost", false),
            ("evil.example", false),
            ("", false),
        ] {
            assert_eq!(public.contains(host.as_bytes()), is_ours, "{host}");
        }
        let internal = HostNames::new(&settings, "[::1]:9090".parse().unwrap(), true);
        for (host, is_ours) in [
            ("[::1]:9090", true),
            ("localhost:9090", true),
            ("api.example", false),
        ] {
            assert_eq!(internal.contains(host.as_bytes()), is_ours, "{host}");
        }
        let open = HostNames::new(&settings, "0.0.0.0:8080".parse().unwrap(), false);
        assert!(!open.contains(b"localhost:8080"));
    }
}
