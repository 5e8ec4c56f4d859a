//! Documents by which clients say what they are, under an address that a stranger names: which addresses
//! may be asked, and the one client that asks them. What callbacks must not do it must not either; and
//! nothing of an answer but its bytes is used (MC-2).

use std::{net::SocketAddr, time::Duration};

use gitflare_core::{Error, Result};
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use tokio::time::Instant;
use url::{Host, Url};

use super::{Base, Callbacks, Expected, Failure};

/// How long a document may take, from the first look-up to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a document.
const MAX_BODY: usize = 64 * 1024;
/// The longest address.
const MAX_URL: usize = 512;
/// How long a document is good for, at least and at most, whatever its headers say.
const MIN_AGE: Duration = Duration::from_secs(60);
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// The client for documents.
#[derive(Clone, Debug)]
pub struct Documents {
    client: Callbacks,
    stand_ins: Vec<(String, SocketAddr)>,
}

/// A document as it was found.
#[derive(Clone, Debug)]
pub struct FoundDocument {
    /// Its bytes, which nobody has looked at.
    pub body: Vec<u8>,
    /// How long it is good for: 1 minute to 24 hours.
    pub good_for: Duration,
}

impl Documents {
    /// A client that asks these hosts at the address beside each, in plain http, and only there.
    ///
    /// # Errors
    /// None but what the system refuses.
    pub fn new(stand_ins: Vec<(String, SocketAddr)>) -> Result<Self> {
        let allowed = stand_ins.iter().map(|(_, address)| address.to_string());
        Ok(Self {
            client: Callbacks::within(allowed.collect(), TIMEOUT)?,
            stand_ins,
        })
    }

    /// The host of an address that a document may have: `https` with a path, on a public host by its
    /// name, written in the one way that a parser writes it back.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `client_id`.
    pub fn check(&self, text: &str) -> Result<String> {
        self.judge(text).map(|(host, ..)| host)
    }

    fn judge(&self, text: &str) -> Result<(String, Base, Url)> {
        let refusal = |rule: &str| Error::invalid_request(format!("`client_id` {rule}."));
        let url = match Url::parse(text) {
            Ok(url) if text.len() <= MAX_URL && url.as_str() == text => url,
            _ => return Err(refusal("must be a plain URL of at most 512 bytes")),
        };
        let Some(Host::Domain(host)) = url.host() else {
            return Err(refusal("must name its host"));
        };
        let host = host.to_owned();
        let is_plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
            && url.port().is_none();
        if !is_plain || url.path() == "/" {
            return Err(refusal(
                "must be https with a path, without user, port and fragment",
            ));
        }
        let mut stand_ins = self.stand_ins.iter();
        let address = match stand_ins.find(|(name, _)| *name == host) {
            Some((_, address)) => format!("http://{address}{}", &url[url::Position::BeforePath..]),
            None => text.to_owned(),
        };
        let judged = self.client.judge(&address);
        let (base, url) = judged.map_err(|_| refusal("must lead to a public host"))?;
        Ok((host, base, url))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// One line that says why there is none, without a word of the answer.
    pub async fn fetch(&self, text: &str) -> std::result::Result<FoundDocument, &'static str> {
        let (_, base, url) = self
            .judge(text)
            .map_err(|_| "its address may not be asked")?;
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gitflare/", env!("CARGO_PKG_VERSION"))),
        );
        let expected = Expected::Text(MAX_BODY);
        let deadline = Instant::now() + TIMEOUT;
        let asked = self.client.http();
        let asked = asked.get_once(&base, url, &headers, expected, deadline);
        let reply = asked.await.map_err(|failure| match failure {
            Failure::Timeout => "it did not arrive in time",
            Failure::TooLarge | Failure::RowTooLarge | Failure::ObjectTooLarge => {
                "it has more than 64 KiB"
            }
            Failure::Unreachable(_) => "its host was not reached",
            Failure::Unusable(_) => "its answer cannot be used",
        })?;
        if reply.status != 200 {
            return Err("its host did not answer with 200");
        }
        if !is_json(&reply.headers) {
            return Err("it is not `application/json`");
        }
        Ok(FoundDocument {
            good_for: good_for(&reply.headers),
            body: reply.body,
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = value
        .and_then(|it| it.split(';').next())
        .unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// `max-age` within the bounds; the least where there is none, or nothing may be kept.
fn good_for(headers: &HeaderMap) -> Duration {
    let lists = headers.get_all(CACHE_CONTROL).iter();
    let lists: Vec<_> = lists.filter_map(|value| value.to_str().ok()).collect();
    let directives = || lists.iter().flat_map(|list| list.split(',')).map(str::trim);
    if directives().any(|it| matches!(it, "no-store" | "no-cache")) {
        return MIN_AGE;
    }
    let seconds = directives().find_map(|it| it.strip_prefix("max-age=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).clamp(MIN_AGE, MAX_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_may_be_asked_is_a_client() {
        // sec: MC-2
        let documents = Documents::new(Vec::new()).unwrap();
        let long = format!("https://agent.example/{}", "x".repeat(500));
        for text in [
            "",
            "agent",
            "http://agent.example/client.json",
            "HTTPS://agent.example/client.json",
            "https://agent.example",
            "https://agent.example/",
            "https://Agent.example/client.json",
            "https://agent.example:443/client.json",
            "https://agent.example:8443/client.json",
            "https://user@agent.example/client.json",
            "https://user:pw@agent.example/client.json",
            "https://agent.example/client.json#x",
            "https://agent.example/a/../client.json",
            "https://agent.example/./client.json",
            "https://agent.example\\client.json",
            "https:agent.example/client.json",
            "https:///agent.example/client.json",
            " https://agent.example/client.json",
            "https://agent.example/client.json ",
            "https://agent.example/cl\nient.json",
            "https://\u{430}gent.example/client.json",
            "https://127.0.0.1/client.json",
            "https://127.1/client.json",
            "https://2130706433/client.json",
            "https://0x7f.1/client.json",
            "https://[::1]/client.json",
            "https://[::ffff:127.0.0.1]/client.json",
            "https://169.254.169.254/latest/meta-data",
            "https://8.8.8.8/client.json",
            "https://localhost/client.json",
            "https://agent.localhost/client.json",
            "https://agent/client.json",
            "https://db.internal/client.json",
            "https://printer.local/client.json",
            "https://router.lan/client.json",
            "ftp://agent.example/client.json",
            "javascript:alert(1)",
            "data:application/json,{}",
            "file:///etc/passwd",
            &long,
        ] {
            assert!(documents.check(text).is_err(), "{text:?}");
        }
        for (text, host) in [
            ("https://agent.example/client.json", "agent.example"),
            ("https://agent.example/a/b?v=1", "agent.example"),
            ("https://xn--gent-43d.example/c", "xn--gent-43d.example"),
        ] {
            assert_eq!(documents.check(text).unwrap(), host);
        }
    }

    #[test]
    fn a_stand_in_is_asked_for_its_host_alone() {
        let address = "127.0.0.1:9".parse().unwrap();
        let documents = Documents::new(vec![("agent.localhost".to_owned(), address)]).unwrap();
        let judged = documents.judge("https://agent.localhost/a?b=1").unwrap();
        assert_eq!(judged.2.as_str(), "http://127.0.0.1:9/a?b=1");
        assert!(documents.check("https://other.localhost/a").is_err());
        assert!(documents.check("http://127.0.0.1:9/a").is_err());
    }

    #[test]
    fn headers_say_how_long_within_bounds() {
        for (value, seconds) in [
            (None, 60),
            (Some("max-age=3600"), 3600),
            (Some("public, max-age=5"), 60),
            (Some("max-age=99999999999"), 86_400),
            (Some("max-age=600, no-store"), 60),
            (Some("max-age=-1"), 60),
            (Some("max-age=600x"), 60),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            assert_eq!(good_for(&headers).as_secs(), seconds, "{value:?}");
        }
    }
}
