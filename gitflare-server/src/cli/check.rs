//! `gitflare check`: every setting with its value, where that came from and the default, then what
//! is wrong. Secrets are masked. Reads the configuration only: no folder, no database.

use std::fmt::Write;

use crate::config::{Config, Given, Origin, Setting};

/// The report, and whether a start would accept the configuration.
#[must_use]
pub(crate) fn check(given: &Given) -> (String, bool) {
    let mut text = String::new();
    for row in Setting::all() {
        let (value, origin) = match given.text(row) {
            Some((origin, value)) => (shown(row, origin, value), origin.to_string()),
            None => ("(unset)".to_owned(), "default".to_owned()),
        };
        let default = row.default.unwrap_or("(unset)");
        let _ = writeln!(
            text,
            "{:<36} {value:<28} {origin:<12} default {default}",
            row.variable
        );
    }
    text.push('\n');
    for variable in given.unknown_variables() {
        let variable = variable.escape_debug();
        let _ = writeln!(text, "warning: {variable} is not a setting");
    }
    match Config::from_given(given) {
        Ok(config) => {
            for warning in config.warnings() {
                let _ = writeln!(text, "warning: {warning}");
            }
            text.push_str("No problems.\n");
            (text, true)
        }
        Err(problems) => {
            for problem in problems {
                let _ = writeln!(text, "problem: {problem}");
            }
            (text, false)
        }
    }
}

/// A value as it may be shown on a terminal.
fn shown(row: &Setting, origin: &Origin, value: &str) -> String {
    // A URL that is refused for the password in it is no secret setting, but holds one.
    let holds_password = value.contains("://") && value.contains('@');
    if *origin != Origin::Default && (row.is_secret || holds_password) {
        return "********".to_owned();
    }
    value.escape_debug().to_string()
}
