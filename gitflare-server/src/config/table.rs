//! Every setting as one row: variable, default, whether it is a secret, how it is read, what it
//! means. The typed [`Config`], the flags, the keys of `gitflare.toml`, `--help` and
//! `gitflare check` all come from these rows; nothing else names a variable.
//!
//! To add a setting: add its row. Its flag and its key in the file follow from the variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use gitflare_core::{
    Secret,
    gateway::PublicClientRule,
    keys::MasterKey,
    provider::{ProviderId, ProviderKind},
};
use tracing_subscriber::filter::Targets;

use super::{
    given::Reader,
    setting::{
        Derived,
        Fallback::{self, Text, Words},
        Setting,
    },
    smtp::{self, SmtpServer},
    value::{self, BaseUrl, Database, HostPort, LogFormat},
};
use crate::http::{Network, SignUpMode};

impl Setting {
    /// The row of that variable, flag (`--listen`) or key of the file (`listen`).
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SETTINGS
            .iter()
            .copied()
            .flatten()
            .find(|row| match name.strip_prefix("--") {
                Some(flag) => row.flag() == flag,
                None => row.variable == name || row.key() == name,
            })
    }

    /// Whether it is about the upstream of one provider.
    #[must_use]
    pub(crate) fn is_of_upstream(&self) -> bool {
        let mut rows = UPSTREAMS.iter().flat_map(|it| &it.rows);
        rows.any(|row| row.variable == self.variable)
    }

    /// Every row, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SETTINGS.iter().copied().flatten()
    }
}

macro_rules! settings {
    ($($field:ident: $type:ty, $shape:ident $parse:expr, $variable:literal, $default:expr, $show:ident, $meaning:literal;)*) => {
        /// Every setting, parsed and checked.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(#[doc = $meaning] pub $field: $type,)*
            /// What is set about each provider's upstream: in the order of [`ProviderId::BUILT_IN`], then
            /// the further instances by id.
            pub upstreams: Vec<Upstream>,
        }

        const GENERAL: &[Setting] = &[$(Setting {
            variable: $variable,
            fallback: $default,
            is_secret: show::$show.0,
            is_switch: show::$show.1,
            words: show::$show.2,
            meaning: $meaning,
        },)*];

        impl Config {
            /// Reads every row; `None` when the reader has noted a problem.
            pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
                $(let $field: Option<$type> =
                    Setting::find($variable).and_then(|row| reader.$shape(row, $parse));)*
                let upstreams = UPSTREAMS.iter().map(|rows| Upstream::read(rows, reader)).collect();
                Some(Self { $($field: $field?,)* upstreams })
            }
        }
    };
}

/// (is a secret, is a switch, the words of a closed set)
mod show {
    type Show = (bool, bool, &'static [&'static str]);

    pub(super) const PLAIN: Show = (false, false, &[]);
    pub(super) const SECRET: Show = (true, false, &[]);
    pub(super) const SWITCH: Show = (false, true, &["true", "false"]);
    pub(super) const SIGN_UP: Show = (false, false, &["open", "invite", "closed"]);
    pub(super) const LOG_FORMAT: Show = (false, false, &["text", "json"]);
}

settings! {
    listen: SocketAddr, one value::address, "GITFLARE_LISTEN", Text("127.0.0.1:8080"), PLAIN,
        "Listen address.";
    public_url: Option<BaseUrl>, maybe value::origin, "GITFLARE_PUBLIC_URL", Fallback::Derived(Derived::PublicUrl), PLAIN,
        "Base URL of the API; from the listen address when unset.";
    panel_url: Option<BaseUrl>, maybe value::origin, "GITFLARE_PANEL_URL", Fallback::Derived(Derived::PanelUrl), PLAIN,
        "Base URL of the hosted pages; from the listen address when unset.";
    data_dir: PathBuf, one value::path, "GITFLARE_DATA_DIR", Text("./gitflare-data"), PLAIN,
        "Folder of the SQLite files and the generated keys.";
    database: Database, one value::database, "GITFLARE_DATABASE_URL", Text("sqlite"), SECRET,
        "Where everything is kept: `sqlite`, in the data folder, or `postgres://user:password@host/database`, which several nodes can share.";
    master_keys: Vec<MasterKey>, list value::master_key, "GITFLARE_MASTER_KEY", Words("made on the first start, in the data folder"), SECRET,
        "Encrypts provider tokens and derives cursor keys: 32 bytes or more as hex or base64; made on the first start when unset.";
    admin_keys: Vec<Secret<String>>, list value::admin_key, "SGG_ADMIN_API_KEY", Words("made on the first start, in the data folder"), SECRET,
        "The admin key, 32 characters or more, or several during a rotation; made on the first start and printed once when unset.";
    enforce_platform_auth: bool, one value::boolean, "ENFORCE_PLATFORM_AUTH", Text("true"), SWITCH,
        "`false` lets a connection's id stand for a credential (legacy mode).";
    allow_public_legacy: bool, one value::boolean, "GITFLARE_ALLOW_PUBLIC_LEGACY", Text("false"), SWITCH,
        "Allows legacy mode on a listen address that is not loopback.";
    internal_listen: Option<SocketAddr>, maybe value::address, "GITFLARE_INTERNAL_LISTEN", Words("none"), PLAIN,
        "A second, loopback-only listener that serves `/v1/connections*` without a key.";
    testapp: bool, one value::boolean, "GITFLARE_TESTAPP", Text("false"), SWITCH,
        "Serves `/testapp`.";
    dev: bool, one value::boolean, "GITFLARE_DEV", Text("false"), SWITCH,
        "Cookies on plain http and `http://localhost` redirect URIs; on loopback only.";
    providers: Vec<ProviderId>, list value::provider, "GITFLARE_PROVIDERS", Text("github,gitlab,bitbucket,azure,gitflic,gitea,bitbucket-dc,local"), PLAIN,
        "Provider ids, separated by commas; the others are disabled.";
    allow_private_upstreams: Vec<HostPort>, list value::host_port, "GITFLARE_ALLOW_PRIVATE_UPSTREAMS", Words("none"), PLAIN,
        "host:port list of upstreams that may have private or loopback addresses, http included.";
    allow_private_callbacks: Vec<HostPort>, list value::host_port, "GITFLARE_ALLOW_PRIVATE_CALLBACKS", Words("none"), PLAIN,
        "host:port list of event callbacks that may have private or loopback addresses, http included.";
    trusted_proxies: Vec<Network>, list value::network, "GITFLARE_TRUSTED_PROXIES", Words("none"), PLAIN,
        "The proxies whose `X-Forwarded-For` is believed: IP addresses and networks, such as 10.0.0.0/8, separated by commas.";
    sign_up: Option<SignUpMode>, maybe value::sign_up, "GITFLARE_SIGNUP", Fallback::Derived(Derived::SignUp), SIGN_UP,
        "Who may make a developer account: `open`, `invite` (whom somebody with the admin key invites) or `closed` (links of `gitflare user create` alone); open while both base URLs are loopback, else closed.";
    smtp: Option<SmtpServer>, maybe smtp::server, "GITFLARE_SMTP_URL", Words("none: no mail is sent"), SECRET,
        "The mail server that takes links for new passwords: `smtps://user:password@host`, or `smtp://` with STARTTLS; unset, no mail is sent.";
    smtp_from: Option<String>, maybe value::email, "GITFLARE_SMTP_FROM", Words("none"), PLAIN,
        "The address that such mail comes from; needed beside GITFLARE_SMTP_URL.";
    security_contact: Option<String>, maybe value::contact, "GITFLARE_SECURITY_CONTACT", Words("none: no security.txt"), PLAIN,
        "Where people report a vulnerability of this installation, for `/.well-known/security.txt`: an e-mail address, or an address that begins with `https://`.";
    mcp_clients: Vec<PublicClientRule>, list value::public_clients, "GITFLARE_MCP_CLIENTS", Words("none"), PLAIN,
        "Which agents may sign people in without being registered here: hosts of client id metadata documents, separated by commas, or `*` for all; `dynamic` lets agents register themselves. None when unset.";
    rate_limit_per_minute: u32, one value::number::<0, 1_000_000>, "GITFLARE_RATE_LIMIT_PER_MINUTE", Text("6000"), PLAIN,
        "Reads per access token and minute, four times that per client and per address; 0 switches it off.";
    usage_retention_days: u32, one value::number::<0, 36_500>, "GITFLARE_USAGE_RETENTION_DAYS", Text("90"), PLAIN,
        "Days that usage rows are kept; 0 keeps them without end.";
    audit_retention_days: u32, one value::number::<30, 36_500>, "GITFLARE_AUDIT_RETENTION_DAYS", Text("400"), PLAIN,
        "Days that rows of the security audit are kept, 30 at least.";
    cursor_ttl: Duration, one value::seconds::<60, 86_400>, "GITFLARE_CURSOR_TTL_SECONDS", Text("3600"), PLAIN,
        "Seconds that a cursor lives, 60 to 86400.";
    token_ttl: Duration, one value::seconds::<60, 86_400>, "GITFLARE_TOKEN_TTL_SECONDS", Text("3600"), PLAIN,
        "Seconds that an access token lives, 60 to 86400.";
    upstream_timeout: Duration, one value::milliseconds::<100, 600_000>, "GITFLARE_UPSTREAM_TIMEOUT_MS", Text("10000"), PLAIN,
        "Milliseconds to the first byte of an upstream call; a whole read ends within 2.5 times that.";
    local_root: Option<PathBuf>, maybe value::path, "GITFLARE_LOCAL_ROOT", Words("none: `local` is not served"), PLAIN,
        "Folder of git repositories served by the provider `local`.";
    github_app_slug: Option<String>, maybe value::word, "GITFLARE_GITHUB_APP_SLUG", Words("none: the client is an OAuth App's"), PLAIN,
        "Slug of the GitHub App that the GitHub client id belongs to.";
    azure_suppress_redirect: bool, one value::boolean, "GITFLARE_AZURE_SUPPRESS_REDIRECT", Text("true"), SWITCH,
        "`false` leaves out `X-TFS-FedAuthRedirect: Suppress`, with which tenants with Conditional Access refuse some valid tokens.";
    gitflic_user_agent: Option<String>, maybe value::line, "GITFLARE_GITFLIC_USER_AGENT", Words(concat!("gitflare/", env!("CARGO_PKG_VERSION"))), PLAIN,
        "How the gateway names itself to GitFlic, whose filter has refused agents that look like bare libraries; `gitflare/<version>` when unset.";
    log: Targets, one value::log_filter, "GITFLARE_LOG", Text("info"), PLAIN,
        "Log filter: a level, or `target=level` pairs, separated by commas.";
    log_format: LogFormat, one value::log_format, "GITFLARE_LOG_FORMAT", Text("text"), LOG_FORMAT,
        "`text`, or `json` for JSON lines.";
}

/// Settings of one provider's upstream.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// The id of the instance.
    pub provider: ProviderId,
    /// Kind of API that it speaks.
    pub kind: ProviderKind,
    /// Its name for people; that of its id when unset.
    pub name: Option<String>,
    /// Our OAuth client id there.
    pub client_id: Option<String>,
    /// The secret of that client; `None` for a public client.
    pub client_secret: Option<Secret<String>>,
    /// The whole REST base; the public service when unset.
    pub api_url: Option<BaseUrl>,
    /// The base of its pages; the public service when unset.
    pub web_url: Option<BaseUrl>,
    /// Whether the two URLs may have private addresses.
    pub allow_private: bool,
}

/// The four rows of a provider.
struct UpstreamRows {
    provider: ProviderId,
    rows: [Setting; 4],
}

macro_rules! upstreams {
    ($($provider:ident $name:literal;)*) => {
        /// One constant per provider, so that both tables below can name it.
        mod rows {
            use super::{Derived, Fallback, ProviderId, UpstreamRows, Words, upstream};

            $(pub(super) const $provider: UpstreamRows = UpstreamRows {
                provider: ProviderId::$provider,
                rows: [
                    upstream(concat!("GITFLARE_", $name, "_CLIENT_ID"), false, Words("none: no connect button"), "OAuth client id; without it the provider has no connect button."),
                    upstream(concat!("GITFLARE_", $name, "_CLIENT_SECRET"), true, Words("none"), "OAuth client secret."),
                    upstream(concat!("GITFLARE_", $name, "_API_URL"), false, Fallback::Derived(Derived::Api(ProviderId::$provider)), "REST base of a self-hosted or test upstream."),
                    upstream(concat!("GITFLARE_", $name, "_WEB_URL"), false, Words("that of the service at the API's address"), "Base of that upstream's pages."),
                ],
            };)*
        }

        const UPSTREAMS: &[UpstreamRows] = &[$(rows::$provider),*];
        const SETTINGS: &[&[Setting]] = &[GENERAL, $(&rows::$provider.rows),*];
    };
}

const fn upstream(
    variable: &'static str,
    is_secret: bool,
    fallback: Fallback,
    meaning: &'static str,
) -> Setting {
    Setting {
        variable,
        fallback,
        is_secret,
        is_switch: false,
        words: &[],
        meaning,
    }
}

upstreams! {
    GITHUB "GITHUB";
    GITLAB "GITLAB";
    BITBUCKET "BITBUCKET";
    AZURE "AZURE";
    GITFLIC "GITFLIC";
    GITEA "GITEA";
    BITBUCKET_DC "BITBUCKET_DC";
}

impl Upstream {
    /// Whether it is the one of a built-in provider, which has variables of its own.
    pub(crate) fn is_built_in(&self) -> bool {
        ProviderId::BUILT_IN.contains(&self.provider)
    }

    /// The names of the settings of our client there: its id and its secret. Those of a further instance
    /// are keys of its table.
    pub(crate) fn client_settings(&self) -> [&'static str; 2] {
        let mut rows = UPSTREAMS.iter();
        let own = rows.find(|it| self.is_built_in() && it.provider == self.provider);
        own.map_or(["client_id", "client_secret"], |own| {
            let [id, secret, ..] = &own.rows;
            [id.variable, secret.variable]
        })
    }

    fn read(rows: &'static UpstreamRows, reader: &mut Reader<'_>) -> Self {
        let [client_id, client_secret, api_url, web_url] = &rows.rows;
        Self {
            provider: rows.provider,
            kind: rows.provider.kind(),
            name: None,
            allow_private: false,
            client_id: reader.maybe(client_id, value::word).flatten(),
            client_secret: reader.maybe(client_secret, value::secret).flatten(),
            api_url: reader.maybe(api_url, value::base_url).flatten(),
            web_url: reader.maybe(web_url, value::base_url).flatten(),
        }
    }
}
