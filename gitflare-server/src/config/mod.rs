//! The configuration: every setting from flags, environment and `gitflare.toml`, parsed into
//! [`Config`] and checked as a whole. Nothing else reads the environment; nothing here opens a
//! database or a socket.

mod given;
mod instances;
mod read;
mod secret_file;
mod setting;
mod smtp;
mod spelling;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::{net::SocketAddr, path::Path};

use gitflare_core::{keys::MasterKey, provider::ProviderId};

pub use given::{Given, Origin, Problem};
pub use instances::{INSTANCE_SETTINGS, InstanceSetting};
pub use setting::{Derived, Fallback, Setting};
pub use smtp::{SmtpServer, SmtpTls};
pub(crate) use spelling::hint;
pub use table::{Config, Upstream};
pub(crate) use value::master_key;
pub use value::{BaseUrl, Database, HostPort, LogFormat};

use crate::http::SignUpMode;

/// The file that is read when it lies in the working directory.
pub const DEFAULT_FILE: &str = "gitflare.toml";

impl Config {
    /// The configuration of these variables and the defaults of all others, for programs that
    /// embed the server. Environment and files are not looked at.
    ///
    /// # Errors
    /// Every problem, each as one line that names the variable.
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        let mut given = Given::default();
        for (variable, text) in pairs {
            match Setting::find(variable) {
                Some(setting) => given.set(setting, Origin::Environment, *text),
                None => match InstanceSetting::of_variable(variable) {
                    Some((id, row)) => {
                        given.set_instance(&id, row.key, Origin::Environment, (*text).to_owned());
                    }
                    None => given.note(format!("{variable} is not a setting")),
                },
            }
        }
        Self::from_given(&given)
    }

    /// The configuration of these texts.
    ///
    /// # Errors
    /// Every problem, each as one line that names the variable.
    pub fn from_given(given: &Given) -> Result<Self, Vec<Problem>> {
        let mut reader = given::Reader::new(given);
        let config = Self::read(&mut reader);
        let mut problems = reader.into_problems();
        let instances = instances::read(given, &mut problems);
        if let Some(mut config) = config {
            config.add(instances, given);
            problems.extend(config.unknown_providers().map(Problem::new));
            problems.extend(config.half_registered());
            let broken = config.broken_rules().into_iter();
            problems.extend(broken.map(|(variable, rule)| {
                let setting = Setting::find(variable);
                let given = setting.and_then(|row| Some((row, given.text(row)?.0)));
                Problem::new(match given {
                    Some((row, origin)) => given::problem(row, origin, rule),
                    None => format!("{variable} {rule}"),
                })
            }));
            if problems.is_empty() {
                return Ok(config);
            }
        }
        Err(problems)
    }

    /// Adds further instances. Without a list of providers they are all enabled.
    fn add(&mut self, instances: Vec<Upstream>, given: &Given) {
        let listed = Setting::find("GITFLARE_PROVIDERS").and_then(|row| given.text(row));
        if listed.is_none_or(|(origin, _)| *origin == Origin::Default) {
            let ids = instances.iter().map(|instance| instance.provider);
            self.providers.extend(ids);
        }
        self.upstreams.extend(instances);
    }

    /// A listed provider that is neither built in nor an instance is misspelt.
    fn unknown_providers(&self) -> impl Iterator<Item = String> {
        let is_known =
            |id: &ProviderId| ProviderId::BUILT_IN.contains(id) || self.upstream(*id).is_some();
        let unknown = self.providers.iter().filter(move |id| !is_known(id));
        unknown.map(|id| format!("GITFLARE_PROVIDERS {}, not `{id}`", value::provider_rule()))
    }

    /// Clients of built-in providers that have an id and no secret.
    fn half_registered(&self) -> impl Iterator<Item = Problem> {
        let built_in = self.upstreams.iter().filter(|upstream| {
            upstream.is_built_in()
                && upstream.client_id.is_some()
                && upstream.client_secret.is_none()
        });
        built_in.map(|upstream| {
            let [id, secret] = upstream.client_settings();
            Problem::new(format!("{secret} must be set beside {id}"))
        })
    }

    /// What no single setting can know: (variable to change, what is wrong with it).
    fn broken_rules(&self) -> Vec<(&'static str, &'static str)> {
        let is_public = !is_loopback(self.listen);
        let ids: Vec<_> = self.master_keys.iter().map(MasterKey::id).collect();
        let rules = [
            (
                self.dev && is_public,
                "GITFLARE_DEV",
                "must not be `true` while GITFLARE_LISTEN is not a loopback address",
            ),
            (
                !self.enforce_platform_auth && is_public && !self.allow_public_legacy,
                "ENFORCE_PLATFORM_AUTH",
                "must not be `false` while GITFLARE_LISTEN is not a loopback address, unless GITFLARE_ALLOW_PUBLIC_LEGACY is `true`",
            ),
            (
                self.internal_listen
                    .is_some_and(|address| !is_loopback(address)),
                "GITFLARE_INTERNAL_LISTEN",
                "must be a loopback address: this listener asks for no key",
            ),
            (
                self.internal_listen == Some(self.listen) && self.listen.port() != 0,
                "GITFLARE_INTERNAL_LISTEN",
                "must differ from GITFLARE_LISTEN",
            ),
            (
                self.smtp.is_some() != self.smtp_from.is_some(),
                "GITFLARE_SMTP_FROM",
                "must be set beside GITFLARE_SMTP_URL, and only there",
            ),
            (
                (1..ids.len()).any(|at| ids[..at].contains(&ids[at])),
                "GITFLARE_MASTER_KEY",
                "gives two keys the same id",
            ),
        ];
        let broken = rules.into_iter().filter(|(is_broken, ..)| *is_broken);
        broken.map(|(_, variable, rule)| (variable, rule)).collect()
    }

    /// Settings of a provider's upstream; `None` for `local`, which has none.
    #[must_use]
    pub fn upstream(&self, provider: ProviderId) -> Option<&Upstream> {
        self.upstreams.iter().find(|row| row.provider == provider)
    }

    /// Base URL of the API: as set, or that of the listen address.
    pub(crate) fn public_base(&self) -> BaseUrl {
        self.reached(self.public_url.as_ref())
    }

    /// Base URL of the hosted pages, likewise.
    pub(crate) fn panel_base(&self) -> BaseUrl {
        self.reached(self.panel_url.as_ref())
    }

    fn reached(&self, url: Option<&BaseUrl>) -> BaseUrl {
        url.cloned()
            .unwrap_or_else(|| BaseUrl::of_listener(self.listen))
    }

    /// Who may make an account where nothing is set, by both base URLs.
    pub(crate) fn default_sign_up(&self) -> SignUpMode {
        let (public, panel) = (self.public_base(), self.panel_base());
        SignUpMode::of([public.as_str(), panel.as_str()])
    }

    /// Warnings: settings that work but are probably not meant, one line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.enforce_platform_auth {
            warnings.push(
                "ENFORCE_PLATFORM_AUTH is false: whoever knows a connection's id can read through it"
                    .to_owned(),
            );
        }
        if self.public_url.is_none() && self.listen.ip().is_unspecified() {
            warnings.push(
                "GITFLARE_PUBLIC_URL is unset: requests are answered only under the listen address"
                    .to_owned(),
            );
        }
        let urls = [&self.public_url, &self.panel_url];
        if let Some((unset, set)) = match urls.map(Option::is_some) {
            [true, false] => Some(("GITFLARE_PANEL_URL", "GITFLARE_PUBLIC_URL")),
            [false, true] => Some(("GITFLARE_PUBLIC_URL", "GITFLARE_PANEL_URL")),
            _ => None,
        } {
            warnings.push(format!(
                "{unset} is unset beside {set}: links to it have the listen address. Set both, to the \
                 same value unless pages and API have names of their own"
            ));
        }
        warnings
    }
}

/// Everything that the process was given: flags, then its environment, then the file.
///
/// `file` must be there; without one, [`DEFAULT_FILE`] is read when it is.
#[must_use]
pub fn gather(flags: Given, file: Option<&Path>) -> Given {
    let mut given = flags;
    given.environment(std::env::vars_os());
    let default = Path::new(DEFAULT_FILE);
    match file {
        Some(path) => given.file(path),
        None if default.exists() => given.file(default),
        None => {}
    }
    given
}

/// Whether only this machine can reach the address.
#[must_use]
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
