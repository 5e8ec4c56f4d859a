//! Labelled samples by kind of fault: what must go, with the exact bytes that stay around it, and
//! what must stay whole. Each file under `labelled/` is a table; every row is filled with several
//! generated values, see [`rows`]. The summary that a run prints is the crate's own score; the floors
//! hold it.

use std::fmt::Write as _;

use super::rows::{self, Figures, Random, Row};
use crate::{Redactor, TAG_PREFIX, shape::Shape};

const ROUNDS: u64 = 6;

/// The share of a table that must hold: secrets gone, texts exact, texts untouched.
const FLOORS: [f64; 3] = [1.0; 3];
/// The same where short words stand a second time, as in `again`.
const FLOORS_AGAIN: [f64; 3] = [0.7, 1.0, 1.0];

/// A row as input, expected output and secrets.
struct Sample {
    row: Row,
    output: String,
    secrets: Vec<String>,
}

impl Sample {
    fn of(row: &str, seed: u64, redactor: &Redactor) -> Self {
        let row = Row::of(row, seed);
        let (mut output, mut at) = (String::new(), 0);
        let mut secrets = Vec::new();
        for secret in &row.secrets {
            let value = &row.text[secret.clone()];
            output.push_str(&row.text[at..secret.start]);
            let tag = redactor.tagger.tag(value.as_bytes());
            output.push_str(std::str::from_utf8(&tag).unwrap());
            secrets.push(value.to_owned());
            at = secret.end;
        }
        output.push_str(&row.text[at..]);
        Self {
            row,
            output,
            secrets,
        }
    }

    fn redactor(&self, redactor: &Redactor) -> Redactor {
        let path = self.row.path.as_deref();
        path.map_or_else(|| redactor.clone(), |path| redactor.for_path(path))
    }

    fn redacted(&self, redactor: &Redactor) -> String {
        let redactor = self.redactor(redactor);
        let bytes = redactor.redact(self.row.text.as_bytes()).bytes;
        String::from_utf8(bytes.into_owned()).unwrap()
    }
}

#[derive(Default)]
struct Score {
    secrets: [usize; 2],
    exact: [usize; 2],
    clean: [usize; 2],
    figures: Figures,
}

fn share([good, all]: [usize; 2]) -> f64 {
    rows::share(good, all)
}

#[test]
fn labelled_samples_lose_their_secrets_and_nothing_else() {
    let redactor = Redactor::new(&[7; 32]);
    let (mut summary, mut failures, mut short) = (String::new(), String::new(), Vec::new());
    let mut all = Figures::default();
    for (name, table) in rows::TABLES {
        let mut score = Score::default();
        for row in rows::rows(table) {
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
                let found =
                    rows::replaced(sample.row.text.as_bytes(), redacted.as_bytes(), TAG_PREFIX);
                score.figures.add(&sample.row.secrets, &found);
                let counts = if sample.secrets.is_empty() {
                    &mut score.clean
                } else {
                    score.secrets[0] += gone;
                    score.secrets[1] += sample.secrets.len();
                    &mut score.exact
                };
                counts[0] += usize::from(is_exact);
                counts[1] += 1;
                let again = sample.redactor(&redactor);
                let again = again.redact(redacted.as_bytes()).redactions;
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
        all = all.sum(score.figures);
        let shares = [share(score.secrets), share(score.exact), share(score.clean)];
        let _ = writeln!(
            summary,
            "{name:12} gone {:5.1} %  exact {:5.1} %  untouched {:5.1} %  F1 {:5.3}",
            shares[0] * 100.0,
            shares[1] * 100.0,
            shares[2] * 100.0,
            score.figures.f1()
        );
        let floors = if *name == "again" {
            FLOORS_AGAIN
        } else {
            FLOORS
        };
        if shares
            .iter()
            .zip(floors)
            .any(|(share, floor)| *share < floor)
        {
            short.push(*name);
        }
    }
    summary += &rows::line("all tables", all);
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
