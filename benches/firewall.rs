//! The firewall over diff text: clean, dense with secrets, minified; each beside newline counting,
//! a copy and an Aho-Corasick DFA on the same bytes. Then what it adds to small answers, what it
//! keeps in memory, how long its tables take. Medians of one run on one core, with their ratios to
//! the floors below which a figure is a defect.
//!
//! ```text
//! cargo bench --bench firewall                        # sources of this workspace, planted secrets
//! cargo bench --bench firewall -- --repo PATH         # `git log -p` of a repository
//! ```

use std::{
    borrow::Cow,
    fmt::Write,
    hint::black_box,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use gitflare_core::{
    Secret, TenantId,
    filter::{ContentFilter, TextKind},
};
use gitflare_firewall::{Firewall, FirewallConfig, Redactor};

const SIZE: usize = 16 << 20;
const ROUNDS: usize = 15;
/// Bytes that are timed at once.
const PIECE: usize = 1 << 20;
/// Bytes of a history that are looked at.
const LONGEST: u64 = 128 << 20;
/// Literals of the DFA that stands beside: about what a scanner without a filter compiles.
const LITERALS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "credential",
    "bearer",
    "authorization",
    "private_key",
    "ghp_",
    "gho_",
    "ghs_",
    "glpat-",
    "AKIA",
    "ASIA",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "rk_live_",
    "AIza",
    "ya29.",
    "npm_",
    "pypi-",
    "hf_",
    "dop_v1_",
    "SG.",
    "shpat_",
    "eyJ",
    "-----BEGIN",
    "://",
    "key=",
    "pwd",
    "auth",
    "hooks.slack.com",
    "ATATT3",
];

fn main() {
    // Before anything else: the first text waits for the tables.
    let start = Instant::now();
    let redactor = Redactor::new(&[7; 32]);
    black_box(redactor.redact(b"x").redactions);
    let built = start.elapsed();

    // `cargo test --benches` only checks that it runs.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = !arguments.iter().any(|argument| argument == "--bench");
    let size = if quick { 1 << 16 } else { SIZE };
    let repository = arguments
        .iter()
        .position(|argument| argument == "--repo")
        .and_then(|index| arguments.get(index + 1));
    memory(&redactor, &dense(if quick { 1 << 16 } else { 1 << 20 }));
    match repository {
        Some(path) => rows(path, &history(path), (1200.0, 600.0)),
        None => {
            rows("clean", &clean(size), (1200.0, 600.0));
            rows("dense", &dense(size), (900.0, 550.0));
            rows("minified", &minified(size), (1200.0, 600.0));
        }
    }
    small();
    nothing_found(&redactor, &minified(size));
    line(&format!(
        "tables: built in {:.1} ms (goal 20)",
        built.as_secs_f64() * 1e3
    ));
}

/// The figures of one text, in MB/s, beside what the machine can do with the same bytes.
fn rows(name: &str, text: &[u8], (goal, floor): (f64, f64)) {
    let redactor = Redactor::new(&[7; 32]);
    let redactions = redactor.redact(text).redactions;
    let dfa = aho_corasick::AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(LITERALS)
        .ok();
    let megabytes = text.len() as f64 / 1e6;
    let mut out = Vec::with_capacity(2 * PIECE);
    let newlines = rate(text, |piece| memchr::memchr_iter(b'\n', piece).count());
    let copied = rate(text, |piece| {
        out.clear();
        out.extend_from_slice(piece);
    });
    let automaton = dfa.map(|dfa| rate(text, |piece| dfa.find_iter(piece).count()));
    let redacted = rate(text, |piece| redactor.redact(piece).redactions);
    let streamed = rate(text, |piece| {
        out.clear();
        let mut stream = redactor.stream();
        for chunk in piece.chunks(32 * 1024) {
            stream.push(chunk, &mut out);
        }
        stream.finish(&mut out)
    });
    line(&format!(
        "{name}: {megabytes:.1} MB, {redactions} redactions ({:.2} a MB)",
        redactions as f64 / megabytes
    ));
    line(&format!(
        "  redact    {redacted:8.0} MB/s  goal {goal:.0}, {:.2} x the floor of {floor:.0}, 1/{:.1} of newline counting",
        redacted / floor,
        newlines / redacted
    ));
    line(&format!("  stream    {streamed:8.0} MB/s"));
    if let Some(rate) = whole_diff(text) {
        line(&format!("  diff      {rate:8.0} MB/s"));
    }
    line(&format!("  newlines  {newlines:8.0} MB/s"));
    line(&format!("  memcpy    {copied:8.0} MB/s"));
    if let Some(automaton) = automaton {
        line(&format!("  DFA       {automaton:8.0} MB/s"));
    }
}

/// The same with files told apart and blocked ones stripped.
fn whole_diff(text: &[u8]) -> Option<f64> {
    let (firewall, tenant) = firewall()?;
    Some(rate(text, |piece| {
        firewall.filter_diff(&tenant, piece).is_ok()
    }))
}

/// What the firewall adds to one answer.
fn small() {
    let Some((firewall, tenant)) = firewall() else {
        return;
    };
    let text = |size| String::from_utf8(clean(size)).unwrap_or_default();
    let screened = |text: &str, kind| {
        median(|| {
            for _ in 0..100 {
                black_box(firewall.screen(&tenant, text, kind).is_ok());
            }
        }) * 1e4
    };
    let patch = TextKind::Patch { path: "src/a.rs" };
    let answer = text(2 << 10);
    let strings: Vec<&str> = answer
        .as_bytes()
        .chunks(64)
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    let apart: f64 = strings
        .iter()
        .map(|part| screened(part, TextKind::Prose))
        .sum();
    let whole = screened(&answer, TextKind::Prose);
    line(&format!(
        "2 kB answer: {whole:.1} us whole, {apart:.1} us as {} strings (goal 5)",
        strings.len()
    ));
    let diff = screened(&text(100 << 10), patch);
    line(&format!("100 kB diff: {diff:.0} us (goal 150)"));
}

/// A text without a secret comes back as it is.
fn nothing_found(redactor: &Redactor, text: &[u8]) {
    let redacted = redactor.redact(text);
    let same = matches!(&redacted.bytes, Cow::Borrowed(bytes) if std::ptr::eq(*bytes, text));
    line(&format!(
        "nothing found: {}",
        if same { "the input itself" } else { "a copy" }
    ));
}

/// What a stream keeps, as the growth of the process over many.
fn memory(redactor: &Redactor, text: &[u8]) {
    const STREAMS: usize = 200;
    let resident = || -> Option<usize> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let (_, rest) = status.split_once("VmRSS:")?;
        rest.split_ascii_whitespace().next()?.parse().ok()
    };
    let mut out = Vec::new();
    let before = resident();
    let streams: Vec<_> = (0..STREAMS)
        .map(|_| {
            let mut stream = redactor.stream();
            for chunk in text.chunks(32 * 1024) {
                out.clear();
                stream.push(chunk, &mut out);
            }
            stream
        })
        .collect();
    match before.zip(resident()) {
        Some((before, after)) => line(&format!(
            "memory: {} KiB a stream (goal 256)",
            after.saturating_sub(before) / streams.len()
        )),
        None => line("memory: skipped, the system does not tell"),
    }
}

fn firewall() -> Option<(Firewall, TenantId)> {
    let firewall = Firewall::new(&Secret::new([7; 32]), &FirewallConfig::default()).ok()?;
    Some((firewall, TenantId::parse("tenant_bench").ok()?))
}

/// MB/s over pieces of a text: the sum of each piece's median, so that a busy machine, which takes
/// the core away now and then, does not show.
fn rate<T>(text: &[u8], mut work: impl FnMut(&[u8]) -> T) -> f64 {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let near = rest.len().min(PIECE);
        let line = memchr::memrchr(b'\n', &rest[..near]).map_or(near, |index| index + 1);
        let (piece, after) = rest.split_at(line);
        pieces.push((piece, Vec::with_capacity(ROUNDS)));
        rest = after;
    }
    for _ in 0..ROUNDS {
        for (piece, seconds) in &mut pieces {
            let start = Instant::now();
            black_box(work(piece));
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let seconds: f64 = pieces.iter_mut().map(|(_, seconds)| middle(seconds)).sum();
    text.len() as f64 / 1e6 / seconds
}

fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    middle(&mut seconds)
}

fn middle(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a bench reports on stdout")]
fn line(text: &str) {
    println!("{text}");
}

/// The history of a repository; of a long one its last part.
fn history(path: &str) -> Vec<u8> {
    let log = Command::new("git")
        .args(["-C", path, "log", "-p", "--no-color"])
        .stdout(Stdio::piped())
        .spawn();
    let mut text = Vec::new();
    if let Ok(mut log) = log {
        if let Some(out) = log.stdout.take() {
            // What was read counts, whatever happens then.
            let _ = out.take(LONGEST).read_to_end(&mut text);
        }
        let _ = log.kill();
        let _ = log.wait();
    }
    text
}

/// A small generator, so that every run sees the same text.
struct Random(u64);

impl Random {
    fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len)
            .map(|_| char::from(alphabet[self.next(alphabet.len())]))
            .collect()
    }
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Lines of the sources in some folders of this workspace, as a diff adds them.
fn sources(folders: &[&str], size: usize) -> Vec<String> {
    let mut waiting: Vec<PathBuf> = folders
        .iter()
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .collect();
    let mut lines = Vec::new();
    while let Some(path) = waiting.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            entries.sort();
            waiting.extend(entries);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            lines.extend(text.lines().map(|line| format!("+{line}\n")));
        }
    }
    let count = lines.iter().map(String::len).sum::<usize>().max(1);
    std::iter::repeat_n(lines, size / count + 1)
        .flatten()
        .collect()
}

/// Source code in a diff, without a secret of its own.
fn clean(size: usize) -> Vec<u8> {
    let redactor = Redactor::new(&[7; 32]);
    let lines = sources(&["gitflare-core/src", "gitflare-providers/src"], size);
    let mut text: String = lines
        .iter()
        .filter(|line| redactor.redact(line.as_bytes()).redactions == 0)
        .map(String::as_str)
        .collect();
    // Sources hold letters beyond ASCII: the end must not cut one in two.
    text.truncate(text.floor_char_boundary(size));
    text.into_bytes()
}

/// The history of a secret scanner: its sources, and a planted secret every hundred lines.
fn dense(size: usize) -> Vec<u8> {
    let mut random = Random(2);
    let mut text = String::with_capacity(size + 400);
    for (index, line) in sources(&["gitflare-firewall/src"], size).iter().enumerate() {
        text.push_str(line);
        if !index.is_multiple_of(100) {
            continue;
        }
        let body = random.text(ALPHANUMERIC, 36);
        let _ = match random.next(4) {
            0 => writeln!(text, "+    token: \"ghp_{body}\","),
            1 => writeln!(text, "+password = \"{}\"", &body[..12]),
            2 => writeln!(text, "+  url: postgres://app:{}@db/x", &body[..10]),
            _ => writeln!(text, "+API_KEY={body}"),
        };
    }
    text.truncate(text.floor_char_boundary(size));
    text.into_bytes()
}

/// Words of shell scripts, of which benchmark texts are made.
const WORDS: &[&str] = &[
    "request", "page", "value", "index", "buffer", "state", "token", "parse", "result", "error",
    "name", "key", "path", "line", "config", "iter", "map", "collect", "string", "bytes", "length",
    "offset", "write", "read", "format",
];

/// A bundle of script: lines of half a megabyte.
fn minified(size: usize) -> Vec<u8> {
    let mut random = Random(3);
    let mut text = String::with_capacity(size + 200);
    let mut line = 0;
    while text.len() < size {
        let name = random.text(b"abcdefghijklmnopqrstuvwxyz", 1);
        let _ = write!(
            text,
            "function {name}(t,e){{return t.{}?e[{}]:void 0}}var {}=n({});",
            WORDS[random.next(WORDS.len())],
            random.next(1000),
            random.text(b"abcdefghijklmnopqrstuvwxyz", 2),
            random.next(9000),
        );
        if text.len() - line > 500_000 {
            line = text.len();
            text.push('\n');
        }
    }
    text.truncate(size);
    text.into_bytes()
}
