//! Blocked paths, read as gitignore reads them: a pattern without a slash matches any component, a
//! slash anchors it, a slash at the end means a folder; what lies below a blocked folder is blocked
//! too. Case does not count. Paths are brought to one form first, so that no spelling slips by.

use std::borrow::Cow;

use gitflare_core::{Error, Result};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What is blocked unless an operator says otherwise.
pub const DEFAULT_PATTERNS: &[&str] = &[
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.p8",
    "*.pkcs12",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.ovpn",
    "*.agekey",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".ssh/",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".dockercfg",
    "**/.docker/config.json",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    "**/.aws/credentials",
    "kubeconfig",
    "*.kubeconfig",
    "*.tfstate",
    "*.tfstate.*",
    "master.key",
];

const MOST_PATTERNS: usize = 1000;
const LONGEST_PATTERN: usize = 256;
/// A `{a,b}` group multiplies what the matcher is built of.
const MOST_ALTERNATES: usize = 64;

/// A compiled set of patterns.
#[derive(Clone, Debug)]
pub(crate) struct BlockedPaths {
    /// Matched against single components.
    names: GlobSet,
    /// Matched against components that have something below them.
    folders: GlobSet,
    /// Matched against every leading part of a path.
    anchored: GlobSet,
    /// The same, when something lies below the part.
    anchored_folders: GlobSet,
}

impl BlockedPaths {
    /// Compiles a set; every pattern must be valid.
    pub(crate) fn new(patterns: &[String]) -> Result<Self> {
        if patterns.len() > MOST_PATTERNS {
            return Err(Error::invalid_request(format!(
                "blockedFilePatterns must hold at most {MOST_PATTERNS} patterns"
            )));
        }
        let mut sets: [GlobSetBuilder; 4] = std::array::from_fn(|_| GlobSetBuilder::new());
        for (index, pattern) in patterns.iter().enumerate() {
            let (kind, glob) = compile(pattern).map_err(|reason| {
                Error::invalid_request(format!("blockedFilePatterns[{index}] {reason}"))
            })?;
            sets[kind as usize].add(glob);
        }
        let mut built = Vec::with_capacity(sets.len());
        for set in sets {
            built.push(set.build().map_err(|error| {
                Error::invalid_request("blockedFilePatterns are too large together")
                    .with_detail(error.to_string())
            })?);
        }
        let mut built = built.into_iter();
        let mut next = || built.next().unwrap_or_else(GlobSet::empty);
        Ok(Self {
            names: next(),
            folders: next(),
            anchored: next(),
            anchored_folders: next(),
        })
    }

    /// Whether the path or a folder above it is blocked; a path that ends in a slash is a folder. Signs
    /// that show nothing at the ends of a name do not count.
    pub(crate) fn blocks(&self, path: &str) -> bool {
        self.blocks_written(path)
            || path.contains(is_cut) && self.blocks_written(&without_ends(path))
    }

    /// The same for a name that Git wrote down, where such signs are part of it.
    pub(crate) fn blocks_written(&self, path: &str) -> bool {
        let is_folder = path.ends_with(['/', '\\']);
        spellings(path)
            .iter()
            .any(|path| self.blocks_normal(path, is_folder))
    }

    fn blocks_normal(&self, path: &str, is_folder: bool) -> bool {
        let mut start = 0;
        while start < path.len() {
            let end = path[start..].find('/').map_or(path.len(), |at| start + at);
            let has_below = is_folder || end < path.len();
            let name = &path[start..end];
            let leading = &path[..end];
            let matches = |set: &GlobSet, path: &str| !set.is_empty() && set.is_match(path);
            if matches(&self.names, name)
                || matches(&self.anchored, leading)
                || (has_below
                    && (matches(&self.folders, name) || matches(&self.anchored_folders, leading)))
            {
                return true;
            }
            start = end + 1;
        }
        false
    }
}

/// Which set a pattern belongs to, by index.
#[derive(Clone, Copy)]
enum Kind {
    Name,
    Folder,
    Anchored,
    AnchoredFolder,
}

fn compile(pattern: &str) -> std::result::Result<(Kind, Glob), String> {
    if pattern.is_empty() {
        return Err("must not be empty".into());
    }
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("must be at most {LONGEST_PATTERN} bytes"));
    }
    if pattern.contains('\0') {
        return Err("must not contain NUL".into());
    }
    if pattern.matches([',', '{']).count() > MOST_ALTERNATES {
        return Err("has too many alternatives".into());
    }
    let normal: String = pattern.to_lowercase().nfc().collect();
    let folder = normal.ends_with('/');
    let body = normal.trim_end_matches('/');
    let anchored = body.contains('/');
    let body = body.strip_prefix('/').unwrap_or(body);
    if body.is_empty() {
        return Err("must name something".into());
    }
    never_matches(body)?;
    let glob = GlobBuilder::new(body)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| format!("is not a valid glob: {}", error.kind()))?;
    let kind = match (anchored, folder) {
        (false, false) => Kind::Name,
        (false, true) => Kind::Folder,
        (true, false) => Kind::Anchored,
        (true, true) => Kind::AnchoredFolder,
    };
    Ok((kind, glob))
}

/// Refuses what no path in its normal form matches: nothing would be blocked by it.
fn never_matches(body: &str) -> std::result::Result<(), String> {
    if body.starts_with('!') {
        return Err("must not begin with !: what a pattern blocks no other one frees".into());
    }
    for part in body.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err("must not hold empty parts, . or ..".into());
        }
        if part.ends_with(['.', ' ']) && !part.ends_with("\\ ") {
            return Err("must not hold names that end in a dot or a blank".into());
        }
        let is_shown = |sign: char| sign == ' ' || !is_cut(sign);
        if !part.starts_with(is_shown) || !part.ends_with(is_shown) {
            return Err(
                "must not hold names that begin or end in a sign that shows nothing".into(),
            );
        }
    }
    // A backslash frees a sign of the pattern's language; before anything else it is a separator.
    let mut rest = body;
    while let Some((_, after)) = rest.split_once('\\') {
        if !after.starts_with(['*', '?', '[', ']', '{', '}', '!', '\\', ',', '-']) {
            return Err("must separate folders by /".into());
        }
        rest = after.get(1..).unwrap_or_default();
    }
    Ok(())
}

/// The path as it stands and with percent escapes undone, both in one form: NFC, slashes, no empty
/// or dot components, no NUL.
fn spellings(path: &str) -> Vec<String> {
    let mut spellings = vec![normal(path)];
    let mut decoded = Cow::Borrowed(path);
    // Twice encoded is a spelling too; deeper ones name other files everywhere.
    for _ in 0..2 {
        if !decoded.contains('%') {
            break;
        }
        decoded = Cow::Owned(percent_decoded(&decoded));
        spellings.push(normal(&decoded));
        if decoded.contains(is_cut) {
            spellings.push(normal(&without_ends(&decoded)));
        }
    }
    spellings
}

/// What may be cut off at the ends of a name by who reads it: controls, blanks of every script, signs
/// without a shape.
fn is_cut(sign: char) -> bool {
    sign.is_control()
        || sign.is_whitespace()
        || matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// A path whose names have lost such signs at their ends.
fn without_ends(path: &str) -> String {
    let parts: Vec<&str> = path
        .split(['/', '\\'])
        .map(|part| part.trim_matches(is_cut))
        .collect();
    parts.join("/")
}

fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .filter(|_| bytes[at] == b'%')
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        if let Some(byte) = pair {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn normal(path: &str) -> String {
    let lower = path.to_lowercase();
    let path: Cow<'_, str> = match is_nfc_quick(lower.chars()) {
        IsNormalized::Yes => Cow::Owned(lower),
        _ => Cow::Owned(lower.nfc().collect()),
    };
    let mut parts: Vec<&str> = Vec::new();
    let cleaned: Cow<'_, str> = if path.contains(['\\', '\0']) {
        Cow::Owned(path.replace('\\', "/").replace('\0', ""))
    } else {
        path
    };
    for part in cleaned.split('/') {
        // Windows ignores dots and spaces at the end of a name.
        let trimmed = part.trim_end_matches(['.', ' ']);
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ if trimmed.is_empty() => parts.push(part),
            _ => parts.push(trimmed),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(patterns: &[&str]) -> BlockedPaths {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        BlockedPaths::new(&patterns).unwrap()
    }

    #[test]
    fn patterns_read_as_gitignore_reads_them() {
        for (pattern, path, expected) in [
            (".env", ".env", true),
            (".env", "a/b/.ENV", true),
            (".env", "a/.env/b/c", true),
            (".env", "a/.envx", false),
            ("*.pem", "certs/Server.PEM", true),
            ("*.pem", "certs/server.pem.txt", false),
            ("/top", "top/x", true),
            ("/top", "a/top", false),
            ("a/b", "a/b/c", true),
            ("a/b", "x/a/b", false),
            ("**/a/b", "x/a/b", true),
            ("a/*/c", "a/b/c", true),
            ("a/*/c", "a/b/d/c", false),
            ("a/**/c", "a/b/d/c", true),
            (".ssh/", "home/.ssh/config", true),
            (".ssh/", "home/.ssh", false),
            (".ssh/", "home/.ssh/", true),
            ("x/secrets/", "x/secrets/", true),
            (".env", "", false),
            ("x/secrets/", "x/secrets/a", true),
            ("x/secrets/", "y/x/secrets/a", false),
            ("id_rsa", "id_rsa.pub", false),
            ("*.{key,p12}", "a.p12", true),
            ("ключ*", "каталог/КЛЮЧИ", true),
        ] {
            assert_eq!(
                blocked(&[pattern]).blocks(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn patterns_that_never_match_are_refused() {
        for pattern in [
            "./secrets/",
            "a//b",
            "a/../b",
            "secrets\\x",
            "name.",
            "name ",
            "name\t",
            "a/name\u{a0}",
            "!keep",
        ] {
            assert!(
                BlockedPaths::new(&[pattern.to_owned()]).is_err(),
                "{pattern}"
            );
        }
        for pattern in ["a\\*b", "a b", "*.", "**/x", "x/**"] {
            let built = BlockedPaths::new(&[pattern.to_owned()]);
            assert_eq!(built.is_err(), pattern == "*.", "{pattern}");
        }
    }

    #[test]
    fn no_spelling_of_a_path_slips_by() {
        let set = blocked(&[".env", "**/.aws/credentials", "café"]);
        for path in [
            "/.env",
            "./.env",
            "a//.env",
            "a\\.env",
            "a/../.env",
            "a/%2Eenv",
            "a%2f.env",
            "a%252f%252eenv",
            ".e\0nv",
            ".env.",
            ".env ",
            ".env%0a",
            ".env\n",
            "\u{a0}.env\u{2003}",
            "a/.env\t/b",
            "\u{feff}.env",
            "%e2%80%8b.env",
            "a/%0B.env%c2%a0",
            "home/.AWS/./credentials",
            "cafe\u{301}",
            "x/café/y",
        ] {
            assert!(set.blocks(path), "{path:?}");
        }
        for path in ["env", "a/.environment", "aws/credentials"] {
            assert!(!set.blocks(path), "{path:?}");
        }
    }

    #[test]
    fn a_bad_set_names_its_pattern() {
        // sec: IN-7
        for (pattern, message) in [
            ("", "blockedFilePatterns[1] must not be empty"),
            ("[", "blockedFilePatterns[1] is not a valid glob"),
            ("/", "blockedFilePatterns[1] must name something"),
            ("a\0b", "blockedFilePatterns[1] must not contain NUL"),
        ] {
            let error = BlockedPaths::new(&["ok".into(), pattern.into()]).unwrap_err();
            assert!(error.message().starts_with(message), "{}", error.message());
        }
        assert!(BlockedPaths::new(&["x".repeat(257)]).is_err());
        assert!(BlockedPaths::new(&vec!["x".to_owned(); 1001]).is_err());
        assert!(BlockedPaths::new(&vec!["*x*y*".to_owned(); 1000]).is_ok());
        assert!(BlockedPaths::new(&["{a,".repeat(60)]).is_err());
    }

    #[test]
    fn the_default_patterns_block_what_the_contract_names() {
        let set = blocked(DEFAULT_PATTERNS);
        for path in [
            ".env",
            "deploy/.env.production",
            "tls/server.pem",
            "app.key",
            "a.p12",
            "a.pfx",
            "a.jks",
            "a.keystore",
            ".ssh/id_rsa",
            "id_dsa",
            "id_ecdsa",
            "id_ed25519",
            ".npmrc",
            ".pypirc",
            ".netrc",
            ".git-credentials",
            ".htpasswd",
            "home/.aws/credentials",
            "terraform.tfstate",
            "kubeconfig",
            "nested/kubeconfig/x",
        ] {
            assert!(set.blocks(path), "{path}");
        }
        for path in [
            "src/environment.rs",
            "keys.rs",
            "aws/credentials.md",
            "public.crt",
        ] {
            assert!(!set.blocks(path), "{path}");
        }
    }
}
