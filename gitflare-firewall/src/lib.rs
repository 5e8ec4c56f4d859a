//! The firewall: what leaves the gateway passes it. Files with blocked paths vanish, secrets
//! become hashes that are comparable within one tenant. It needs no gateway: [`Redactor`] works on
//! bytes, [`Redactor::stream`] on bytes as they come, [`Firewall`] adds the configuration, the
//! tenants' keys and whole diffs, and implements core's `ContentFilter`.
//!
//! ```
//! let redactor = gitflare_firewall::Redactor::new(&[7; 32]);
//! let text = b"password = \"correct-horse-7\"";
//! let redacted = redactor.redact(text);
//! assert_eq!(redacted.redactions, 1);
//! assert!(redacted.bytes.starts_with(b"password = \"gf_sha256:"));
//! assert_eq!(redactor.redact(&redacted.bytes).redactions, 0);
//! ```
//!
//! # What is found
//! - Tokens with a form of their own (`formats`): by prefix or inner mark and shape, to the end of
//!   their alphabet, whatever stands around them and whether or not a checksum is right.
//! - Private key blocks, line by line, through diff signs, quotes, escapes and concatenation. The
//!   marker lines and the number of lines stay; a block without an end goes as far as it goes.
//! - `scheme://user:secret@host` (the secret part), tokens as user names, webhook links whole.
//! - Assignments: a secret word in a name, an operator, a value, in the spellings of common
//!   languages, configuration files, XML, SQL, command lines, connection strings, headers, cookies
//!   and queries, in several human languages; the value may be quoted at any depth of escaping, in
//!   pieces, on the next line or in a sibling member.
//! - What only its surroundings give away: Kubernetes Secrets, private members of web keys,
//!   passwords among arguments, the secret beside an AWS key id, generated texts near a name.
//!
//! # What is not, and why
//! - A generated text without any word or mark near it: a digest or an id looks the same.
//! - References (`${X}`, `process.env.X`, `vault:...`), names, types, placeholders, the key's own
//!   name, prose, paths and links without credentials, public keys, UUIDs under weak names.
//! - Unquoted words in programming languages: they are names there. Without a known language an
//!   unquoted value must hold a digit or a symbol.
//! - Words of crypto seeds, and formats whose only mark is their length, unless a name is near.
//! - What is wrapped in base64 twice, and what is wrapped once without a telling beginning (JSON,
//!   JWT, PEM) or word (`password`, `secret`, `PRIVATE KEY`) in it.
//!
//! # Tags
//! `gf_sha256:` and sixteen hexadecimal digits: twelve of an HMAC-SHA-256 under the tenant's key,
//! four of a keyed check over those twelve. A tag whose check is right is left alone, so filtering
//! twice is filtering once; one that only looks like a tag is hashed like any other value. Secrets
//! under eight bytes become sixteen zeros, which tell nothing. Backslashes and line ends do not
//! count, so that a secret has one tag at every depth of escaping.
//!
//! # How it works
//! One pass: a vector filter over four-byte windows names candidates (`scan`), literals are
//! compared, and matchers anchored at the hits look at a bounded stretch around them. So time is
//! linear, a stream needs little memory, and every way of cutting the input gives the same output.
//! `cargo bench --bench firewall -- --repo PATH` measures it on a repository's history.

#![deny(unsafe_code)]
#![deny(missing_docs)]

mod assign;
mod block;
mod chance;
mod context;
mod diff;
mod engine;
mod firewall;
mod formats;
mod link;
mod paths;
mod redact;
mod scan;
mod shape;
mod stream;
mod tag;
mod text;
mod wrapped;

pub use diff::FilteredDiff;
pub use firewall::{Firewall, FirewallConfig};
pub use paths::DEFAULT_PATTERNS;
pub use redact::{Redacted, Redactor};
pub use stream::Stream;
pub use tag::TAG_PREFIX;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
