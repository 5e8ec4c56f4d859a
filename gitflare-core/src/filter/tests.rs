//! The screen over made payloads: what is told, hidden and counted.

use super::*;
use crate::model::{Diff, DiffFile, DiffStats, FileStatus};

#[test]
fn an_address_is_http_or_nothing() {
    // sec: SR-9
    for (text, expected) in [
        ("https://github.com/octo/hello", true),
        ("HTTP://git.example:8080/x?y#z", true),
        ("https://git.example/\u{e9}", true),
        ("javascript:alert(1)", false),
        ("JavaScript://x%0aalert(1)", false),
        ("data:text/html,x", false),
        ("java\nscript:alert(1)", false),
        (" https://git.example/", false),
        ("https://git.example/\n", false),
        ("https://", false),
        ("//git.example/", false),
        ("ssh://git@git.example/x", false),
        ("", false),
    ] {
        assert_eq!(is_web_address(text), expected, "{text:?}");
    }
}

/// Knows tokens by their first letters.
struct Tokens;

impl ContentFilter for Tokens {
    fn blocks(&self, _: &str) -> bool {
        false
    }

    fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
        match text.contains("fail") {
            true => Err(Error::internal("cannot decide")),
            false => Ok(Screened {
                redactions: text.matches("ghp_").count() as u64,
                text: text.into(),
            }),
        }
    }

    fn validate(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_address_carries_no_secret() {
    // sec: SR-11
    struct Address(Option<String>);
    impl Filterable for Address {
        fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
            screen.url(&mut self.0);
            Ok(Some(self))
        }
    }
    for (url, passes) in [
        ("https://github.com/octo/hello?v=4", true),
        ("https://acme@dev.azure.com/acme/_git/shop", true),
        ("https://ghp_0123456789@github.com/octo/hello", false),
        (
            "https://git.example/x?private_token=ghp_0123456789#y",
            false,
        ),
        ("https://git.example/x?what=failing", false),
        ("https://git.example/ghp_0123456789/x", true),
    ] {
        let tenant = TenantId::parse("tenant_a").unwrap();
        let passed = Filtered::through(&Tokens, &tenant, Address(Some(url.to_owned())));
        assert_eq!(passed.unwrap().value().0.is_some(), passes, "{url}");
    }
}

struct Upper;

impl ContentFilter for Upper {
    fn blocks(&self, path: &str) -> bool {
        path == ".env"
    }

    fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
        match text {
            "panic" => panic!("broken filter"),
            "fail" => Err(Error::internal("broken filter")),
            _ => Ok(Screened {
                text: text.to_uppercase().into(),
                redactions: 1,
            }),
        }
    }

    fn validate(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }
}

fn file(path: &str, previous: Option<&str>, patch: &str) -> DiffFile {
    DiffFile {
        path: path.into(),
        previous_path: previous.map(Into::into),
        status: FileStatus::Modified,
        additions: Some(1),
        deletions: Some(1),
        binary: Some(false),
        patch: Some(patch.into()),
        patch_truncated: false,
    }
}

fn diff(files: Vec<DiffFile>) -> Diff {
    Diff {
        base_sha: None,
        head_sha: None,
        stats: DiffStats {
            files: Some(9),
            ..DiffStats::default()
        },
        truncated: false,
        files,
        firewall: FirewallReport::default(),
    }
}

fn through(diff: Diff) -> Result<Filtered<Diff>> {
    Filtered::through(&Upper, &TenantId::parse("tenant_a").unwrap(), diff)
}

#[test]
fn a_rename_is_blocked_by_either_name() {
    let filtered = through(diff(vec![
        file("notes", Some(".env"), "a"),
        file(".env", None, "b"),
        file("c", None, "c"),
    ]))
    .unwrap();
    let expected = FirewallReport {
        blocked_files: 2,
        redacted_secrets: 1,
    };
    assert_eq!(filtered.value().firewall, expected);
    assert_eq!(filtered.report(), expected);
    assert_eq!(filtered.value().files.len(), 1);
    assert_eq!(filtered.value().files[0].patch.as_deref(), Some("C"));
    assert_eq!(
        filtered.value().stats.files,
        Some(9),
        "stats still count what is blocked"
    );
}

#[test]
fn a_link_to_a_blocked_path_is_not_told_in_a_diff() {
    const NO_END: &str = "\n\\ No newline at end of file";
    for (path, patch, is_told) in [
        ("notes", format!("@@ -0,0 +1 @@\n+.env{NO_END}"), false),
        (
            "a/notes",
            format!("@@ -0,0 +1,1 @@\n+../.env{NO_END}"),
            false,
        ),
        ("notes", format!("@@ -1 +0,0 @@\n-./.env{NO_END}"), false),
        (
            "notes",
            format!("@@ -1 +1 @@\n-a{NO_END}\n+.env{NO_END}"),
            false,
        ),
        (
            "notes",
            format!("@@ -1 +1 @@\n-.env{NO_END}\n+a{NO_END}"),
            false,
        ),
        // A file that became a link.
        (
            "notes",
            format!("@@ -1,2 +1 @@\n-a\n-b\n+.env{NO_END}"),
            false,
        ),
        ("notes", format!("@@ -0,0 +1 @@\n+.envelope{NO_END}"), true),
        // A line of a file has an end, or is not alone.
        ("notes", "@@ -0,0 +1 @@\n+.env\n".to_owned(), true),
        ("notes", format!("@@ -0,0 +1,2 @@\n+a\n+.env{NO_END}"), true),
    ] {
        let filtered = through(diff(vec![file(path, None, &patch)])).unwrap();
        let row = &filtered.value().files[0];
        assert_eq!(row.patch.is_some(), is_told, "{path}: {patch}");
        assert_eq!(row.patch_truncated, !is_told, "{patch}");
        let blocked = filtered.value().firewall.blocked_files;
        assert_eq!(blocked, u64::from(!is_told), "{patch}");
    }
}

/// Finds `secret=` only, and mentions of what stands behind it.
struct Mentions;

impl ContentFilter for Mentions {
    fn blocks(&self, path: &str) -> bool {
        path == ".env"
    }

    fn screen<'t>(&self, _: &TenantId, text: &'t str, _: TextKind<'_>) -> Result<Screened<'t>> {
        Ok(Screened {
            text: text.into(),
            redactions: 0,
        })
    }

    fn screen_part<'t>(
        &self,
        tenant: &TenantId,
        text: &'t str,
        _: TextKind<'_>,
        known: &mut KnownSecrets,
    ) -> Result<Screened<'t>> {
        if let Some(secret) = text.strip_prefix("secret=") {
            known.add(secret.as_bytes());
        }
        self.screen_mentions(tenant, text, known)
    }

    fn screen_mentions<'t>(
        &self,
        _: &TenantId,
        text: &'t str,
        known: &KnownSecrets,
    ) -> Result<Screened<'t>> {
        let mut text = text.to_owned();
        let mut redactions = 0;
        for secret in known.iter() {
            let secret = std::str::from_utf8(secret).unwrap();
            redactions += text.matches(secret).count() as u64;
            text = text.replace(secret, "#");
        }
        Ok(Screened {
            text: text.into(),
            redactions,
        })
    }

    fn validate(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _: &FilterConfig) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_secret_is_replaced_in_every_text_of_an_answer() {
    let diff = diff(vec![
        file("a", None, "expects hunter22"),
        file(".env", None, "x"),
        file("b", None, "secret=hunter22"),
        file("c", None, "has hunter22"),
    ]);
    let tenant = TenantId::parse("tenant_a").unwrap();
    let filtered = Filtered::through(&Mentions, &tenant, diff).unwrap();
    let patches: Vec<_> = filtered
        .value()
        .files
        .iter()
        .map(|file| file.patch.as_deref())
        .collect();
    assert_eq!(
        patches,
        [Some("expects #"), Some("secret=#"), Some("has #")]
    );
    let expected = FirewallReport {
        blocked_files: 1,
        redacted_secrets: 3,
    };
    assert_eq!(filtered.report(), expected);
    assert_eq!(filtered.value().firewall, expected);
}

#[test]
fn known_secrets_are_bounded_and_hidden() {
    let mut known = KnownSecrets::default();
    for index in 0..100 {
        known.add(format!("value-{index}").as_bytes());
        known.add(b"value-0");
    }
    known.add(&[b'x'; KnownSecrets::LONGEST + 1]);
    assert_eq!(known.len(), KnownSecrets::MOST);
    assert!(!format!("{known:?}").contains("value"));
}

#[test]
fn a_filter_that_fails_withholds_the_payload() {
    // sec: SR-11
    for patch in ["fail", "panic"] {
        let error = through(diff(vec![file("a", None, "x"), file("b", None, patch)])).unwrap_err();
        assert_eq!(error.code(), crate::Code::InternalError, "{patch}");
    }
}
