//! Which names an app may not have: those that make customers believe that a code host asks, or this
//! gateway itself. `Acme for GitHub` is a name; `GitHub Security Team` is somebody else's.

use crate::{Error, Result, provider::ProviderId};

/// Further names that belong to others, squeezed.
const OTHERS: [&str; 3] = ["gitflare", "atlassian", "azuredevops"];

/// Letters of other alphabets that look like Latin ones, and digits that are read as letters.
const ALIKE: &[(char, char)] = &[
    ('а', 'a'),
    ('с', 'c'),
    ('е', 'e'),
    ('і', 'i'),
    ('ɡ', 'g'),
    ('һ', 'h'),
    ('ӏ', 'l'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('ᴛ', 't'),
    ('ь', 'b'),
    ('ʙ', 'b'),
    ('ι', 'i'),
    ('ο', 'o'),
    ('τ', 't'),
    ('υ', 'u'),
    ('ı', 'i'),
    ('0', 'o'),
    ('1', 'l'),
    ('!', 'i'),
];

/// Refuses a name that stands for a code host or the gateway.
///
/// # Errors
/// `INVALID_REQUEST` naming `name`.
pub(super) fn check(name: &str) -> Result<()> {
    let squeezed = squeezed(name);
    let hosts = ProviderId::BUILT_IN
        .iter()
        .filter(|id| **id != ProviderId::LOCAL);
    let hosts = hosts.map(|id| self::squeezed(id.name()));
    let reserved = hosts.chain(OTHERS.map(str::to_owned));
    for word in reserved {
        // `l` and `i` are told apart by nobody at a glance.
        let (in_name, word) = (squeezed.replace('l', "i"), word.replace('l', "i"));
        for (at, _) in in_name.match_indices(&word) {
            let before = &in_name[..at];
            if before.len() <= "for".len() || !before.ends_with("for") {
                return Err(Error::invalid_request(
                    "`name` must not begin with or consist of a code host's name, nor of GitFlare's: write `Yours for GitHub`.",
                ));
            }
        }
    }
    Ok(())
}

/// The letters and digits of a name in small Latin letters.
fn squeezed(name: &str) -> String {
    let small = name.chars().flat_map(char::to_lowercase);
    let latin = small.map(|c| {
        let alike = ALIKE.iter().find(|(other, _)| *other == c);
        alike.map_or(c, |(_, latin)| *latin)
    });
    latin.filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_like_a_code_host() {
        for name in [
            "GitHub",
            "GitHub Security Team",
            "G i t H u b",
            "GitHub-Support",
            "Official GitLab",
            "for GitHub",
            "GіtHub",
            "G1tHub",
            "GitHub for GitLab",
            "Bitbucket Cloud",
            "GitFlare",
            "Azure DevOps",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
        for name in [
            "Acme Insights",
            "Acme for GitHub",
            "Northwind (for GitLab)",
            "Git Metrics",
            "Delivery metrics for Azure DevOps",
            "Цифры",
        ] {
            assert!(check(name).is_ok(), "{name}");
        }
    }
}
