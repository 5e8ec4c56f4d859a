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
//! - Tokens with a form of their own (`formats`, some 530): by prefix or inner mark and shape, to
//!   the end of their alphabet, whatever stands around them and whether or not a checksum is right.
//!   Private keys in bare base64 by their fixed beginnings.
//! - Private key blocks, line by line: through diff signs, quotes, escapes, concatenation, the signs
//!   of comments, numbers and statements before every line, `<br>` and `%0A`. The markers go
//!   with the body, the number of lines stays; a block without an end goes as far as it goes, and
//!   of one without a beginning go the lines before its end. Where a hunk begins in the middle of a
//!   key, its first lines go as well, unless an end marker says that they are a certificate; so does
//!   the line of it that stands in the hunk's heading, and a value that Git cut with a heading.
//! - `scheme://user:secret@host` (the secret part), tokens as user names, webhook links whole.
//! - Assignments: a secret word in a name, an operator, a value, in the spellings of common
//!   languages (declarations, setters, builders, comparisons, defaults, lists), configuration files,
//!   XML, SQL, notes, command lines, connection strings, headers, cookies and queries (encoded once
//!   or twice), tables of Markdown, AsciiDoc, reStructuredText, wikis, HTML, LaTeX and
//!   comma-separated values, words in columns, columns of SQL statements, pairs of a user and a
//!   secret, in some thirty human languages; with escapes (`\\u0077`, `\\x77`, `%77`, `&#119;`),
//!   characters of the same look and characters without a shape in the name. The value may be quoted at any depth
//!   of escaping, in pieces, on the next line, alone below a heading, behind a remark on the name or
//!   in a sibling member.
//! - The same in a comment or a literal of source code: what counts in an environment file counts
//!   wherever a text of that kind is written down.
//! - What only its surroundings give away: Kubernetes Secrets, private members of web keys,
//!   passwords among the arguments of calls and commands (of known tools, and behind `-p` where a
//!   user is named before it), handed over by pipes, here-strings and here-documents, before an
//!   address (`bob:...@10.0.0.1`), among the first arguments of what makes a client, the secret
//!   beside an AWS key id, generated texts near a name, or behind an operator or a quote after the
//!   name of one of some 150 providers.
//! - Texts wrapped once in base64 that begin like JSON or a token of a common form, or hold a telling
//!   word, judged by what they hold, on one line or wrapped over several.
//! - Every further mention of a secret, in the text, the diff or the answer, when it looks generated
//!   or has ten characters with letters and digits; up to 64 secrets of each. A stream knows only
//!   what it has seen: a mention that was written before its secret was recognised stays.
//!
//! What a value must be follows what its name promises. Under `password` weak words count, unless
//! they name a field, a message or a route; under `secret` single words do from six letters on;
//! under `token` and `api_key` something must look generated or hold digits; under `key`, `salt` or
//! a provider's name it must look generated. "Test" and "example" values are secrets like others.
//! A value ends where its syntax ends it, so that equal secrets have equal tags and what stands
//! around them stays valid.
//!
//! # What is not, and why
//! - A generated text without any word or mark near it: a digest or an id looks the same.
//! - References (`${X}`, `process.env.X`, `vault:...`), names, types, placeholders, the key's own
//!   name, prose, dates, paths and links without credentials, public keys, UUIDs under weak names.
//! - Commit ids, digests and versions, what images and packages are pinned to, links to services and
//!   their build pages: a name near them says nothing of them, unless an operator or a quote joins it
//!   to them.
//! - In lock files and lists of checksums, by their known names, anything but formats, key blocks
//!   and credentials in URLs; in translations (a folder of locales, `de.json`), words without digits
//!   and marks; what Ansible's vault has encrypted.
//! - Unquoted words in programming languages: they are names there. Without a known language an
//!   unquoted value must hold a digit or a symbol, look generated, or stand where settings and
//!   options are written down: alone on its line, behind a flag, beside another pair.
//! - `user:password@` and other stand-ins in links; user names, client ids, hosts; markers without
//!   a key; lines from the middle of a key that no hunk begins with.
//! - Expressions that say what a token consists of (`[A-Za-z0-9]{40}`), and names of files, features
//!   and cases that a secret word is part of.
//! - Words of crypto seeds, and formats whose only mark is their length, unless a name is near.
//! - What is wrapped in base64 twice, what is wrapped once without a telling beginning or word, what
//!   is written in hexadecimal digits.
//!
//! # Decided
//! - Publishable keys (`pk_live_...`) stay: their providers mean them to be read by anybody.
//! - Labels, names of authors, committers and taggers, environments of deployments and names of
//!   release assets are never sent back by clients, so the gateway passes them through the filter: a
//!   secret in one is hashed, anything else in them stays. Identifiers that clients send back (ids,
//!   branches, tags, paths, logins) and links never pass it.
//! - Of every line in a here-document of `passwd` and its kin the firewall takes what can be a
//!   password, of what `su` reads nothing: those are commands.
//! - Communities `public` and `private` stay: everybody knows them.
//! - A passphrase of plain words counts where a quoted value under a name of a phrase or a password
//!   holds it (`"keyboard cat"`, up to twelve words under `passphrase`); in prose it reads like prose
//!   and stays.
//!
//! # How well
//! | measured on | caught |
//! |---|---|
//! | 689 examples in the rules of another scanner, those whose label is the secret itself | 96 % |
//! | 4,466 texts generated from 640 rules of two scanners, in eight kinds of assignment | 98 % |
//! | 7,440 generated secrets of 20 alphabets and lengths in 31 spellings of tokens | 99 % |
//! | 1,045 passwords, half of them words, in 210 spellings of 30 languages and tools | 90 % |
//! | 259 layouts of private keys | all |
//! | 1,704 findings of another scanner in 90 MB of 29 applications, its errors among them | 85 % |
//! | 400 lines of those applications, labelled by hand (before what they taught was built in) | 86 % of the secrets, F1 0.87 |
//!
//! | measured on | spans lost |
//! |---|---|
//! | 143 lines that look like assignments, without a path | 2 |
//! | 30 MB of the history of 20 Rust libraries | 0.4 a MB |
//! | 42 MB of sources and manuals, with their paths | 7.1 a MB, most of them test keys and documented sample credentials |
//! | 194 MB of sources, manuals and lock files of 374 Rust libraries, with their paths | 1.3 a MB, most of them test keys, password hashes and sample credentials |
//!
//! 3,500 files of those applications came to the same hashes with other line ends, diff signs,
//! indentation and one or two levels of escaping, and filtering them again changed nothing.
//!
//! Made of the project's own samples, so that they say what is covered and nothing of what nobody
//! thought of: 2,106 labelled rows in 15 tables (`tests/labelled`), all exact but for short words
//! that stand a second time; 16 names in 29 spellings with generated and chosen values, beside
//! names and values that promise nothing: recall 1.00, precision 0.99; 6 MB of histories of 46
//! services, in which nothing is touched, 52,440 ids among it; 298 texts that hold a secret a second
//! time, none readable; 64 spellings of an assignment in 52 places of 35 kinds of file with two
//! generated and two chosen values, 99.6 % with the same tag, no place under 97 %. The same 64 with
//! words and names for values: 74 %, as names of tokens take no words.
//!
//! On what is published for clean: 368 MB of 39,000 files of Rust, npm and Python packages, 1.6 spans
//! a MB; 25 MB of clients of six services, 1.3 a MB; lock files, none in 5 MB; keys of test vectors,
//! but no commit id; one file in which a hashed value stands again; none that a second filtering
//! changes.
//! `cargo run --release -p gitflare-firewall --example measure` prints recall, precision and F1 of the
//! tables, and with `-- FOLDER` the rest for any folder.
//!
//! The spellings are tables of the unit tests (`assign/tests.rs`, `block/tests.rs`, `formats`).
//! `cargo run --release --example redact -- --score` reads anybody's labelled lines, `{"text": ...,
//! "path": ...|null, "secrets": [...]}` each, and prints both figures for them.
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
//!
//! # How fast
//! The best of thirty rounds for each piece of 128 KiB on 2026-11-30, on 2 cores with AVX-512 that
//! others used too. The floor is an Aho-Corasick DFA of 36 literals on the same bytes in the same
//! run. What decides is how often a word for a secret stands in the text, secret or not.
//!
//! | text | MB/s | x the floor |
//! |---|---|---|
//! | sources of a library, no secret | 3,240 | 5.0 |
//! | sources that deal in tokens, 3 secrets a MB | 1,250 | 2.0 |
//! | the same, 109 secrets a MB | 970 | 1.5 |
//! | sources of this crate, 700 secrets a MB | 250 | 0.4 |
//!
//! Bytes are looked up by six bits after that, without their case. Best of 45 rounds for each piece
//! of 1 MiB, pinned, with every core at work for others, in turns with the build before: bundles of
//! scripts 3,510 MB/s (3,000), sources of libraries without a secret 1,340 (1,220), of cryptography
//! with thirty secrets a MB 740 (680), of HTTP clients with a hundred planted ones 625 (565), of this
//! workspace 615 (590), of this crate 250 (240). With AVX2 a byte of the clients takes 34.5
//! instructions (35.9), of the libraries 23.0 (22.0), of the bundles 25.6 (20.0).
//!
//! Further mentions are found with the vector unit after that: in turns with the build before, best of
//! 40 for each piece of 1 MiB, a text with a hundred secrets a MB takes 0.92 of the time.
//!
//! An answer of 2 kB costs 2.9 us in 32 strings (5.1 before small texts were spared locks); the tables
//! 30 to 40 ms once in a process.

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
mod language;
mod link;
mod manifest;
mod mentions;
mod paths;
mod redact;
mod scan;
mod shape;
mod span;
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
