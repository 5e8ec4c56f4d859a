//! Where apps hear of events: which URLs may be called, and the one client that calls them. It
//! follows no redirects, uses no proxies, and dials public addresses alone (SR-1 to SR-4).

use std::time::Duration;

use gitflare_core::{Error, Result, gateway::CallbackRules};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use tokio::time::Instant;
use url::Url;

use super::{Base, Failure, Http, HttpConfig, Submission, times::retry_after};

const MAX_URL: usize = 2048;
/// Endings that no public name has (RFC 6761, RFC 6762, RFC 7686, `internal` of ICANN, and what
/// routers and `/etc/hosts` files call their own).
const SPECIAL_USE: [&str; 11] = [
    "localhost",
    "localdomain",
    "localdomain6",
    "local",
    "internal",
    "intranet",
    "invalid",
    "onion",
    "lan",
    "home",
    "corp",
];
/// How long an app has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The client for callbacks.
#[derive(Clone, Debug)]
pub struct Callbacks {
    http: Http,
    /// The names by which this machine calls itself, in lower case.
    own_names: Vec<String>,
}

impl Callbacks {
    /// A client that may also call these `host:port`, private and plain http included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when one is not `host:port`.
    pub fn new(allowed_private: Vec<String>) -> Result<Self> {
        Self::within(allowed_private, TIMEOUT)
    }

    /// The same, and every port of this machine's loopback: for a gateway that serves it alone.
    ///
    /// # Errors
    /// As [`Callbacks::new`].
    pub fn with_loopback(allowed_private: Vec<String>) -> Result<Self> {
        Self::of(&HttpConfig {
            allowed_private,
            allow_loopback: true,
            first_byte_timeout: TIMEOUT,
            ..HttpConfig::default()
        })
    }

    /// The same as [`Callbacks::new`] with another time to answer.
    pub(super) fn within(allowed_private: Vec<String>, timeout: Duration) -> Result<Self> {
        Self::of(&HttpConfig {
            allowed_private,
            first_byte_timeout: timeout,
            ..HttpConfig::default()
        })
    }

    fn of(config: &HttpConfig) -> Result<Self> {
        Http::new(config).map(|http| Self {
            http,
            own_names: own_names(),
        })
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    /// Posts a delivery; the status of the answer, whose body nobody reads, and its `Retry-After`.
    ///
    /// # Errors
    /// One line for the log.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> std::result::Result<(u16, Option<Duration>), String> {
        let (base, url) = self
            .judge(url)
            .map_err(|error| error.message().to_owned())?;
        let mut map = HeaderMap::with_capacity(headers.len() + 2);
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        map.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gitflare/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            map.insert(HeaderName::from_static(name), value);
        }
        let submission = Submission {
            method: Method::POST,
            url,
            headers: map,
            body,
        };
        let sent = self
            .http
            .notify(&base, submission, Instant::now() + TIMEOUT);
        match sent.await {
            Ok((status, headers)) => {
                let seconds = retry_after(&headers).map(u64::from);
                Ok((status, seconds.map(Duration::from_secs)))
            }
            Err(Failure::Timeout) => Err("no answer in time".to_owned()),
            Err(Failure::Unreachable(error)) => Err(error),
            Err(Failure::TooLarge | Failure::RowTooLarge | Failure::ObjectTooLarge) => {
                Err("the answer is too large".to_owned())
            }
            Err(Failure::Unusable(error)) => Err(error.to_owned()),
        }
    }

    pub(super) fn judge(&self, text: &str) -> Result<(Base, Url)> {
        let refusal = |rule: &str| Error::invalid_request(format!("`callbackUrl` {rule}."));
        let is_plain = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || text.contains('\\') {
            return Err(refusal(
                "must be a URL of at most 2048 printable ASCII bytes",
            ));
        }
        let url = Url::parse(text).map_err(|_| refusal("is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refusal("must not have a user or a fragment"));
        }
        let mut origin = url.clone();
        origin.set_query(None);
        origin.set_path("/");
        let base = self.http.base(origin.as_str()).map_err(|_| {
            refusal("must be https on a public host, unless the operator allows this host and port (`GITFLARE_ALLOW_PRIVATE_CALLBACKS`)")
        })?;
        if base.is_private() {
            return Ok((base, url));
        }
        if url.port_or_known_default() != Some(443) {
            return Err(refusal("must use port 443"));
        }
        if self.stays_inside(url.host_str().unwrap_or_default()) {
            return Err(refusal(
                "must name a public host: this name leads nowhere from outside",
            ));
        }
        Ok((base, url))
    }
}

impl Callbacks {
    /// Whether a name can only lead to this machine or its own network, so that nothing could ever
    /// be delivered: it has one label, a special-use ending, or is the machine's own.
    fn stays_inside(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        let ending = host.rsplit('.').next().unwrap_or_default();
        !is_address
            && (!host.contains('.')
                || SPECIAL_USE.contains(&ending)
                || host.ends_with(".home.arpa")
                || self.own_names.contains(&host))
    }
}

/// The names of this machine, where the system tells them: its own, and those that `/etc/hosts` gives
/// to loopback, the whole one among them.
fn own_names() -> Vec<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    let mut names = loopback_names(&hosts);
    names.extend((!name.is_empty()).then_some(name));
    names
}

/// The names of loopback addresses in the text of a hosts file.
fn loopback_names(hosts: &str) -> Vec<String> {
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address: std::net::IpAddr = words.next()?.parse().ok()?;
            address.is_loopback().then_some(words)
        })
        .flatten()
        .map(str::to_ascii_lowercase)
        .collect()
}

impl CallbackRules for Callbacks {
    fn check(&self, url: &str) -> Result<()> {
        self.judge(url).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_own_name_is_refused_at_once() {
        // sec: SR-1
        let mut callbacks = Callbacks::new(Vec::new()).unwrap();
        callbacks.own_names = vec!["gateway.acme.example".to_owned()];
        assert!(
            callbacks
                .check("https://Gateway.Acme.example/hooks")
                .is_err()
        );
        assert!(callbacks.check("https://app.acme.example/hooks").is_ok());
    }

    #[test]
    fn what_the_hosts_file_gives_to_loopback_is_this_machine() {
        // sec: SR-1
        let hosts = "127.0.0.1 localhost\n127.0.1.1\tgw.Example.org gw # self\n\
                     ::1 ip6-localhost\n192.0.2.1 other.example\n# 127.0.0.1 no.example\n";
        let names = ["localhost", "gw.example.org", "gw", "ip6-localhost"];
        assert_eq!(loopback_names(hosts), names);
        let callbacks = Callbacks::new(Vec::new()).unwrap();
        for host in ["localhost.localdomain", "gw.lan", "gw.home", "gw.corp"] {
            assert!(
                callbacks.check(&format!("https://{host}/")).is_err(),
                "{host}"
            );
        }
    }

    #[test]
    fn a_gateway_for_this_machine_alone_calls_its_loopback() {
        let callbacks = Callbacks::with_loopback(Vec::new()).unwrap();
        for url in [
            "http://127.0.0.1:9000/hooks",
            "http://localhost:3000/hooks",
            "http://[::1]:8000/",
            "https://app.example/hooks",
        ] {
            assert!(callbacks.check(url).is_ok(), "{url}");
        }
        for url in [
            "http://10.0.0.1:9000/",
            "http://app.example/",
            "http://localhost.lan:80/",
        ] {
            assert!(callbacks.check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn callbacks_are_https_on_public_hosts() {
        // sec: SR-1
        let callbacks = Callbacks::new(vec!["127.0.0.1:9000".to_owned()]).unwrap();
        for url in [
            "https://app.example/hooks?tenant=1",
            "https://app.example:443/",
            "http://127.0.0.1:9000/hooks",
        ] {
            assert!(callbacks.check(url).is_ok(), "{url}");
        }
        let long = format!("https://app.example/{}", "x".repeat(2048));
        for url in [
            "",
            "app.example",
            "/hooks",
            "http://app.example/",
            "https://app.example:8443/",
            "https://app.example:80/",
            "ftp://app.example/",
            "javascript:alert(1)",
            "https://user@app.example/",
            "https://user:pass@app.example/",
            "https://app.example/#part",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "http://127.0.0.1:9001/hooks",
            "https:\\\\app.example\\",
            "https://app.example/ x",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://app.localhost/hooks",
            "https://printer.local/",
            "https://build-server/",
            "https://gateway.internal/",
            "https://app.example/\u{ff11}",
            &long,
        ] {
            let refused = callbacks.check(url);
            assert!(refused.is_err(), "{url}");
            assert!(
                refused.unwrap_err().message().contains("callbackUrl"),
                "{url}"
            );
        }
    }
}
