//! Which redirect URIs an app may register. The raw text is judged, never a parsed and re-written
//! form: parsers map hostile inputs onto clean URLs. Matching at authorization is byte equality.

/// Right ones, for the end of a refusal.
pub(crate) const EXAMPLES: &str = "A right one is `https://app.example.com/callback`, or, for an app on its user's own \
                                   computer, `http://127.0.0.1:8000/callback`.";

const MAX_LEN: usize = 2048;
/// The most bytes of a host's name, and of a label of it (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// Judges a URI to be registered; the error completes the sentence "the URI ...".
///
/// Accepted are `https`, and `http` on the literal loopback addresses (RFC 8252, section 7.3); in
/// development also on `localhost`, a name that could be made to lead elsewhere.
///
/// # Errors
/// The rule that it breaks (RU-1).
pub fn check(uri: &str, allows_localhost: bool) -> Result<(), &'static str> {
    if uri.len() > MAX_LEN {
        return Err("must have at most 2048 bytes");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be printable ASCII without spaces");
    }
    if uri.contains('#') {
        return Err("must not hold a fragment (`#`)");
    }
    if uri.contains('*') {
        return Err("must be written out: a wildcard (`*`) matches nothing");
    }
    if uri.contains(['\\', '"', '<', '>', '^', '`', '{', '|', '}']) {
        return Err(
            "must not hold a backslash, a quote, a bracket or another character that URIs escape",
        );
    }
    if !is_percent_encoded(uri) {
        return Err("must hold `%` only before two hexadecimal digits");
    }
    let (rest, loopback_only) = match (uri.strip_prefix("https://"), uri.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => {
            return Err("must begin with `https://` (or `http://` on 127.0.0.1 or [::1])");
        }
    };
    let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path_and_query) = rest.split_at(authority_len);
    check_authority(authority, loopback_only, allows_localhost)?;
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    check_path(path)?;
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        if ["code", "state", "error", "iss"].contains(&decoded(name).as_str()) {
            return Err(
                "must not have a query parameter `code`, `state`, `error` or `iss`: the answer adds these",
            );
        }
    }
    Ok(())
}

/// Whether a URI that was sent may be used because this one is registered: byte equality, but for
/// the port of a literal loopback address, which a native app cannot know beforehand (RU-2, RU-3).
#[must_use]
pub fn matches(registered: &str, sent: &str) -> bool {
    registered == sent
        || match (without_port(registered), without_port(sent)) {
            (Some(registered), Some(sent)) => registered == sent,
            _ => false,
        }
}

/// As [`matches()`], for a client that is installed on people's computers: there the port of
/// `localhost` is free as well.
#[must_use]
pub fn matches_installed(registered: &str, sent: &str) -> bool {
    matches(registered, sent)
        || match (
            without_port_at("http://localhost", registered),
            without_port_at("http://localhost", sent),
        ) {
            (Some(registered), Some(sent)) => registered == sent,
            _ => false,
        }
}

/// Whether a URI that [`check`] has accepted leads to the computer of whoever follows it, whatever its
/// scheme.
#[must_use]
pub fn is_this_computer(uri: &str) -> bool {
    let host = origin(uri).split_once("://").map_or("", |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_here = name.parse::<std::net::IpAddr>().is_ok_and(|address| {
        let address = address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    });
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    is_here || name == "localhost" || name.ends_with(".localhost")
}

/// Whether a text is a host as everybody reads it: labels of 1 to 63 letters, digits and hyphens, 253 bytes
/// in all (RFC 1035, section 2.3.4). Browsers take one that ends in a number for an IPv4 address, also in
/// notations that hide which (<https://url.spec.whatwg.org/#ends-in-a-number-checker>): of those only
/// the dotted decimal one is a host here.
#[must_use]
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let digits = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    text.len() <= MAX_HOST
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.split('.').all(is_label)
        && (!is_number || text.parse::<std::net::Ipv4Addr>().is_ok())
}

/// A URI on a literal loopback address as host and rest, without the port between them.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|host| without_port_at(host, uri))
}

/// A URI on that host as host and rest, without the port between them.
fn without_port_at<'u>(host: &'static str, uri: &'u str) -> Option<(&'static str, &'u str)> {
    let rest = uri.strip_prefix(host)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, path) = rest.split_at(end);
    let is_port = match port.strip_prefix(':') {
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u16>().is_ok_and(|port| port > 0)
        }
        None => port.is_empty(),
    };
    is_port.then_some((host, path))
}

/// The origin of a URI that [`check`] has accepted: scheme, host and port as written.
#[must_use]
pub fn origin(uri: &str) -> &str {
    let authority = uri.find("://").map_or(0, |at| at + 3);
    let end = uri[authority..]
        .find(['/', '?'])
        .map_or(uri.len(), |at| authority + at);
    &uri[..end]
}

const NO_IPV6: &str = "must have an IPv6 address between the brackets of its host";
const NO_PORT: &str = "must have a number up to 65535 as its port, or no colon after the host";

fn check_authority(
    authority: &str,
    loopback_only: bool,
    allows_localhost: bool,
) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("must not hold a user name or password");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(NO_IPV6)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| NO_IPV6)?;
            (
                &authority[..address.len() + 2],
                port.strip_prefix(':').or(port.is_empty().then_some("0")),
            )
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("0")),
        },
    };
    let port = port.ok_or(NO_PORT)?;
    if !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err() {
        return Err(NO_PORT);
    }
    let is_loopback =
        matches!(host, "127.0.0.1" | "[::1]") || (allows_localhost && host == "localhost");
    if loopback_only && host == "localhost" && !is_loopback {
        return Err(
            "must name `127.0.0.1` or `[::1]` in the place of `localhost`, which can lead elsewhere",
        );
    }
    if loopback_only && !is_loopback {
        return Err("must use https, except on 127.0.0.1 or [::1]");
    }
    if is_host(host) || host.starts_with('[') {
        Ok(())
    } else {
        Err(
            "must have a host after `//`: a name of letters, digits and hyphens between dots, or an IP address as \
             usually written",
        )
    }
}

/// Whether every `%` begins an escape (RFC 3986, section 2.1).
fn is_percent_encoded(uri: &str) -> bool {
    let is_escape = |rest: &str| {
        let mut digits = rest.bytes().take(2).filter(u8::is_ascii_hexdigit);
        digits.next().is_some() && digits.next().is_some()
    };
    uri.split('%').skip(1).all(is_escape)
}

fn check_path(path: &str) -> Result<(), &'static str> {
    for segment in path.split('/') {
        // `..;` is a dot segment to some servers: parameters are cut off before comparing.
        let segment = decoded(segment);
        let name = segment.split(';').next().unwrap_or_default();
        if matches!(name, "." | "..")
            || segment.contains(['/', '\\'])
            || segment.chars().any(char::is_control)
        {
            return Err("must not hold dot segments, plain or encoded");
        }
    }
    Ok(())
}

/// Percent-decoded until nothing changes: a server may decode more than once.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let once = percent_encoding::percent_decode_str(&text)
            .decode_utf8_lossy()
            .into_owned();
        if once == text {
            return text;
        }
        text = once;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_is_known_whatever_the_scheme() {
        // sec: MC-4
        for (uri, expected) in [
            ("http://127.0.0.1:8000/cb", true),
            ("http://localhost/cb", true),
            ("http://[::1]:8000/cb", true),
            ("https://localhost/cb", true),
            ("https://LOCALHOST.:8443/cb", true),
            ("https://app.localhost/cb", true),
            ("https://127.0.0.2/cb", true),
            ("https://[::ffff:127.0.0.1]/cb", true),
            ("https://0.0.0.0/cb", true),
            ("https://[::]/cb", true),
            ("https://app.example/cb", false),
            ("https://localhost.evil.example/cb", false),
            ("https://127.0.0.1.evil.example/cb", false),
            ("https://evil.example/localhost", false),
        ] {
            assert_eq!(is_this_computer(uri), expected, "{uri}");
        }
    }

    #[test]
    fn https_and_literal_loopback_can_be_registered() {
        let longest = format!("https://{}.example/cb", "a".repeat(63));
        for uri in [
            &longest,
            "https://192.0.2.1/cb",
            "https://127.0.0.1.example/cb",
            "https://0xa.example/cb",
            "https://app.example/callback",
            "https://app.example:8443/a/b?tenant=1",
            "https://app.example",
            "https://[2001:db8::1]/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:8000/cb",
            "http://[::1]:8000/cb",
            "https://xn--e1afmkfd.example/cb",
        ] {
            assert_eq!(check(uri, false), Ok(()), "{uri}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        // sec: RU-1
        let long = format!("https://a.example/{}", "x".repeat(2048));
        let label = format!("https://{}.example/cb", "a".repeat(64));
        let host = format!("https://{}example/cb", "a.".repeat(124));
        for uri in [
            &label,
            &host,
            // To browsers all of these are this computer, or the host that they hide.
            "https://2130706433/cb",
            "https://127.1/cb",
            "https://0x7f000001/cb",
            "https://0x7F.1/cb",
            "https://a.0x/cb",
            "https://0177.0.0.1/cb",
            "https://127.0.0.01/cb",
            "https://1.2.3.4.5/cb",
            "https://a.example.1/cb",
            "https://256.0.0.1/cb",
            "",
            "https:evil.example",
            "https:/evil.example",
            "https:///cb",
            "https://",
            "https://?x",
            "//evil.example/cb",
            "/cb",
            "cb",
            "HTTPS://a.example/cb",
            "hTTps://a.example/cb",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "ftp://a.example/cb",
            "myapp://cb",
            "http://a.example/cb",
            "http://localhost/cb",
            "http://127.0.0.2/cb",
            "http://127.1/cb",
            "http://2130706433/cb",
            "http://[::2]/cb",
            "http://127.0.0.1.evil.example/cb",
            "https://good.example\\@evil.example/cb",
            "https://good.example@evil.example/cb",
            "https://a@b@c/cb",
            "https://user:pass@a.example/cb",
            "https://a.example/cb#fragment",
            "https://a.example/cb#",
            "https://*.example/cb",
            "https://a.example/*",
            "https://a.example/../cb",
            "https://a.example/a/../cb",
            "https://a.example/./cb",
            "https://a.example/..",
            "https://a.example/%2e%2e/cb",
            "https://a.example/%2E./cb",
            "https://a.example/%252e%252e/cb",
            "https://a.example/..;/cb",
            "https://a.example/..%3b/cb",
            "https://a.example/a%2f..%2fb",
            "https://a.example/a%5cb",
            "https://a.example/a%00",
            "https://a.example/a%0d%0ab",
            " https://a.example/cb",
            "https://a.example/cb ",
            "https://a.example/c b",
            "https://a.example/c\tb",
            "https://a.example/c\nb",
            "https://a.example/c\rb",
            "https://a.example/c\0b",
            "https://а.example/cb",
            "https://a.example/ñ",
            "https://a.example:/cb",
            "https://a.example:x/cb",
            "https://a.example:99999/cb",
            "https://a.example:80:80/cb",
            "https://[::1/cb",
            "https://[zz]/cb",
            "https://[::1]x/cb",
            "https://.example/cb",
            "https://a..example/cb",
            "https://a.example./cb",
            "https://a_b.example/cb",
            "https://a.example/cb?code=1",
            "https://a.example/cb?x=1&state=2",
            "https://a.example/cb?error",
            "https://a.example/cb?iss=x",
            "https://a.example/cb?%63ode=1",
            "https://a.example/%zz",
            "https://a.example/%",
            "https://a.example/cb?x=%4",
            "https://a.example/%%41",
            &long,
        ] {
            assert!(check(uri, false).is_err(), "{uri:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_rule_and_examples_are_right() {
        for (uri, said) in [
            ("https://a.example/cb#x", "fragment"),
            ("https://*.example/cb", "wildcard"),
            ("https://a.example/<cb>", "bracket"),
            ("http://a.example/cb", "must use https"),
            ("http://localhost/cb", "`127.0.0.1`"),
            (
                "https://a_b.example/cb",
                "a name of letters, digits and hyphens",
            ),
            ("https://a.example:x/cb", "port"),
            ("https://[zz]/cb", "IPv6"),
            ("https://a.example/cb?state=1", "`state`"),
            ("https://u:p@a.example/cb", "user name"),
            ("myapp://cb", "must begin with `https://`"),
        ] {
            let rule = check(uri, false).unwrap_err();
            assert!(rule.contains(said), "{uri}: {rule}");
        }
        let examples = EXAMPLES.split('`').skip(1).step_by(2);
        assert_eq!(
            examples.map(|uri| check(uri, false)).collect::<Vec<_>>(),
            [Ok(()); 2]
        );
    }

    #[test]
    fn localhost_is_for_development() {
        // sec: RU-1
        for uri in ["http://localhost/cb", "http://localhost:3000/cb"] {
            assert_eq!(check(uri, true), Ok(()), "{uri}");
            assert!(check(uri, false).is_err(), "{uri}");
        }
        for uri in ["http://localhost.evil.example/cb", "http://a.example/cb"] {
            assert!(check(uri, true).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_uri_matches_byte_for_byte_but_for_a_loopback_port() {
        // sec: RU-2, RU-3
        let web = "https://a.example/cb?x=1";
        let native = "http://127.0.0.1:8000/cb?x=1";
        for (registered, sent, expected) in [
            (web, web, true),
            (web, "https://a.example/cb", false),
            (web, "https://a.example:443/cb?x=1", false),
            (web, "https://A.example/cb?x=1", false),
            (web, " https://a.example/cb?x=1", false),
            (web, "https://a.example/a/../cb?x=1", false),
            (web, "https:a.example/cb?x=1", false),
            (web, "https://a.example/c%62?x=1", false),
            (native, "http://127.0.0.1:51234/cb?x=1", true),
            (native, "http://127.0.0.1/cb?x=1", true),
            (native, "http://127.0.0.1:0/cb?x=1", false),
            (native, "http://127.0.0.1:99999/cb?x=1", false),
            (native, "http://127.0.0.1:+80/cb?x=1", false),
            (native, "http://127.0.0.1:/cb?x=1", false),
            (native, "http://127.0.0.1:80:80/cb?x=1", false),
            (native, "http://127.0.0.1:8000/cb?x=2", false),
            (native, "http://127.0.0.1:8000/cb/?x=1", false),
            (native, "https://127.0.0.1:8000/cb?x=1", false),
            (native, "http://localhost:8000/cb?x=1", false),
            (native, "http://[::1]:8000/cb?x=1", false),
            (native, "http://127.0.0.1:8000@evil.example/cb?x=1", false),
            (native, "http://127.0.0.1.evil.example/cb?x=1", false),
            ("http://[::1]/cb", "http://[::1]:9/cb", true),
            ("http://localhost:1/cb", "http://localhost:2/cb", false),
        ] {
            assert_eq!(matches(registered, sent), expected, "{registered} {sent}");
        }
    }

    #[test]
    fn an_installed_client_listens_at_any_port_of_its_host() {
        // sec: MC-3
        for (registered, sent, expected) in [
            ("http://localhost/cb", "http://localhost:9/cb", true),
            ("http://localhost:1/cb", "http://localhost:2/cb", true),
            ("http://localhost/cb", "http://localhost:9/other", false),
            ("http://localhost/cb", "http://127.0.0.1:9/cb", false),
            (
                "http://localhost/cb",
                "http://localhost.evil.example/cb",
                false,
            ),
            (
                "http://localhost/cb",
                "http://localhost:9@evil.example/cb",
                false,
            ),
            ("http://localhost/cb", "https://localhost:9/cb", false),
            ("http://localhost/cb", "http://localhost:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:9/cb", true),
            ("https://a.example/cb", "https://a.example:9/cb", false),
        ] {
            assert_eq!(matches_installed(registered, sent), expected, "{sent}");
        }
    }

    #[test]
    fn an_origin_ends_where_the_path_begins() {
        for (uri, expected) in [
            ("https://a.example/cb?x", "https://a.example"),
            ("https://a.example:8443?x", "https://a.example:8443"),
            ("http://[::1]:80/", "http://[::1]:80"),
            ("https://a.example", "https://a.example"),
        ] {
            assert_eq!(origin(uri), expected);
        }
    }
}
