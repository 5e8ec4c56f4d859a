//! How the text of a setting becomes its value. A refusal completes the sentence "GITFLARE_X ..."
//! and never repeats the text, which may be a secret in the wrong place.

use std::{
    fmt,
    net::{Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use gitflare_core::{
    Secret,
    account_link::email_address,
    gateway::PublicClientRule,
    keys::{MIN_MASTER_KEY_LEN, MasterKey},
    provider::ProviderId,
    redirect_uri,
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use url::Url;

use crate::http::{InvalidNetwork, Network, SignUpMode};

/// A value, or the rule that its text breaks.
pub(super) type Parsed<T> = Result<T, String>;

/// The shortest admin key, in characters (IN-4).
const MIN_ADMIN_KEY_LEN: usize = 32;

/// Kind of the database.
#[derive(Clone, Debug)]
pub enum Database {
    /// SQLite files in the data folder.
    Sqlite,
    /// A PostgreSQL database, by its URL, which may hold a password.
    Postgres(Secret<String>),
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable text.
    Text,
    /// One JSON object a line.
    Json,
}

/// An `http` or `https` URL without credentials, query and fragment, kept without a final slash.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The URL without a final slash, to put a path behind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The URL in its parts.
    #[must_use]
    pub const fn as_url(&self) -> &Url {
        &self.0
    }

    /// The host and port that it leads to.
    pub(crate) fn host_port(&self) -> Option<String> {
        Some(format!(
            "{}:{}",
            self.0.host_str()?,
            self.0.port_or_known_default()?
        ))
    }

    /// `http` on an address that we listen on.
    #[must_use]
    pub fn of_listener(address: SocketAddr) -> Self {
        let url = Url::parse(&format!("http://{address}"));
        Self(url.expect("an address and a port make a valid URL"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A host name or address, in lower case, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host; an IPv6 address without its brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

pub(super) fn address(text: &str) -> Parsed<SocketAddr> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080".into())
}

pub(super) fn network(text: &str) -> Parsed<Network> {
    text.parse()
        .map_err(|error: InvalidNetwork| error.to_string())
}

pub(super) fn boolean(text: &str) -> Parsed<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be `true` or `false`".into()),
    }
}

pub(super) fn number<const MIN: u32, const MAX: u32>(text: &str) -> Parsed<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| digits && (MIN..=MAX).contains(number))
        .ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
}

pub(super) fn seconds<const MIN: u32, const MAX: u32>(text: &str) -> Parsed<Duration> {
    number::<MIN, MAX>(text).map(|number| Duration::from_secs(number.into()))
}

pub(super) fn milliseconds<const MIN: u32, const MAX: u32>(text: &str) -> Parsed<Duration> {
    number::<MIN, MAX>(text).map(|number| Duration::from_millis(number.into()))
}

pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    if text.contains('\0') {
        return Err("must be a path".into());
    }
    Ok(PathBuf::from(text))
}

pub(super) fn word(text: &str) -> Parsed<String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("must be printable ASCII without spaces".into())
    }
}

pub(super) fn email(text: &str) -> Parsed<String> {
    email_address(text).map_err(|_| "must be an e-mail address".into())
}

/// A contact as a URI (RFC 9116, section 2.5.3).
pub(super) fn contact(text: &str) -> Parsed<String> {
    let is_page = text.starts_with("https://") && url::Url::parse(text).is_ok();
    if is_page && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let address = text.strip_prefix("mailto:").unwrap_or(text);
    let address = email_address(address);
    let address = address.map_err(|_| "must be an e-mail address or begin with `https://`")?;
    Ok(format!("mailto:{address}"))
}

pub(super) fn line(text: &str) -> Parsed<String> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(text.to_owned())
    } else {
        Err("must be printable ASCII".into())
    }
}

pub(super) fn secret(text: &str) -> Parsed<Secret<String>> {
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".into());
    }
    Ok(Secret::from(text))
}

pub(super) fn database(text: &str) -> Parsed<Database> {
    let scheme = text.split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" if text == scheme => Ok(Database::Sqlite),
        "postgres" | "postgresql" => Ok(Database::Postgres(Secret::new(text.to_owned()))),
        _ => Err("must be `sqlite`, or `postgres://user:password@host/database`".into()),
    }
}

/// The rule of a list of provider ids.
pub(super) fn provider_rule() -> String {
    let ids: Vec<_> = ProviderId::BUILT_IN.iter().map(|id| id.as_str()).collect();
    format!(
        "must be a comma list of {} and the ids of instances",
        ids.join(", ")
    )
}

pub(super) fn provider(text: &str) -> Parsed<ProviderId> {
    ProviderId::parse(text).ok_or_else(provider_rule)
}

pub(super) fn host_port(text: &str) -> Parsed<HostPort> {
    let rule = || "must be a list of host:port, separated by commas".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(rule)?;
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port != 0);
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().map_err(|_| rule())?.to_string(),
        None => host.to_ascii_lowercase(),
    };
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    match port {
        Some(port) if is_name || bracketed.is_some() => Ok(HostPort { host, port }),
        _ => Err(rule()),
    }
}

pub(super) fn base_url(text: &str) -> Parsed<BaseUrl> {
    let rule = "must be an http or https URL without user name, query and fragment";
    let url = Url::parse(text).map_err(|_| rule)?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        // The parser would read `https:host` and `https:\\host` as if they were URLs.
        && text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"))
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'@'));
    if is_plain {
        Ok(BaseUrl(url))
    } else {
        Err(rule.into())
    }
}

pub(super) fn origin(text: &str) -> Parsed<BaseUrl> {
    let url = base_url(text)?;
    if url.0.path() == "/" {
        Ok(url)
    } else {
        Err("must have no path: everything is served from the root of its host".into())
    }
}

pub(super) fn sign_up(text: &str) -> Parsed<SignUpMode> {
    let mut modes = [SignUpMode::Open, SignUpMode::Invite, SignUpMode::Closed].into_iter();
    let found = modes.find(|mode| mode.as_str() == text);
    found.ok_or_else(|| "must be `open`, `invite` or `closed`".into())
}

pub(super) fn public_clients(text: &str) -> Parsed<PublicClientRule> {
    let host = text.to_ascii_lowercase();
    let is_name = |label: &str| !label.starts_with('-') && !label.ends_with('-');
    match text {
        "*" => Ok(PublicClientRule::AnyHost),
        "dynamic" => Ok(PublicClientRule::Registration),
        _ if host.contains('.') && redirect_uri::is_host(&host) && host.split('.').all(is_name) => {
            Ok(PublicClientRule::Host(host))
        }
        _ => Err("must be a list of host names, `*` and `dynamic`, separated by commas".into()),
    }
}

pub(super) fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be `text` or `json`".into()),
    }
}

pub(super) fn log_filter(text: &str) -> Parsed<Targets> {
    let rule = "must be a level (error, warn, info, debug, trace, off) or `target=level` pairs";
    for part in text.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        // The filter's own parser would take a misspelt level for the name of a target.
        LevelFilter::from_str(level).map_err(|_| rule)?;
    }
    text.parse().map_err(|_| rule.into())
}

/// `[id:]key`, the id being 1 when it is left out.
pub(crate) fn master_key(text: &str) -> Parsed<MasterKey> {
    let (id, key) = match text.split_once(':') {
        None => (1, text),
        Some((id, key)) => {
            let id = id.parse().ok().filter(|id| *id != 0);
            (id.ok_or("has an id that is not 1 to 255")?, key)
        }
    };
    refuse_sample(key.as_bytes())?;
    let bytes = key_bytes(key)
        .ok_or("must be hex or base64 (`openssl rand -base64 32` makes a good one)")?;
    if bytes.expose().len() < MIN_MASTER_KEY_LEN {
        return Err(format!(
            "must have at least {MIN_MASTER_KEY_LEN} bytes (`openssl rand -base64 32` makes a good one)"
        ));
    }
    refuse_sample(bytes.expose())?;
    MasterKey::new(id, bytes).map_err(|_| SAMPLE.into())
}

/// Hex when it reads as hex, else base64 in either alphabet, padded or not.
fn key_bytes(text: &str) -> Option<Secret<Vec<u8>>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        return hex::decode(text).ok().map(Secret::new);
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok())
        .map(Secret::new)
}

pub(super) fn admin_key(text: &str) -> Parsed<Secret<String>> {
    if text.len() < MIN_ADMIN_KEY_LEN {
        return Err(format!("must have at least {MIN_ADMIN_KEY_LEN} characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be printable ASCII without spaces, as it travels in a header".into());
    }
    refuse_sample(text.as_bytes())?;
    Ok(Secret::from(text))
}

const SAMPLE: &str = "is a sample value that everybody knows: use a random one";

/// Refuses what people copy from instructions or type in a hurry (KY-2).
fn refuse_sample(key: &[u8]) -> Parsed<()> {
    const WORDS: &[&str] = &[
        "changeme",
        "example",
        "sample",
        "placeholder",
        "password",
        "yoursecret",
        "yourkey",
        "adminkey",
        "masterkey",
        "secretkey",
        "abcdefgh",
        "qwertyui",
        "01234567",
        "12345678",
        "deadbeef",
        "replaceme",
        "insecure",
    ];
    let letters: String = key
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let repeats = (1..=key.len() / 2).any(|period| key[period..] == key[..key.len() - period]);
    if repeats || WORDS.iter().any(|word| letters.contains(word)) {
        return Err(SAMPLE.into());
    }
    Ok(())
}
