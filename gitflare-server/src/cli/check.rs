//! `gitflare check`: every setting with its value, where that came from and the default, then what
//! is wrong. Secrets are masked. Reads the configuration, and looks through the folder of local
//! repositories; no database.

use std::fmt::Write;

use gitflare_core::provider::ProviderId;

use crate::{
    config::{BaseUrl, Config, Given, INSTANCE_SETTINGS, Origin, Setting},
    upstreams,
};

/// The report, and whether a start would accept the configuration.
#[must_use]
pub(crate) fn check(given: &Given) -> (String, bool) {
    let mut text = String::new();
    for row in Setting::all() {
        let (value, origin) = match given.text(row) {
            Some((origin, value)) => (shown(row.is_secret, origin, value), origin.to_string()),
            None => ("(unset)".to_owned(), "default".to_owned()),
        };
        let default = row.default.unwrap_or("(unset)");
        let _ = writeln!(
            text,
            "{:<36} {value:<28} {origin:<12} default {default}",
            row.variable
        );
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
    match Config::from_given(given) {
        Ok(config) => {
            for warning in config.warnings() {
                let _ = writeln!(text, "warning: {warning}");
            }
            text.push_str(&providers(&config));
            let made = upstreams::providers(&config, &base_url(&config), &[]);
            let made = made.map_err(|problem| problem.to_string()).map(|_| ());
            let told = local_root(&config);
            let told = told.map_err(|told| format!("GITFLARE_LOCAL_ROOT: {told}"));
            match made.and(told) {
                Ok(told) => (text + &told + "No problems.\n", true),
                Err(problem) => (text + &format!("problem: {problem}\n"), false),
            }
        }
        Err(problems) => {
            for problem in problems {
                let _ = writeln!(text, "problem: {problem}");
            }
            (text, false)
        }
    }
}

/// The enabled providers whose accounts can be linked, a line each: the callback URL to register,
/// and what is missing.
pub(crate) fn providers(config: &Config) -> String {
    let base = base_url(config);
    let mut text = String::new();
    for upstream in upstreams::enabled(config) {
        let id = upstream.provider;
        let missing = match upstream.client_id {
            Some(_) => "",
            None => "; no client id: no connect button",
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

fn base_url(config: &Config) -> BaseUrl {
    match &config.public_url {
        Some(url) => url.clone(),
        None => BaseUrl::of_listener(config.listen),
    }
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

/// A value as it may be shown on a terminal.
fn shown(is_secret: bool, origin: &Origin, value: &str) -> String {
    // A URL that is refused for the password in it is no secret setting, but holds one.
    let holds_password = value.contains("://") && value.contains('@');
    if *origin != Origin::Default && (is_secret || holds_password) {
        return "********".to_owned();
    }
    value.escape_debug().to_string()
}
