//! Where mail is handed to, as one URL. The connection is encrypted unless it stays on this machine.

use std::{fmt, net::Ipv4Addr};

use gitflare_core::Secret;
use url::{Host, Url};

use super::value::Parsed;

const RULE: &str = "must be `smtps://user:password@host` (TLS from the start, port 465), or \
    `smtp://user:password@host` (STARTTLS, port 587), without path and query";

/// A server that takes mail.
#[derive(Clone)]
pub struct SmtpServer {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// Name and password, where it asks for them.
    pub credentials: Option<(String, Secret<String>)>,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte on.
    Wrapped,
    /// After STARTTLS, which the server must offer.
    StartTls,
    /// Not at all: the server is this machine.
    Loopback,
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

pub(super) fn server(text: &str) -> Parsed<SmtpServer> {
    let url = Url::parse(text).map_err(|_| RULE)?;
    let is_plain =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host().filter(|_| is_plain).ok_or(RULE)?;
    let is_loopback = match &host {
        // In a URL of this scheme an IPv4 address is a name like any other.
        Host::Domain(name) => {
            *name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let (tls, port) = match url.scheme() {
        "smtps" => (SmtpTls::Wrapped, 465),
        "smtp" if is_loopback => (SmtpTls::Loopback, 25),
        "smtp" => (SmtpTls::StartTls, 587),
        _ => return Err(RULE.into()),
    };
    let decoded = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8();
        text.map(std::borrow::Cow::into_owned).map_err(|_| RULE)
    };
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => {
            Some((decoded(user)?, Secret::new(decoded(password)?)))
        }
        _ => return Err("must have both user and password, or neither".into()),
    };
    Ok(SmtpServer {
        host: match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        },
        port: url.port().unwrap_or(port),
        tls,
        credentials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_leaves_the_machine_encrypted_or_not_at_all() {
        for (text, tls, port) in [
            ("smtps://u:p@mail.example", SmtpTls::Wrapped, 465),
            ("smtps://127.0.0.1:4650", SmtpTls::Wrapped, 4650),
            ("smtp://u:p@mail.example/", SmtpTls::StartTls, 587),
            ("smtp://localhost:2525", SmtpTls::Loopback, 2525),
            ("smtp://127.0.0.1:2525", SmtpTls::Loopback, 2525),
            ("smtp://10.0.0.7", SmtpTls::StartTls, 587),
            ("smtp://[::1]", SmtpTls::Loopback, 25),
        ] {
            let server = server(text).unwrap_or_else(|rule| panic!("{text} {rule}"));
            assert_eq!((server.tls, server.port), (tls, port), "{text}");
        }
        let server = server("smtps://a%40b:p%3Aq@mail.example").unwrap();
        let (user, password) = server.credentials.clone().unwrap();
        assert_eq!((user.as_str(), password.expose().as_str()), ("a@b", "p:q"));
        assert!(!format!("{server:?}").contains("p:q"));
        for text in [
            "mail.example",
            "http://mail.example",
            "smtp://u@h",
            "smtp://h?tls=none",
            "smtp:h",
        ] {
            assert!(super::server(text).is_err(), "{text}");
        }
    }
}
