//! `gitflare check`: every setting with its value, where that came from and the default, then what
//! is wrong. Secrets are masked. Reads the configuration, and looks at what a start would find: the data
//! folder or database, and the folder of local repositories. Nothing is made or changed.

use std::fmt::Write;

use gitflare_core::provider::ProviderId;

use crate::{
    config::{
        self, BaseUrl, Config, Derived, Fallback, Given, INSTANCE_SETTINGS, Origin, Problem,
        Setting, Upstream,
    },
    database::Database,
    keys::{self, DataDir},
    upstreams,
};

/// The report, and whether a start would accept the configuration.
#[must_use]
pub(crate) fn check(given: &Given) -> (String, bool) {
    let read = Config::from_given(given);
    let mut text = String::new();
    for row in Setting::all() {
        let default = in_force(row, read.as_ref().ok());
        let _ = match given.text(row) {
            Some((origin, value)) if *origin != Origin::Default => {
                let (value, origin) = (shown(row.is_secret, origin, value), origin.to_string());
                let variable = row.variable;
                writeln!(
                    text,
                    "{variable:<36} {value:<28} {origin:<12} default {default}"
                )
            }
            _ => writeln!(text, "{:<36} {default:<28} default", row.variable),
        };
    }
    for id in given.instance_ids() {
        for row in INSTANCE_SETTINGS {
            let Some((origin, value)) = given.instance_text(id, row.key) else {
                continue;
            };
            let value = shown(row.is_secret, origin, value);
            let _ = writeln!(text, "{:<36} {value:<28} {origin:<12}", row.variable(id));
        }
    }
    text.push('\n');
    match read {
        Ok(config) => {
            for warning in config.warnings() {
                let _ = writeln!(text, "warning: {warning}");
            }
            text.push_str(&providers(&config));
            text.push_str(&unserved(&config));
            let made = upstreams::providers(&config, &config.public_base(), &[]);
            let made = made.map_err(|problem| problem.to_string());
            let told = local_root(&config);
            let told = told.map_err(|told| format!("GITFLARE_LOCAL_ROOT: {told}"));
            let stored = stored(&config).map_err(|problem| problem.to_string());
            let mut is_good = true;
            for found in [made.map(|_| String::new()), told, stored] {
                match found {
                    Ok(told) => text.push_str(&told),
                    Err(problem) => {
                        is_good = false;
                        let _ = writeln!(text, "problem: {problem}");
                    }
                }
            }
            if is_good {
                text.push_str("No problems.\n");
            }
            (text, is_good)
        }
        Err(problems) => {
            for problem in problems {
                let _ = writeln!(text, "problem: {problem}");
            }
            (text, false)
        }
    }
}

/// What holds for a setting without a value, as people read it; what follows from others is not known while
/// these are wrong.
fn in_force(row: &Setting, config: Option<&Config>) -> String {
    let derived = match row.fallback {
        Fallback::Text(text) => return text.to_owned(),
        Fallback::Words(words) => return format!("({words})"),
        Fallback::Derived(derived) => derived,
    };
    let Some(config) = config else {
        return "(from other settings)".to_owned();
    };
    match derived {
        Derived::PublicUrl | Derived::PanelUrl => BaseUrl::of_listener(config.listen).to_string(),
        Derived::SignUp => config.default_sign_up().as_str().to_owned(),
        Derived::Api(id) => {
            let public = upstreams::public_api(id.kind());
            public.map_or("(none)".to_owned(), str::to_owned)
        }
    }
}

/// The enabled providers whose accounts can be linked, a line each: the callback URL to register,
/// and what is missing.
pub(crate) fn providers(config: &Config) -> String {
    let base = config.public_base();
    let mut text = String::new();
    for upstream in upstreams::enabled(config) {
        let id = upstream.provider;
        let missing = match (&upstream.client_id, &upstream.client_secret) {
            (Some(_), _) => String::new(),
            (None, None) => format!("; no connect button before {}", client_id(upstream)),
            (None, Some(_)) => format!("; no connect button: {}", half(upstream)),
        };
        let _ = writeln!(
            text,
            "provider {id} ({}): register the callback URL {}{missing}",
            upstream.kind,
            upstreams::callback_url(&base, id),
        );
    }
    text
}

/// What has to be set for accounts to be linked at a provider.
fn client_id(upstream: &Upstream) -> String {
    match upstream.client_settings() {
        [id, secret] if upstream.is_built_in() => format!("{id} and {secret} are set"),
        [id, secret] => format!("[provider.{}] has {id} and {secret}", upstream.provider),
    }
}

/// Which half of a client is missing where its secret is set alone.
fn half(upstream: &Upstream) -> String {
    match upstream.client_settings() {
        [id, secret] if upstream.is_built_in() => {
            format!("{secret} is set and {id} is missing")
        }
        [id, secret] => {
            format!("[provider.{}] has {secret} and no {id}", upstream.provider)
        }
    }
}

/// The enabled providers of which nothing is served, a line each: what they are, and why.
fn unserved(config: &Config) -> String {
    let mut text = String::new();
    for id in &config.providers {
        let kind = id.kind();
        let why = match *id {
            ProviderId::LOCAL if config.local_root.is_none() => {
                "GITFLARE_LOCAL_ROOT names no folder"
            }
            ProviderId::LOCAL => continue,
            _ if upstreams::has_adapter(kind) => continue,
            _ => "this build has no adapter for it; GITFLARE_PROVIDERS may leave it out",
        };
        let _ = writeln!(text, "provider {id} ({}): not served: {why}", kind.name());
    }
    text
}

/// What the folder of local repositories holds: how many, and which are not served and why.
fn local_root(config: &Config) -> Result<String, String> {
    let mut text = String::new();
    if let Some(root) = &config.local_root
        && config.providers.contains(&ProviderId::LOCAL)
    {
        for line in upstreams::survey(std::slice::from_ref(root))? {
            let _ = writeln!(text, "provider local: {line}");
        }
    }
    Ok(text)
}

/// What a start would find of an earlier one: the database, and whether the master keys are its own.
fn stored(config: &Config) -> Result<String, Problem> {
    let folder = config.data_dir.display();
    let data = DataDir::look(&config.data_dir)?;
    let place = match config.database {
        config::Database::Sqlite if !config.data_dir.exists() => {
            return Ok(format!("data folder {folder}: the first start makes it\n"));
        }
        config::Database::Sqlite => format!("data folder {folder}"),
        config::Database::Postgres(_) => "PostgreSQL".to_owned(),
    };
    Database::check_folder(config, &data)?;
    let ring = data.known_master_keys(config)?;
    data.known_admin_keys(config)?;
    let Some(seen) = Database::look(config)? else {
        return Ok(format!(
            "{place}: no database yet: the next start makes it\n"
        ));
    };
    let version = match seen.is_older {
        true => "a database of an older version, which the next start brings up to date",
        false => "a database of this version",
    };
    let keys = match ring {
        _ if seen.key_checks.is_empty() => "no master key was used with it",
        Some(ring) => {
            keys::compare(&ring, &seen.key_checks)?;
            "the master key is its own"
        }
        None => {
            return Err(Problem::new(format!(
                "GITFLARE_MASTER_KEY is unset, and {folder} holds no key, though the database was made with one: bring the key back"
            )));
        }
    };
    Ok(format!("{place}: {version}; {keys}\n"))
}

/// A value as it may be shown on a terminal.
fn shown(is_secret: bool, origin: &Origin, value: &str) -> String {
    // A URL that is refused for the password in it is no secret setting, but holds one.
    let holds_password = value.contains("://") && value.contains('@');
    if *origin != Origin::Default && (is_secret || holds_password) {
        return "********".to_owned();
    }
    value.escape_debug().to_string()
}
