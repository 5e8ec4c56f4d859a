//! Measures the firewall. On files that nobody labelled: what it takes from a megabyte of clean
//! sources, lock files apart; whether commit ids are among it; in how many files a secret that was
//! hashed stays readable elsewhere; whether filtering again changes anything. It judges no span:
//! `--spans` prints each with its line, for a person to read. Without a folder, on the labelled and
//! the made texts of the tests: recall, precision and F1 by table, histories of services, second
//! mentions.
//!
//! ```text
//! cargo run --release -p gitflare-firewall --example measure -- [--spans] [FOLDER...]
//! ```

#[path = "../src/tests/crossed.rs"]
mod crossed;
#[path = "../src/tests/history.rs"]
mod history;
#[path = "../src/tests/mentioned.rs"]
mod mentioned;
#[path = "../src/tests/rows.rs"]
mod rows;

use std::{
    collections::BTreeMap,
    io::{Write, stdout},
    path::{Path, PathBuf},
};

use gitflare_firewall::{Redactor, TAG_PREFIX};

/// Larger files are passed over, as a gateway does not serve them whole.
const LARGEST: u64 = 1 << 20;

/// What was seen of one kind of file.
#[derive(Default)]
struct Seen {
    files: usize,
    bytes: usize,
    spans: usize,
    /// Spans of 40 or 64 hexadecimal digits and nothing else.
    ids: usize,
    /// Files in which a hashed value of ten characters with letters and digits stands again.
    again: usize,
    /// Files that a second filtering changes.
    unstable: usize,
}

fn main() -> std::io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let before = arguments.len();
    arguments.retain(|argument| argument != "--spans");
    let print = arguments.len() < before;
    let redactor = Redactor::new(&[7; 32]);
    let mut kinds: BTreeMap<&str, Seen> = BTreeMap::new();
    let mut out = stdout().lock();
    if arguments.is_empty() {
        return out.write_all(labelled(&redactor, print).as_bytes());
    }
    for folder in &arguments {
        for path in files(Path::new(folder)) {
            let Ok(text) = std::fs::read(&path) else {
                continue;
            };
            if text.contains(&0) {
                continue;
            }
            let name = path.to_string_lossy();
            let seen = kinds.entry(kind(&name)).or_default();
            for (line, value) in measure(&redactor.for_path(&name), &text, seen) {
                if print {
                    writeln!(out, "{name}: {value}\n    {line}")?;
                }
            }
        }
    }
    writeln!(
        out,
        "{:12} {:>7} {:>9} {:>7} {:>8} {:>5} {:>6} {:>9}",
        "kind", "files", "MB", "spans", "a MB", "ids", "again", "unstable"
    )?;
    for (kind, seen) in &kinds {
        let megabytes = seen.bytes as f64 / 1e6;
        writeln!(
            out,
            "{kind:12} {:7} {megabytes:9.2} {:7} {:8.2} {:5} {:6} {:9}",
            seen.files,
            seen.spans,
            seen.spans as f64 / megabytes,
            seen.ids,
            seen.again,
            seen.unstable
        )?;
    }
    out.flush()
}

/// The figures on the labelled and the made texts of the tests; with what was judged otherwise when
/// `print`.
fn labelled(redactor: &Redactor, print: bool) -> String {
    /// Fillings of each row.
    const FILLINGS: u64 = 6;
    let mut out = String::new();
    let mut whole = rows::Figures::default();
    for (name, table) in rows::TABLES {
        let mut figures = rows::Figures::default();
        for row in rows::rows(table) {
            for seed in 0..FILLINGS {
                let row = rows::Row::of(row, seed);
                let path = row.path.as_deref();
                let filter = path.map_or_else(|| redactor.clone(), |path| redactor.for_path(path));
                let redacted = filter.redact(row.text.as_bytes()).bytes;
                let found = rows::replaced(row.text.as_bytes(), &redacted, TAG_PREFIX);
                figures.add(&row.secrets, &found);
            }
        }
        out += &rows::line(name, figures);
        whole = whole.sum(figures);
    }
    out += &rows::line("all tables", whole);
    let (figures, examples) = crossed::measure(redactor, TAG_PREFIX);
    out += if print { &examples } else { "" };
    out += &rows::line("combinations", figures);
    let seen = history::measure(redactor, 20, TAG_PREFIX);
    out += if print { &seen.examples } else { "" };
    out += &seen.line();
    let ([shown, all], examples) = mentioned::measure(redactor);
    out += if print { &examples } else { "" };
    out += &format!("second mentions: {shown} of {all} texts show one\n");
    out
}

/// Filters one file; every span as its line and its value, both cut to a readable length.
fn measure(redactor: &Redactor, text: &[u8], seen: &mut Seen) -> Vec<(String, String)> {
    let redacted = redactor.redact(text);
    seen.files += 1;
    seen.bytes += text.len();
    if redacted.redactions == 0 {
        return Vec::new();
    }
    seen.spans += usize::try_from(redacted.redactions).unwrap_or(usize::MAX);
    seen.unstable += usize::from(redactor.redact(&redacted.bytes).redactions > 0);
    let spans = rows::replaced(text, &redacted.bytes, TAG_PREFIX);
    let values = || spans.iter().map(|span| &text[span.clone()]);
    seen.ids += values().filter(|value| is_id(value)).count();
    seen.again += usize::from(values().any(|value| stands_in(&redacted.bytes, value)));
    let line = |at: usize| {
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |index| index + 1);
        let start = start.max(at.saturating_sub(100));
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |index| at + index);
        String::from_utf8_lossy(&text[start..end.min(at + 120)]).into_owned()
    };
    spans
        .iter()
        .map(|span| {
            let value = &text[span.start..span.end.min(span.start + 80)];
            (
                line(span.start),
                String::from_utf8_lossy(value).into_owned(),
            )
        })
        .collect()
}

fn is_id(value: &[u8]) -> bool {
    matches!(value.len(), 40 | 64) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a value that no chance repeats stands in a text as a word of its own.
fn stands_in(text: &[u8], value: &[u8]) -> bool {
    let is_word = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    value.len() >= 10
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && memchr::memmem::find_iter(text, value).any(|at| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            !is_word(before) && !is_word(text.get(at + value.len()))
        })
}

/// The group that a file is counted in.
fn kind(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit('.').next().unwrap_or_default();
    let is_lock = matches!(name, "go.sum" | "package-lock.json" | "pnpm-lock.yaml");
    if is_lock || ending == "lock" {
        return "lock files";
    }
    if name.contains(".min.") {
        return "minified";
    }
    match ending {
        "md" | "rst" | "adoc" | "txt" | "html" | "tex" => "documents",
        "json" | "yml" | "yaml" | "toml" | "ini" | "cfg" | "conf" | "env" | "xml"
        | "properties" => "settings",
        "sh" | "bash" | "ps1" | "bat" | "mk" => "scripts",
        "diff" | "patch" => "diffs",
        "rs" | "js" | "ts" | "tsx" | "jsx" | "mjs" | "cjs" | "py" | "go" | "c" | "h" | "cpp"
        | "java" | "rb" | "php" | "cs" | "kt" | "swift" | "sql" => "sources",
        _ => "others",
    }
}

/// The files under a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut waiting = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        let Ok(about) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if about.is_file() && about.len() <= LARGEST {
            files.push(path);
        } else if about.is_dir()
            && let Ok(entries) = std::fs::read_dir(&path)
        {
            waiting.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    files.sort();
    files
}
