//! Labelled samples by kind of fault: what must go, with the exact bytes that stay around it, and
//! what must stay whole. Each file under `labelled/` is a table; every row is filled with several
//! generated values. The summary that a run prints is the crate's own score; the floors hold it.
//!
//! A row is `path | text`, with `-` for prose; `⏎` is a line end, `«...»` a secret, and a
//! heading begins with `#`. `$V` and its kin are generated values, see [`fill`].

use std::fmt::Write as _;

use crate::{Redactor, shape::Shape};

const ROUNDS: u64 = 6;

/// Name, table, and the share of each that must hold: secrets gone, texts exact, texts untouched.
const TABLES: &[(&str, &str, [f64; 3])] = &[
    ("place", include_str!("labelled/place.txt"), [1.0; 3]),
    ("value", include_str!("labelled/value.txt"), [1.0; 3]),
    ("again", include_str!("labelled/again.txt"), [0.7, 1.0, 1.0]),
    (
        "kubernetes",
        include_str!("labelled/kubernetes.txt"),
        [1.0; 3],
    ),
    ("words", include_str!("labelled/words.txt"), [1.0; 3]),
    ("spelling", include_str!("labelled/spelling.txt"), [1.0; 3]),
    ("commands", include_str!("labelled/commands.txt"), [1.0; 3]),
    (
        "languages",
        include_str!("labelled/languages.txt"),
        [1.0; 3],
    ),
    ("settings", include_str!("labelled/settings.txt"), [1.0; 3]),
    ("harmless", include_str!("labelled/harmless.txt"), [1.0; 3]),
    ("ids", include_str!("labelled/ids.txt"), [1.0; 3]),
    ("locks", include_str!("labelled/locks.txt"), [1.0; 3]),
    ("prose", include_str!("labelled/prose.txt"), [1.0; 3]),
];

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn text(&mut self, alphabet: &str, len: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[self.next(letters.len())])
            .collect()
    }

    /// Twenty letters and digits with some of each.
    pub(super) fn value(&mut self) -> String {
        loop {
            let value = self.text(ALNUM, 20);
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            if (2..9).contains(&digits) && value.starts_with(|c: char| c.is_alphabetic()) {
                return value;
            }
        }
    }
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// Replaces the placeholders of a row: `$V`, `$W` are 20 letters and digits, `$S`, `$T` commit ids,
/// `$D` a digest, `$H` 24 hexadecimal digits, `$U` a UUID, `$B`, `$C`, `$K`, `$J` base64 of 24 and 32
/// bytes, `$L`, `$M`, `$O` lines of a key, `$A` basic credentials, `$N` an NTLM message.
fn fill(row: &str, seed: u64) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed + 1).wrapping_mul(0xD1B5_4A32_D192_ED03));
    random.next(2);
    let mut text = row.replace('⏎', "\n");
    for mark in "VWSTDHUBCKJANLMO".chars() {
        let b64 = format!("{ALNUM}+/");
        let value = match mark {
            'V' | 'W' => random.value(),
            'S' | 'T' => random.text(HEX, 40),
            'D' => random.text(HEX, 64),
            'H' => random.text(HEX, 24),
            'U' => [8, 4, 4, 4, 12].map(|len| random.text(HEX, len)).join("-"),
            'B' | 'C' => random.text(&b64, 32),
            'K' => random.text(&b64, 43),
            'J' => random.text(&format!("{ALNUM}-_"), 43),
            'L' | 'M' | 'O' => random.text(&b64, 64),
            'A' => STANDARD.encode(format!("bob:{}", random.value())),
            _ => format!("TlRMTVNTUAAB{}", random.text(&b64, 40)),
        };
        text = filled(&text, mark, &value);
    }
    text
}

/// `text` with `value` for every `$` and `mark` that no name of a variable begins with.
fn filled(text: &str, mark: char, value: &str) -> String {
    let sign = format!("${mark}");
    let mut parts = text.split(&sign);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_variable = part.starts_with(|next: char| next.is_ascii_uppercase() || next == '_');
        if is_variable {
            filled.push_str(&sign);
        } else {
            filled.push_str(value);
        }
        filled.push_str(part);
    }
    filled
}

/// A row as input, expected output and secrets.
struct Sample {
    path: String,
    input: String,
    output: String,
    secrets: Vec<String>,
}

impl Sample {
    fn of(row: &str, seed: u64, redactor: &Redactor) -> Self {
        let (path, text) = row.split_once(" | ").unwrap();
        let text = fill(text, seed);
        let mut sample = Self {
            path: path.to_owned(),
            input: String::new(),
            output: String::new(),
            secrets: Vec::new(),
        };
        let mut rest = text.as_str();
        while let Some((before, tail)) = rest.split_once('«') {
            let (secret, after) = tail.split_once('»').unwrap();
            sample.input.push_str(before);
            sample.output.push_str(before);
            sample.input.push_str(secret);
            let tag = redactor.tagger.tag(secret.as_bytes());
            sample.output.push_str(std::str::from_utf8(&tag).unwrap());
            sample.secrets.push(secret.to_owned());
            rest = after;
        }
        sample.input.push_str(rest);
        sample.output.push_str(rest);
        sample
    }

    fn redacted(&self, redactor: &Redactor) -> String {
        let redactor = match self.path.as_str() {
            "-" => redactor.clone(),
            path => redactor.for_path(path),
        };
        let bytes = redactor.redact(self.input.as_bytes()).bytes;
        String::from_utf8(bytes.into_owned()).unwrap()
    }
}

#[derive(Default)]
struct Score {
    secrets: [usize; 2],
    exact: [usize; 2],
    clean: [usize; 2],
}

fn share([good, all]: [usize; 2]) -> f64 {
    if all == 0 {
        1.0
    } else {
        good as f64 / all as f64
    }
}

#[test]
fn labelled_samples_lose_their_secrets_and_nothing_else() {
    let redactor = Redactor::new(&[7; 32]);
    let (mut summary, mut failures, mut short) = (String::new(), String::new(), Vec::new());
    for (name, table, floors) in TABLES {
        let mut score = Score::default();
        for row in table
            .lines()
            .filter(|row| !row.is_empty() && !row.starts_with("# "))
        {
            let mut missed = None;
            for seed in 0..ROUNDS {
                let sample = Sample::of(row, seed, &redactor);
                let redacted = sample.redacted(&redactor);
                let gone = sample
                    .secrets
                    .iter()
                    .filter(|secret| secret.len() < 4 || !redacted.contains(secret.as_str()));
                let gone = gone.count();
                let is_exact = redacted == sample.output;
                let counts = if sample.secrets.is_empty() {
                    &mut score.clean
                } else {
                    score.secrets[0] += gone;
                    score.secrets[1] += sample.secrets.len();
                    &mut score.exact
                };
                counts[0] += usize::from(is_exact);
                counts[1] += 1;
                let again = redactor
                    .for_path(&sample.path)
                    .redact(redacted.as_bytes())
                    .redactions;
                assert!(again == 0 || !is_exact, "twice: {row}\n{redacted}");
                if !is_exact && missed.is_none() {
                    let what = if gone < sample.secrets.len() {
                        "LEAK"
                    } else {
                        "HARM"
                    };
                    missed = Some(format!("{what} {name}: {row}\n     {redacted:?}\n"));
                }
            }
            failures.extend(missed);
        }
        let shares = [share(score.secrets), share(score.exact), share(score.clean)];
        let _ = writeln!(
            summary,
            "{name:12} gone {:5.1} %  exact {:5.1} %  untouched {:5.1} %",
            shares[0] * 100.0,
            shares[1] * 100.0,
            shares[2] * 100.0
        );
        if shares
            .iter()
            .zip(floors)
            .any(|(share, floor)| share < floor)
        {
            short.push(*name);
        }
    }
    report(&format!("{failures}{summary}"));
    assert!(short.is_empty(), "below their floors: {short:?}");
}

#[test]
fn new_formats_are_found_in_every_form() {
    let redactor = Redactor::new(&[7; 32]);
    let mut random = Random(42);
    let (mut caught, mut all, mut missed) = (0, 0, String::new());
    for row in include_str!("labelled/formats.txt").lines() {
        if row.is_empty() || row.starts_with("# ") {
            continue;
        }
        let shape = Shape::new(row);
        let mut lost = [0; 4];
        for _ in 0..ROUNDS {
            let token = shape.sample(&mut |bound| random.next(bound));
            let forms = [
                format!("we used {token} for it"),
                format!("@@ -1 +1 @@\n-x\n+call(\"{token}\")\n"),
                format!(r#"{{\\\"a\\\": \\\"{token}\\\"}}"#),
                format!("client_key: {token}\n"),
            ];
            for (index, text) in forms.iter().enumerate() {
                let redacted = redactor.redact(text.as_bytes()).bytes;
                let is_caught = memchr::memmem::find(&redacted, &token.as_bytes()[4..]).is_none();
                caught += usize::from(is_caught);
                lost[index] += usize::from(!is_caught);
                all += 1;
            }
        }
        if lost != [0; 4] {
            let _ = writeln!(missed, "{row}: {lost:?}");
        }
    }
    report(&format!(
        "{missed}formats      {:5.1} %\n",
        share([caught, all]) * 100.0
    ));
    assert!(share([caught, all]) >= 0.99);
}

/// Lines of configuration, `{}` being the secret.
const LINES: &[&str] = &[
    "DB_PASSWORD={}",
    "export DB_PASSWORD={}",
    "MYSQL_ROOT_PASSWORD={}",
    "db.password={}",
    "password: {}",
    "db_password: {}",
    "- password: {}",
    "password = {}",
    "smtp_pass = {}",
    "  root_password: {}",
    "tool --password={} --verbose",
    "tool --password {} --verbose",
    "API_TOKEN={}",
    "api_token: {}",
    "CLIENT_SECRET={}",
    "client_secret: {}",
    "mysql --user=app --password={} shop",
    "PGPASSWORD={} psql -h x",
    "user=app password={} host=db",
    "Server=a;User=b;Password={};Timeout=3",
];

const SECRETS: &[&str] = &[
    "hunter22",
    "Zx9!kLm2q",
    "letmein",
    "winterfell",
    "S0mmErW1nd",
];

/// Kinds of file and places in them, `{}` being lines of configuration.
const PLACES: &[(&str, &str, bool)] = &[
    ("a.txt", "{}\n", false),
    ("a.json", r#"{"script": "{}"}"#, true),
    ("b.json", r#"{"script": "set -e\n{}\nrun"}"#, true),
    ("a.py", "x = 1\n# {}\ny = 2\n", false),
    ("b.py", "x = \"\"\"\nhost: db\n{}\n\"\"\"\n", false),
    ("a.go", "x := 1\n// {}\ny := 2\n", false),
    ("b.go", "const conf = `\nhost: db\n{}\n`\n", false),
    ("a.js", "const conf = `\n{}\nhost: db\n`;\n", false),
    ("a.rb", "x = <<~EOT\n  {}\nEOT\n", false),
    ("a.php", "$x = <<<EOT\n{}\nEOT;\n", false),
    ("a.tf", "user_data = <<-EOT\n  {}\nEOT\n", false),
    ("A.java", "String x = \"\"\"\n    {}\n    \"\"\";\n", false),
    ("a.html", "<pre>\n{}\n</pre>\n", false),
    ("a.sql", "SELECT 1;\n-- {}\n", false),
    ("a.c", "/*\n * {}\n */\n", false),
    ("a.rs", "let x = r#\"\n{}\n\"#;\n", false),
    ("-", "Configure it\n\nUse this:\n{}\n", false),
    ("README.md", "Use:\n\n```\n{}\n```\n", false),
    ("a.j2", "{}\nx = y\n", false),
    ("Makefile", "run:\n\t{}\n", false),
    ("Jenkinsfile", "sh '''\n  {}\n'''\n", false),
    ("notes", "{}\n", false),
    ("a.kt", "val x = \"\"\"\n{}\n\"\"\"\n", false),
    ("a.sh", "cat <<EOT > x\n{}\nEOT\n", false),
];

#[test]
fn the_kind_of_file_and_the_place_in_it_change_no_hash() {
    let redactor = Redactor::new(&[7; 32]);
    let mut random = Random(7);
    let mut secrets: Vec<String> = SECRETS.iter().map(|&secret| secret.to_owned()).collect();
    secrets.extend((0..3).map(|_| random.value()));
    let (mut summary, mut worst) = (String::new(), 1.0f64);
    let mut failures = String::new();
    for (path, place, escaped) in PLACES {
        let (mut same, mut all) = (0, 0);
        for line in LINES {
            for secret in &secrets {
                let is_word = secret.bytes().all(|byte| byte.is_ascii_lowercase());
                if (is_word || secret.len() < 10) && !line.to_lowercase().contains("pass") {
                    continue;
                }
                let place_at = place.find("{}").unwrap();
                let inside = if *escaped {
                    line.replace('"', "\\\"")
                } else {
                    (*line).to_owned()
                };
                let build = |value: &str| {
                    let mut text = (*place).to_owned();
                    text.replace_range(place_at..place_at + 2, &inside.replace("{}", value));
                    text
                };
                let tag = redactor.tagger.tag(secret.as_bytes());
                let expected = build(std::str::from_utf8(&tag).unwrap());
                let given = build(secret);
                let filter = if *path == "-" {
                    redactor.clone()
                } else {
                    redactor.for_path(path)
                };
                let redacted = filter.redact(given.as_bytes()).bytes;
                let is_same = redacted == expected.as_bytes();
                same += usize::from(is_same);
                all += 1;
                if !is_same {
                    let redacted = String::from_utf8_lossy(&redacted).into_owned();
                    let _ = writeln!(failures, "{path}: {line} {secret} -> {redacted:?}");
                }
            }
        }
        let share = share([same, all]);
        worst = worst.min(share);
        let _ = writeln!(summary, "{path:12} {:5.1} % the same", share * 100.0);
    }
    report(&format!("{failures}{summary}"));
    assert!(worst >= 0.99, "{worst}");
}

/// Prints the score of a run, which `--nocapture` shows.
fn report(text: &str) {
    println!("{text}");
}
