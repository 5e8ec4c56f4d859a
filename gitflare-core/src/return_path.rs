//! Where a browser may be sent back to after a detour: paths of our own. The raw text is judged, as
//! browsers read it: they drop tabs and line breaks, and take a backslash for a slash.

use crate::{Error, Result};

/// An authorization request has to fit, with the id of a client that has registered itself.
const MAX_LEN: usize = 4096;

/// Accepts a path of this origin, with query and fragment (PC-6).
///
/// # Errors
/// `INVALID_REQUEST` for everything that a browser could read as another origin.
pub fn check(text: &str) -> Result<&str> {
    let is_path = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= MAX_LEN
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // What decodes to a second slash is one for whoever decodes before redirecting.
    let head: String = text
        .chars()
        .take(9)
        .collect::<String>()
        .to_ascii_lowercase();
    let hidden = [
        "/%2f", "/%5c", "/%09", "/%0a", "/%0d", "/%00", "/%25", "/@", "/%40",
    ];
    let is_hidden = hidden.iter().any(|prefix| head.starts_with(prefix));
    // A path that climbs may end in front of the origin's own slash.
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let mut segments: Vec<_> = path.split('/').skip(1).collect();
    // Behind the last slash there may be nothing.
    if segments.last() == Some(&"") {
        segments.pop();
    }
    let has_empty_or_dot = segments.iter().any(|segment| {
        let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(decoded.as_str(), "" | "." | "..")
    });
    if is_path && !is_hidden && !has_empty_or_dot {
        Ok(text)
    } else {
        Err(Error::invalid_request(
            "`returnTo` must be a path of this site that begins with a single `/`.",
        ))
    }
}

/// Whether a path of ours may send a browser on to another site: a fragment would go along.
#[must_use]
pub(crate) fn leads_on(path: &str) -> bool {
    // What stands in front is where the surface is mounted.
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    decoded.contains("/oauth/") || decoded.contains("/v1/") || decoded.contains("/connect/")
}

#[cfg(test)]
mod tests {
    use super::{check, leads_on};

    #[test]
    fn a_path_that_may_lead_to_another_site_is_known() {
        // sec: PC-3
        for path in [
            "/oauth/authorize?client_id=x",
            "/git/oauth/authorize",
            "/oauth/%61uthorize",
            "/o%61uth/authorize",
            "/v1/auth/github/start?web=1",
            "/app/company/apps/client_x/connect/github?popup=1",
        ] {
            assert!(leads_on(path), "{path}");
        }
        for path in ["/", "/app/dashboard?next=/oauth/authorize", "/done#/oauth/"] {
            assert!(!leads_on(path), "{path}");
        }
    }

    #[test]
    fn only_a_path_of_ours_is_returned_to() {
        // sec: PC-6
        let hostile = [
            "",
            "x",
            "dashboard",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\\/evil.example",
            "https://evil.example",
            "http://evil.example/",
            "HTTPS://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/\tevil",
            "\t//evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r/evil.example",
            " //evil.example",
            "/ /evil.example",
            "/@evil.example",
            "/%40evil.example",
            "@evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/%2e%2e//evil.example",
            "/./\\evil.example",
            "/a//evil.example",
            "/%09/evil.example",
            "/%0d%0aset-cookie:x",
            "/\u{2028}/evil",
            "/\u{ff0f}evil.example",
            "/%252fevil.example",
            "?next=//evil.example",
            "#/x",
            "/\0x",
        ];
        assert!(hostile.len() >= 40);
        for text in hostile {
            assert!(check(text).is_err(), "{text:?}");
        }
        for text in [
            "/",
            "/dashboard",
            "/app/company/apps/client_1?customer_ref=a%2Fb#top",
            "/a/b/",
        ] {
            assert_eq!(check(text).unwrap(), text);
        }
    }
}
