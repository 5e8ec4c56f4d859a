//! The firewall over diff text: clean, dense with secrets, minified; each beside newline counting,
//! a copy and an Aho-Corasick DFA on the same bytes. Then what it adds to small answers, what it
//! keeps in memory, how long its tables take. Medians of one run on one core, with their ratios to
//! the floors below which a figure is a defect.
//!
//! ```text
//! cargo bench --bench firewall                        # generated text
//! cargo bench --bench firewall -- --repo PATH         # `git log -p` of a repository
//! ```

use std::{
    borrow::Cow,
    fmt::Write,
    hint::black_box,
    io::Read,
    process::{Command, Stdio},
    time::Instant,
};

use gitflare_core::{
    Secret, TenantId,
    filter::{ContentFilter, TextKind},
};
use gitflare_firewall::{Firewall, FirewallConfig, Redactor};

const SIZE: usize = 16 << 20;
const ROUNDS: usize = 21;
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
    match repository {
        Some(path) => rows(path, &history(path), (1200.0, 600.0)),
        None => {
            rows("clean", &clean(size), (1200.0, 600.0));
            rows("dense", &dense(size), (900.0, 550.0));
            rows("minified", &minified(size), (1200.0, 600.0));
        }
    }
    small();
    nothing_found(&redactor, &clean(size));
    line(&format!(
        "tables: built in {:.1} ms (goal 20)",
        built.as_secs_f64() * 1e3
    ));
    memory(&redactor, &dense(if quick { 1 << 16 } else { 1 << 20 }));
}

/// The figures of one text, in MB/s, beside what the machine can do with the same bytes.
fn rows(name: &str, text: &[u8], (goal, floor): (f64, f64)) {
    let redactor = Redactor::new(&[7; 32]);
    let redactions = redactor.redact(text).redactions;
    let mut copy = vec![0; text.len()];
    let dfa = aho_corasick::AhoCorasick::builder()
        .kind(Some(aho_corasick::AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(LITERALS)
        .ok();
    let megabytes = text.len() as f64 / 1e6;
    let rate = |seconds: f64| megabytes / seconds;
    let newlines = rate(median(|| memchr::memchr_iter(b'\n', text).count()));
    let copied = rate(median(|| copy.copy_from_slice(text)));
    let automaton = dfa.map(|dfa| rate(median(|| dfa.find_iter(text).count())));
    let redacted = rate(median(|| redactor.redact(text).redactions));
    let mut out = Vec::with_capacity(text.len() * 2);
    let streamed = rate(median(|| {
        out.clear();
        let mut stream = redactor.stream();
        for chunk in text.chunks(32 * 1024) {
            stream.push(chunk, &mut out);
        }
        stream.finish(&mut out)
    }));
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
    let seconds = median(|| firewall.filter_diff(&tenant, text).is_ok());
    Some(text.len() as f64 / 1e6 / seconds)
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

fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
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
const WORDS: &[&str] = &[
    "let",
    "request",
    "self",
    "page",
    "fn",
    "return",
    "match",
    "value",
    "index",
    "buffer",
    "state",
    "token",
    "impl",
    "for",
    "if",
    "else",
    "struct",
    "parse",
    "result",
    "error",
    "name",
    "key",
    "path",
    "line",
    "config",
    "Some",
    "None",
    "Ok",
    "iter",
    "map",
    "collect",
    "pub",
    "use",
    "std",
    "string",
    "bytes",
    "length",
    "offset",
    "write",
    "read",
    "format",
    "assert_eq",
    "vec",
    "usize",
];

/// Source code in a diff, without a secret.
fn clean(size: usize) -> Vec<u8> {
    let mut random = Random(1);
    let mut text = String::with_capacity(size + 200);
    while text.len() < size {
        let sign = [' ', '+', '-'][random.next(3)];
        text.push(sign);
        text.push_str(&" ".repeat(4 * random.next(4)));
        for _ in 0..2 + random.next(8) {
            text.push_str(WORDS[random.next(WORDS.len())]);
            text.push_str([" ", ".", "(", ") ", ", ", " = ", "::", "; "][random.next(8)]);
        }
        text.push('\n');
    }
    text.truncate(size);
    text.into_bytes()
}

/// The history of a secret scanner: code, with an assignment or a token every few lines.
fn dense(size: usize) -> Vec<u8> {
    let mut random = Random(2);
    let mut text = String::with_capacity(size + 400);
    while text.len() < size {
        for _ in 0..12 {
            text.push('+');
            for _ in 0..3 + random.next(7) {
                text.push_str(WORDS[random.next(WORDS.len())]);
                text.push_str([" ", ".", "(", ") ", " = ", "; "][random.next(6)]);
            }
            text.push('\n');
        }
        let body = random.text(ALPHANUMERIC, 36);
        let _ = match random.next(4) {
            0 => writeln!(text, "+    token: \"ghp_{body}\","),
            1 => writeln!(text, "+password = \"{}\"", &body[..12]),
            2 => writeln!(text, "+  url: postgres://app:{}@db/x", &body[..10]),
            _ => writeln!(text, "+API_KEY={body}"),
        };
    }
    text.truncate(size);
    text.into_bytes()
}

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
