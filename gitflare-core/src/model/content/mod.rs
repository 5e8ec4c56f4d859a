//! One file of a repository, whole: text as text, binary as base64, and what must not leave withheld. An
//! adapter hands over the bytes; what they are is found out here, alike for all.

mod container;
mod text;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    Result,
    filter::{Filterable, FirewallReport, Screen, TextKind},
};

/// The most bytes of a file that are answered; a larger one is withheld.
pub const MAX_CONTENT_BYTES: usize = 10 * 1024 * 1024;

/// A file, a link or a submodule at one commit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The path from the root of the repository.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// What stands at the path.
    #[serde(rename = "type")]
    pub kind: ContentType,
    /// Git's mode as six octal digits.
    pub mode: Option<String>,
    /// The Git object's name; of a submodule its commit.
    pub sha: Option<String>,
    /// The size upstream in bytes.
    pub size: Option<u64>,
    /// The commit that the ref led to.
    pub commit_sha: Option<String>,
    /// How `content` is written; `None` without content.
    pub encoding: Option<ContentEncoding>,
    /// The encoding that the text has in the repository; `None` for what is no text.
    pub source_encoding: Option<SourceEncoding>,
    /// The file itself, filtered; `None` when it is withheld, and for links and submodules.
    pub content: Option<String>,
    /// Why there is no content; `None` when nothing is withheld.
    pub withheld: Option<Withheld>,
    /// The text of a link, which is never followed; `None` when it points at a blocked path.
    pub target: Option<String>,
    /// Where a submodule comes from: `http` or `https` without user information.
    pub submodule_url: Option<String>,
    /// What a Git LFS pointer points at; the object itself is never fetched.
    pub lfs: Option<LfsPointer>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Report of the firewall's work on this file; written by the filter, not by providers.
    pub firewall: FirewallReport,
    /// The bytes of a binary file until the filter has judged them; never written out.
    #[serde(skip)]
    pub binary: Vec<u8>,
}

words! {
    /// What stands at a path.
    ContentType(non_exhaustive) {
        /// A regular file.
        File = "file",
        /// A symbolic link.
        Symlink = "symlink",
        /// A commit of another repository.
        Submodule = "submodule",
    }
}

words! {
    /// How the content of a file is written.
    ContentEncoding(non_exhaustive) {
        /// As it is.
        Utf8 = "utf-8",
        /// In base64, for what is no text.
        Base64 = "base64",
    }
}

words! {
    /// The encoding of a text in the repository.
    SourceEncoding(non_exhaustive) {
        /// UTF-8, with a byte-order mark or without.
        Utf8 = "utf-8",
        /// UTF-16, little-endian.
        Utf16Le = "utf-16le",
        /// UTF-16, big-endian.
        Utf16Be = "utf-16be",
        /// UTF-32, little-endian.
        Utf32Le = "utf-32le",
        /// UTF-32, big-endian.
        Utf32Be = "utf-32be",
    }
}

words! {
    /// Why a file comes without its content.
    Withheld(non_exhaustive) {
        /// It has more than 10 MiB.
        TooLarge = "too_large",
        /// It is an archive or compressed: what is in it cannot be judged.
        Container = "container",
        /// It is no text, and holds a secret.
        Secret = "secret",
    }
}

/// What a Git LFS pointer says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LfsPointer {
    /// The SHA-256 of the object in hexadecimal.
    pub oid: Option<String>,
    /// The size of the object in bytes.
    pub size: Option<u64>,
}

impl Content {
    /// What stands at a path, of which no more is known.
    #[must_use]
    pub fn new(path: &str, kind: ContentType) -> Self {
        Self {
            path: path.to_owned(),
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            kind,
            mode: None,
            sha: None,
            size: None,
            commit_sha: None,
            encoding: None,
            source_encoding: None,
            content: None,
            withheld: None,
            target: None,
            submodule_url: None,
            lfs: None,
            web_url: None,
            firewall: FirewallReport::default(),
            binary: Vec::new(),
        }
    }

    /// The same with its bytes: the text of a link, or the content of a file, which is decoded when it
    /// is text.
    #[must_use]
    pub fn with_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.size = self.size.or(Some(bytes.len() as u64));
        if bytes.len() > MAX_CONTENT_BYTES {
            return self.too_large();
        }
        match self.kind {
            ContentType::Submodule => {}
            ContentType::Symlink => self.target = String::from_utf8(bytes).ok(),
            ContentType::File => match text::decode(bytes) {
                Ok((text, encoding)) => {
                    self.lfs = lfs(&text);
                    self.encoding = Some(ContentEncoding::Utf8);
                    self.source_encoding = Some(encoding);
                    self.content = Some(text);
                }
                Err(bytes) => self.binary = bytes,
            },
        }
        self
    }

    /// The same without its bytes, which are more than [`MAX_CONTENT_BYTES`].
    #[must_use]
    pub fn too_large(mut self) -> Self {
        self.withheld = Some(Withheld::TooLarge);
        self
    }

    /// The same with the address of a submodule, where it is one that may be told.
    #[must_use]
    pub fn with_submodule_url(mut self, url: Option<String>) -> Self {
        self.submodule_url = url.filter(|url| has_no_user(url));
        self
    }

    /// Judges the bytes of a binary file.
    fn judge(&mut self, screen: &mut Screen<'_>) -> Result<()> {
        let bytes = std::mem::take(&mut self.binary);
        if bytes.is_empty() {
            return Ok(());
        }
        if screen.is_enabled() {
            if container::is_container(&bytes) {
                self.withheld = Some(Withheld::Container);
                return Ok(());
            }
            if screen.finds_secret(&bytes, &self.path)? {
                self.withheld = Some(Withheld::Secret);
                return Ok(());
            }
        }
        self.encoding = Some(ContentEncoding::Base64);
        self.content = Some(BASE64_STANDARD.encode(bytes));
        Ok(())
    }
}

/// Whether an address has no user in front of its host.
fn has_no_user(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    !authority.contains('@')
}

/// The paths that the text of a link may name: as it stands, and from the folder that the link lies in.
pub(super) fn named_by_link(path: &str, target: &str) -> impl Iterator<Item = String> {
    let paths = [
        target.trim_start_matches('/').to_owned(),
        resolved(path, target),
    ];
    paths.into_iter().filter(|path| !path.is_empty())
}

/// The path that a link leads to, from the folder that it lies in; what goes beyond the root is cut.
fn resolved(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => path.split('/').collect(),
    };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a text points at when it is a Git LFS pointer.
/// <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>
fn lfs(text: &str) -> Option<LfsPointer> {
    const LONGEST: usize = 1024;
    if text.len() > LONGEST || !text.starts_with("version https://git-lfs.github.com/spec/") {
        return None;
    }
    let value = |key: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
    };
    let oid = value("oid")?.strip_prefix("sha256:")?;
    let is_digest = oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| LfsPointer {
        oid: Some(oid.to_owned()),
        size: value("size").and_then(|size| size.parse().ok()),
    })
}

impl Filterable for Content {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        let before = screen.report();
        if screen.strips(std::iter::once(self.path.as_str())) {
            return Ok(None);
        }
        screen.url(&mut self.web_url);
        screen.url(&mut self.submodule_url);
        if let Some(target) = &self.target {
            let paths: Vec<_> = named_by_link(&self.path, target).collect();
            if screen.strips(paths.iter().map(String::as_str)) {
                self.target = None;
            }
        }
        screen.prose(&mut self.target)?;
        if self.encoding != Some(ContentEncoding::Base64)
            && let Some(text) = &mut self.content
        {
            screen.text(text, TextKind::File { path: &self.path })?;
        }
        self.judge(screen)?;
        self.firewall += screen.report().since(before);
        Ok(Some(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_resolved_from_its_folder_and_stays_in_the_repository() {
        for (path, target, expected) in [
            ("notes", ".env", ".env"),
            ("a/b/notes", "../.env", "a/.env"),
            ("a/notes", "./x//y", "a/x/y"),
            ("a/notes", "../../../etc/passwd", "etc/passwd"),
            ("a/notes", "/etc/passwd", "etc/passwd"),
            ("a/notes", "..", ""),
        ] {
            assert_eq!(resolved(path, target), expected, "{path} -> {target}");
        }
    }

    #[test]
    fn a_pointer_is_told_apart_from_a_text_about_pointers() {
        let oid = "4d7a".repeat(16);
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12\n");
        let pointer = LfsPointer {
            oid: Some(oid),
            size: Some(12),
        };
        let content =
            Content::new("a.bin", ContentType::File).with_bytes(text.clone().into_bytes());
        assert_eq!(content.lfs, Some(pointer));
        assert_eq!(
            content.content.as_deref(),
            Some(&*text),
            "the pointer is what it is"
        );
        for other in [
            text.replace("sha256:", "md5:"),
            text.replace("version", "# version"),
            text.replace("4d7a", "zzzz"),
            format!("{text}{}", "x".repeat(1024)),
        ] {
            assert_eq!(lfs(&other), None, "{other}");
        }
    }

    #[test]
    fn an_address_with_a_user_is_not_told() {
        let of = |url: &str| {
            let content = Content::new("vendor", ContentType::Submodule);
            content
                .with_submodule_url(Some(url.to_owned()))
                .submodule_url
        };
        assert!(of("https://git.example/a@b/c.git").is_some());
        for url in ["https://me:pw@git.example/c.git", "git@git.example:c.git"] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    #[test]
    fn what_is_larger_than_the_cap_has_no_content() {
        let bytes = vec![b'a'; MAX_CONTENT_BYTES + 1];
        let content = Content::new("a", ContentType::File).with_bytes(bytes);
        assert_eq!(content.withheld, Some(Withheld::TooLarge));
        assert_eq!(
            (content.content, content.size),
            (None, Some(MAX_CONTENT_BYTES as u64 + 1))
        );
        let bytes = vec![b'a'; MAX_CONTENT_BYTES];
        let content = Content::new("a", ContentType::File).with_bytes(bytes);
        assert_eq!(
            (content.withheld, content.content.map(|it| it.len())),
            (None, Some(MAX_CONTENT_BYTES))
        );
    }
}
