//! What a name that is none was probably meant to be.

use super::{secret_file, setting::Setting};

/// Variables that Kubernetes and container links make up for a service of our name.
const MADE_UP: &[&str] = &[
    "GITFLARE_PORT",
    "GITFLARE_SERVICE_HOST",
    "GITFLARE_SERVICE_PORT",
];

/// How many changes to the first word of a variable may make it ours: `GITLAB` is three away.
const FAR_PREFIX: usize = 2;

/// Whether an environment can hold the variable without anybody having written it.
pub(super) fn is_made_up(variable: &str) -> bool {
    MADE_UP.iter().any(|name| {
        variable
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

/// The line for a variable that bears our name and is no setting, with the nearest one that is.
pub(super) fn refusal(variable: &str) -> String {
    let shown: String = variable.chars().filter(char::is_ascii_graphic).collect();
    let is_file = variable.ends_with("_FILE");
    let names = Setting::all().flat_map(|row| {
        let file = format!("{}_FILE", row.variable);
        let file = Some(file).filter(|file| is_file && secret_file::setting(file).is_some());
        [Some(row.variable.to_owned()), file]
    });
    let names: Vec<_> = names.flatten().collect();
    match nearest(own(variable), names.iter().map(|name| own(name))) {
        Some(name) => {
            let whole = names.iter().find(|it| own(it) == name);
            let whole = whole.map_or(name, String::as_str);
            format!("{shown} is not a setting: is {whole} meant?")
        }
        None => format!("{shown} is not a setting (`gitflare --help` lists them)"),
    }
}

/// The line for a variable that would be a setting if its first word were spelt as ours is; `None` for
/// other programs' variables.
pub(super) fn misspelt_prefix(variable: &str) -> Option<String> {
    let (word, rest) = variable.split_once('_')?;
    let meant = format!("GITFLARE_{rest}");
    let is_setting = Setting::find(&meant).is_some_and(|row| row.variable == meant);
    let is_ours = is_setting || secret_file::setting(&meant).is_some();
    let is_near = distance(word.as_bytes(), b"GITFLARE") <= FAR_PREFIX;
    (is_ours && is_near).then(|| format!("{variable} is not a setting: is {meant} meant?"))
}

/// A variable without what all of ours begin with.
fn own(variable: &str) -> &str {
    variable.strip_prefix("GITFLARE_").unwrap_or(variable)
}

/// The name that fewest changes lead to; `None` when a third of it would have to change.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (distance(typed.as_bytes(), name.as_bytes()), name))
        .min()
        .filter(|(changes, name)| changes * 3 < name.len())
        .map(|(_, name)| name)
}

/// What to add to a refusal of a name: the one that was probably meant, if one is near.
pub(crate) fn hint<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(typed, names).map_or_else(String::new, |name| format!(": is `{name}` meant?"))
}

/// How many bytes to insert, remove, replace or swap with the next make one text of the other (optimal
/// string alignment).
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut before = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}
