//! Whole unified diffs through the firewall, as tables of cases with their exact output. A case is
//! a heading and its lines, each behind one sign: `|` stays, `X` begins a file that is stripped,
//! `x` is a further line of it, `&` stands for a whole file that stays. What stands between `«` and
//! `»` is a secret. `? NAME = a | b` makes a case of each alternative, put where `$NAME` stands;
//! `$NAME.0` and `$NAME.1` are its parts around a semicolon. Bytes that would not be seen are
//! written as pictures of themselves; `∎` takes back the line end before it.

use gitflare_core::{Secret, TenantId};

use crate::{Firewall, FirewallConfig, Redactor};

const GROUPS: &[(&str, &str)] = &[
    ("names", include_str!("cases/names.txt")),
    ("changes", include_str!("cases/changes.txt")),
    ("hunks", include_str!("cases/hunks.txt")),
    ("combined", include_str!("cases/combined.txt")),
    ("texts", include_str!("cases/texts.txt")),
    ("broken", include_str!("cases/broken.txt")),
    ("secrets", include_str!("cases/secrets.txt")),
];

const KEPT: &str = "\
|diff --git a/src/kept.rs b/src/kept.rs
|index 1111111..2222222 100644
|--- a/src/kept.rs
|+++ b/src/kept.rs
|@@ -1 +1 @@ fn kept()
|-    old();
|+    new();";

/// A diff and what it becomes.
#[derive(Debug)]
struct Case {
    name: String,
    input: Vec<u8>,
    output: Vec<u8>,
    blocked_files: u64,
    redactions: u64,
}

fn tenant() -> TenantId {
    TenantId::parse("tenant_diff").unwrap()
}

fn firewall() -> Firewall {
    let mut config = FirewallConfig::default();
    for pattern in ["ключ", "é.txt", "config/secret.yml"] {
        config.blocked_file_patterns.push(pattern.into());
    }
    Firewall::new(&Secret::new([7; 32]), &config).unwrap()
}

fn cases(redactor: &Redactor) -> Vec<Case> {
    let mut cases = Vec::new();
    for (group, text) in GROUPS {
        for block in text.split("\n\n") {
            let (name, rest) = block.trim().split_once('\n').unwrap();
            let name = name.strip_prefix("# ").unwrap();
            let (choices, lines): (Vec<_>, Vec<_>) =
                rest.lines().partition(|line| line.starts_with("? "));
            let mut variants = vec![lines.join("\n")];
            for choice in choices {
                let (key, values) = choice[2..].split_once(" = ").unwrap();
                let separator = if values.contains(" || ") {
                    " || "
                } else {
                    " | "
                };
                variants = variants
                    .iter()
                    .flat_map(|lines| {
                        values
                            .split(separator)
                            .map(|value| filled(lines, &format!("${key}"), value))
                    })
                    .collect();
            }
            for lines in variants {
                cases.push(case(&format!("{group}: {name}\n{lines}"), &lines, redactor));
            }
        }
    }
    cases
}

fn filled(lines: &str, key: &str, value: &str) -> String {
    let (first, second) = value.split_once(';').unwrap_or((value, ""));
    lines
        .replace(&format!("{key}.0"), first)
        .replace(&format!("{key}.1"), second)
        .replace(key, value)
}

fn case(name: &str, lines: &str, redactor: &Redactor) -> Case {
    let mut case = Case {
        name: name.to_owned(),
        input: Vec::new(),
        output: Vec::new(),
        blocked_files: 0,
        redactions: 0,
    };
    let lines = lines.lines();
    for line in lines.flat_map(|line| if line == "&" { KEPT } else { line }.lines()) {
        let (sign, rest) = line.split_at(1);
        let mut bytes = Vec::new();
        for letter in rest.chars() {
            match letter {
                '␍' => bytes.push(b'\r'),
                '␉' => bytes.push(b'\t'),
                '␠' => bytes.push(b' '),
                '␀' => bytes.push(0),
                '�' => bytes.push(0xff),
                letter => bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        match bytes.strip_suffix("∎".as_bytes()) {
            Some(open) => bytes.truncate(open.len()),
            None => bytes.push(b'\n'),
        }
        match sign {
            "|" => case.keep(&bytes, redactor),
            "X" | "x" => {
                case.blocked_files += u64::from(sign == "X");
                case.input.extend(bytes);
            }
            _ => panic!("{name}: {line}"),
        }
    }
    case
}

impl Case {
    fn keep(&mut self, line: &[u8], redactor: &Redactor) {
        let mut rest = line;
        while let Some(at) = memchr::memmem::find(rest, "«".as_bytes()) {
            let end = memchr::memmem::find(rest, "»".as_bytes()).unwrap();
            let secret = &rest[at + 2..end];
            self.input.extend_from_slice(&rest[..at]);
            self.input.extend_from_slice(secret);
            self.output.extend_from_slice(&rest[..at]);
            self.output.extend_from_slice(&redactor.tagger.tag(secret));
            self.redactions += 1;
            rest = &rest[end + 2..];
        }
        self.input.extend_from_slice(rest);
        self.output.extend_from_slice(rest);
    }
}

#[test]
fn a_diff_becomes_exactly_what_its_case_says() {
    let firewall = firewall();
    let cases = cases(&firewall.redactor(&tenant()));
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let filtered = firewall.filter_diff(&tenant(), &case.input).unwrap();
        let counted = (filtered.blocked_files, filtered.redactions);
        if filtered.bytes != case.output || counted != (case.blocked_files, case.redactions) {
            let shown = String::from_utf8_lossy(&filtered.bytes).into_owned();
            wrong.push(format!("{}\n{counted:?} became\n{shown}", case.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn a_filtered_diff_is_filtered() {
    let firewall = firewall();
    for case in cases(&firewall.redactor(&tenant())) {
        let again = firewall.filter_diff(&tenant(), &case.output).unwrap();
        assert_eq!(
            (again.bytes, again.blocked_files, again.redactions),
            (case.output, 0, 0),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_diff_streams_alike_however_it_is_cut() {
    let redactor = firewall().redactor(&tenant());
    for case in cases(&redactor) {
        let whole = redactor.redact(&case.input);
        for cut in 0..=case.input.len() {
            let mut stream = redactor.stream();
            let mut out = Vec::with_capacity(case.input.len() * 2);
            stream.push(&case.input[..cut], &mut out);
            stream.push(&case.input[cut..], &mut out);
            let redactions = stream.finish(&mut out);
            assert_eq!(
                (out, redactions),
                (whole.bytes.to_vec(), whole.redactions),
                "{cut} of {}",
                case.name
            );
        }
    }
}

#[test]
fn a_diff_that_is_cut_anywhere_shows_nothing_of_a_blocked_file() {
    let firewall = firewall();
    let blocked = "diff --git a/.env b/.env\nindex 1111111..2222222 100644\n--- a/.env\n+++ b/.env\n\
        @@ -1,3 +1,3 @@\n A=leaked\n-B=leaked\n+B=leaked too\n C=leaked\n@@ -9 +9 @@\n-leaked\n+leaked\n";
    let kept = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    for cut in "diff --git a/.env b/.env\n".len()..=blocked.len() {
        for next in ["", kept] {
            let text = format!("{kept}{}{next}", &blocked[..cut]);
            let filtered = firewall.filter_diff(&tenant(), text.as_bytes()).unwrap();
            let shown = String::from_utf8(filtered.bytes).unwrap();
            assert!(
                shown.starts_with(kept) && !shown.contains("leaked"),
                "{text}\n{shown}"
            );
        }
    }
}

#[test]
fn long_names_and_lines_cost_no_more_than_their_length() {
    // Each would take minutes if a line were read once for every blank in it.
    for unit in [
        "a ",
        "a/b ",
        " ",
        "\" ",
        "--- ",
        "@@ ",
        "-1 ",
        "diff --git ",
    ] {
        for head in ["diff --git ", "--- ", "diff --cc ", "@@ -1 +1 @@\n", "@@@ "] {
            let text = format!("{head}{}\n+++ b\n@@ -1 +1 @@\n", unit.repeat(400_000));
            let filtered = firewall().filter_diff(&tenant(), text.as_bytes()).unwrap();
            assert!(filtered.bytes.len() <= text.len());
        }
    }
}
