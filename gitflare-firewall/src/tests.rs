//! What must hold for every text: the same result for every chunking, escaping, line end, diff
//! sign and indentation; twice is once; no planted secret gets through.

mod crossed;
mod figures;
mod fuzz;
mod history;
mod labelled;
mod mentioned;
mod rows;

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::{Redactor, engine::Engine};

fn redactor() -> Redactor {
    Redactor::new(&[7; 32])
}

fn redact(text: &str) -> String {
    String::from_utf8(redactor().redact(text.as_bytes()).bytes.into_owned()).unwrap()
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out
}

fn each_line(text: &str, change: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| change(line) + "\n").collect()
}

/// Lines as they stand in repositories, `{}` being the secret.
const TEMPLATES: &[(&str, &str)] = &[
    ("password = \"{}\"", "Tr0ub4dor&3x"),
    ("db_password: '{}'", "s3cr3t-Pa55"),
    ("{\"api_key\": \"{}\"}", "k3J9sX0qPz7LmN2vB8"),
    ("const token = `{}`;", "f3Q9sX0qPz7LmN2vB8tY"),
    (
        "AWS_SECRET_ACCESS_KEY=\"{}\"",
        "wJ4lrXUtnF3MI/K7MDENG+bPxRfiCYzzzTEKEY12",
    ),
    ("url = \"postgres://app:{}@db:5432/x\"", "h7Gt5rE3wq"),
    ("<password>{}</password>", "Pr0duct!on"),
    ("Authorization: Bearer {}", "k3J9sX0qPz7LmN2vB8aa"),
    ("token: ghp_{}", "k3J9sX0qPz7LmN2vB8aak3J9sX0qPz7LmN2v"),
    ("curl -u admin:{} https://x", "h7Gt5rE3wq"),
    (
        "\"name\": \"DB_PASSWORD\", \"value\": \"{}\"",
        "Tr0ub4dor&3x",
    ),
    ("if password == \"{}\" {", "Tr0ub4dor&3x"),
    ("setProperty(\"db.password\", \"{}\")", "Tr0ub4dor&3x"),
    ("Server=x;Password={};Timeout=3", "Tr0ub4dor$3x"),
    ("https://h/p?access_token={}&x=1", "k3J9sX0qPz7LmN2vB8aa"),
    ("let password: String = \"{}\".into();", "Tr0ub4dor&3x"),
    ("пароль = \"{}\"", "Tr0ub4dor&3x"),
    ("password =\n    \"{}\"", "Tr0ub4dor&3x"),
    ("SECRET\t= {}", "Tr0ub4dor3x"),
    ("- user: bob\n- password: {}\n- host: db", "letmeinplease"),
];

/// Lines that hold no secret.
const CLEAN: &[&str] = &[
    "fn token(&self) -> &Token { &self.token }",
    "let password = config.get(\"password\")?;",
    "",
    "    if key == other.key { return; }",
    "password: process.env.DB_PASSWORD,",
    "# the token is refreshed every hour",
    "use std::collections::HashMap;",
    "https://example.org/a/b?c=d",
];

fn document() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (0..TEMPLATES.len()).prop_map(|index| {
            let (template, secret) = TEMPLATES[index];
            template.replace("{}", secret)
        }),
        (0..CLEAN.len()).prop_map(|index| CLEAN[index].to_owned()),
        "[ -~]{0,60}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n") + "\n")
}

fn planted() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        (0..TEMPLATES.len()).prop_map(|index| {
            let (template, secret) = TEMPLATES[index];
            template.replace("{}", secret)
        }),
        (0..CLEAN.len()).prop_map(|index| CLEAN[index].to_owned()),
    ];
    prop::collection::vec(line, 1..8).prop_map(|lines| lines.join("\n") + "\n")
}

#[test]
fn a_name_in_odd_letters_behind_a_cut_off_value_is_read() {
    let redactor = Redactor::new(&[7; 32]);
    for len in [900, 1100, 5000] {
        let value = "k3J9sX0qPz".repeat(len / 10);
        let text = format!("password={value}\np\u{430}sswоrd = \"otter77xq\"\n");
        let redacted = redactor.redact(text.as_bytes()).bytes;
        let redacted = String::from_utf8_lossy(&redacted);
        assert!(!redacted.contains("otter77xq"), "{len}: {redacted}");
    }
}

#[test]
fn every_template_loses_its_secret_and_nothing_else() {
    for (template, secret) in TEMPLATES {
        let text = template.replace("{}", secret);
        let redacted = redact(&text);
        let (before, after) = template.split_once("{}").unwrap();
        let after = after.trim_end_matches('\0');
        assert!(!redacted.contains(secret), "{text} -> {redacted}");
        assert!(
            redacted.starts_with(before.trim_end_matches("ghp_")) && redacted.ends_with(after),
            "{text} -> {redacted}"
        );
    }
}

#[test]
fn clean_lines_stay() {
    for line in CLEAN {
        assert_eq!(redact(line), *line);
    }
}

#[test]
fn escaping_line_ends_signs_and_indentation_do_not_matter() {
    for (template, secret) in TEMPLATES {
        let text = template.replace("{}", secret) + "\nnext line\n";
        let redacted = redact(&text);
        let once = escaped(&text);
        assert_eq!(redact(&once), escaped(&redacted), "escaped once: {once}");
        let twice = escaped(&once);
        assert_eq!(
            redact(&twice),
            escaped(&escaped(&redacted)),
            "escaped twice: {twice}"
        );
        for change in [
            &(|line: &str| format!("{line}\r")) as &dyn Fn(&str) -> String,
            &|line: &str| format!("+{line}"),
            &|line: &str| format!("-{line}"),
            &|line: &str| format!(" {line}"),
            &|line: &str| format!("        {line}"),
            &|line: &str| format!("+\t\t{line}"),
        ] {
            assert_eq!(
                redact(&each_line(&text, change)),
                each_line(&redacted, change),
                "{text}"
            );
        }
    }
}

fn streamed(text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut stream = redactor().stream();
    let mut out = Vec::new();
    let mut at = 0;
    for &cut in cuts {
        let cut = cut.min(text.len()).max(at);
        stream.push(&text[at..cut], &mut out);
        at = cut;
    }
    stream.push(&text[at..], &mut out);
    stream.finish(&mut out);
    out
}

#[test]
fn long_streams_equal_whole_texts() {
    let mut text = String::new();
    let mut seed = 1u64;
    while text.len() < 400_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pick = (seed >> 33) as usize;
        if pick.is_multiple_of(3) {
            let (template, secret) = TEMPLATES[pick / 3 % TEMPLATES.len()];
            text.push_str(&template.replace("{}", secret));
        } else {
            text.push_str(CLEAN[pick / 3 % CLEAN.len()]);
        }
        // Long lines too.
        text.push(if pick.is_multiple_of(7) { '\n' } else { ' ' });
    }
    let whole = redactor().redact(text.as_bytes()).bytes.into_owned();
    for size in [1, 7, 1000, 65_536, 100_000] {
        let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
        assert!(
            streamed(text.as_bytes(), &cuts) == whole,
            "chunks of {size}"
        );
    }
}

#[test]
fn a_manifest_of_any_length_loses_every_value() {
    let mut text = "apiVersion: v1\nkind: Secret\ndata:\n".to_owned();
    for index in 0..6000 {
        text.push_str(&format!("  key-{index}: dmFsdWUtMDAwMDAw{index:08}\n"));
    }
    text.push_str("  long: ");
    text.push_str(&"dmFsdWUtMDAw".repeat(2000));
    text.push_str("\n  last: dmFsdWUtbGFzdA==\ntype: Opaque\n");
    let whole = redact(&text);
    assert!(!whole.contains("dmFsd"), "a value is readable");
    assert!(whole.ends_with("\ntype: Opaque\n"));
    for size in [1000, 65_536] {
        let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
        assert!(
            streamed(text.as_bytes(), &cuts) == whole.as_bytes(),
            "{size}"
        );
    }
}

#[test]
fn a_stream_knows_the_secrets_that_it_has_seen() {
    let secret = "k3J9sX0qPz7LmN2vB8aa";
    let filler = "let x = 1;\n".repeat(20_000);
    let text = format!("{secret}\n{filler}token = \"{secret}\"\n{filler}expect({secret})\n");
    let cuts: Vec<usize> = (0..text.len()).step_by(1000).collect();
    let out = String::from_utf8(streamed(text.as_bytes(), &cuts)).unwrap();
    assert_eq!(
        out.matches(secret).count(),
        1,
        "only what was written before stays"
    );
    assert_eq!(redact(&text).matches(secret).count(), 0);
}

static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(Engine::every_way);

proptest! {
    #[test]
    fn every_chunking_gives_the_same(text in document(), cuts in prop::collection::vec(0usize..800, 0..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let whole = redactor().redact(text.as_bytes()).bytes.into_owned();
        prop_assert_eq!(streamed(text.as_bytes(), &cuts), whole);
    }

    #[test]
    fn twice_is_once(text in document()) {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }

    #[test]
    fn the_vector_unit_changes_nothing(text in document()) {
        let fast = redactor().redact(text.as_bytes());
        for engine in &*ENGINES {
            prop_assert_eq!(&redactor().redact_with(engine, text.as_bytes()), &fast);
        }
    }

    #[test]
    fn escaped_texts_lose_the_same_secrets(text in planted()) {
        let redacted = redact(&text);
        prop_assert_eq!(redact(&escaped(&text)), escaped(&redacted));
        prop_assert_eq!(redact(&escaped(&escaped(&text))), escaped(&escaped(&redacted)));
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = redactor().redact(&bytes);
    }
}

#[test]
fn tags_are_left_alone_where_names_and_markers_stand_before_them() {
    for text in [
        "<-----END RSA PRIVATE KEY-----xoxb-k3J9sX0qPz7LmN2vpassword",
        "------END RSA PRIVATE KEY----- AKIAZ7QK3MPLW2XNTB4D _x;k3J9sX0qPz7LmN2vMIIEpAIB",
        "Private-Lines: 2Comment: {ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5 x",
    ] {
        let once = redact(text);
        assert_ne!(once, text);
        assert_eq!(redact(&once), once, "{text}");
    }
}

#[test]
fn hostile_repetitions_find_few_spans() {
    // Linear work shows as a bounded number of spans; a matcher that reads ahead for every anchor
    // would note the same secrets again and again.
    for unit in [
        "kind: Secret\ndata:\n  a: bbbbbbbb\n",
        "\"kty\":\"RSA\",\"d\":\"aaaaaaaaaaaaaaaaaaaa\",",
        "password=",
        "sk-",
        "password=\"a\" + \"b\" + ",
        "data:\n",
        "stringData:\n  a: bbbbbbbb\n",
        "\"data\": {\"a\": \"",
        "{kind: Secret, data: {a: bbbbbbbb, ",
        "secretGenerator:\n- literals: [a=bbbbbbbb, ",
        "resource \"kubernetes_secret\" \"x\" { data = { a = \"bbbbbbbb\" ",
        "pass\u{200b}word: ",
        "| password | ",
        "value: x, name: password, ",
    ] {
        let text = unit.repeat(20_000 / unit.len());
        let mut found = crate::span::Matches::default();
        crate::engine::engine().find(
            text.as_bytes(),
            0,
            text.len(),
            crate::language::Language::Unknown,
            &mut crate::engine::Carry::default(),
            &mut found,
        );
        assert!(found.len() <= text.len() / 2, "{unit}: {}", found.len());
    }
}

#[test]
fn a_forged_tag_is_hashed_like_any_other_value() {
    for text in [
        "password = \"gf_sha256:0123456789abcdef\"",
        "x gf_sha256:0123456789abcdef y",
        "password = \"gf_sha256:0000000000000000realsecret1\"",
    ] {
        let redacted = redact(text);
        assert_ne!(redacted, text);
        assert!(!redacted.contains("realsecret1"), "{redacted}");
    }
    let real = "password = \"gf_sha256:0000000000000000\"";
    assert_eq!(redact(real), real);
}

#[test]
fn a_value_that_outgrows_its_matcher_hides_no_token_before_it() {
    const TOKEN: &str = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5";
    let long = "a1B2".repeat(1600);
    for text in [
        format!("TOKEN:  {TOKEN} ={long} rest"),
        format!("TOKEN: {TOKEN}={long}"),
        format!("password: {TOKEN} = \"{long}{long}\" {TOKEN}"),
        // Two matchers see the same value, and each stops elsewhere.
        format!("TOKEN={TOKEN}{long} let x"),
        format!("{}TOKEN:  {TOKEN} ={long} rest", "x\n".repeat(30_000)),
    ] {
        let redacted = redact(&text);
        assert!(!redacted.contains("ghp_") && !redacted.contains("a1B2"));
        for size in [1000, 1 << 12, 99_991] {
            let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
            assert!(streamed(text.as_bytes(), &cuts) == redacted.as_bytes());
        }
    }
}

#[test]
fn huge_lines_and_values_are_withheld_whole() {
    let long = "k3J9sX0qPz7LmN2vB8aa".repeat(25_000);
    for text in [
        format!("password = \"{long}\";"),
        format!("token={long} rest"),
        format!("x ghp_{long} rest"),
        format!(
            "{} password=\"Tr0ub4dor&3x\" {}",
            "var a=1;".repeat(40_000),
            "b();".repeat(9000)
        ),
    ] {
        let redacted = redact(&text);
        assert!(!redacted.contains("k3J9sX0q") && !redacted.contains("Tr0ub4dor"));
        for size in [1 << 12, 99_991] {
            let cuts: Vec<usize> = (0..text.len()).step_by(size).collect();
            assert!(streamed(text.as_bytes(), &cuts) == redacted.as_bytes());
        }
    }
}

#[test]
fn a_long_line_before_a_name_hides_no_value() {
    let redactor = Redactor::new(&[7; 32]);
    let spelled = [
        (r#"var a="{}";var password="correct-horse-77";"#, "x"),
        (r"a='{}';password='correct-horse-77';", "lorem ipsum "),
        (
            r#"f("{}"),c({host:"db",password:"correct-horse-77"})"#,
            "x y, ",
        ),
        (r#"q='"';r="{}";password="correct-horse-77";"#, "z"),
    ];
    for (line, filling) in spelled {
        for len in (0..600).chain((600..4096).step_by(61)) {
            let filling: String = filling.chars().cycle().take(len).collect();
            let text = line.replace("{}", &filling);
            let redacted = redactor.redact(text.as_bytes()).bytes;
            let left = memchr::memmem::find(&redacted, b"correct-horse-77");
            assert_eq!(left, None, "{len} bytes: {line}");
        }
    }
}
