//! Every row of the tables against samples made from its own shape by a seeded generator.

use super::*;
use crate::Redactor;

struct Random(u64);

impl Random {
    fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

fn redact(text: &str) -> String {
    String::from_utf8(
        Redactor::new(&[7; 32])
            .redact(text.as_bytes())
            .bytes
            .into_owned(),
    )
    .unwrap()
}

fn sample(row: &Format, random: &mut Random) -> String {
    let mut text = String::new();
    if let Some(before) = &row.before {
        text.push_str(&before.sample(&mut |bound| random.next(bound)));
    }
    text.push_str(row.anchor);
    text.push_str(&row.after.sample(&mut |bound| random.next(bound)));
    text
}

#[test]
fn every_format_is_found_wherever_it_stands() {
    let mut random = Random(42);
    let mut missed = Vec::new();
    for format in all() {
        let mut caught = 0;
        for _ in 0..20 {
            let token = sample(&format, &mut random);
            let good = [
                format!("x = \"{token}\"\n"),
                format!("see {token} here\n"),
                format!("+\t'{token}',\n"),
                format!("{{\\\"a\\\": \\\"{token}\\\"}}"),
                format!("one\\n{token}\\ntwo"),
            ]
            .iter()
            .all(|text| !redact(text).contains(&token));
            caught += usize::from(good);
        }
        // A short random body may look like words once in a while.
        if caught < 17 {
            missed.push((format.anchor, caught));
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn near_misses_stay() {
    for text in [
        "ghp_short",
        "xghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5",
        "AKIAIOSF",
        "xoxb-1",
        "task-management-system-for-teams",
        "sk_live_",
        "glpat-tooshort",
        "npm_config_registry_url_override_value",
        "hf_transformers",
        "key_value_store_interface_name",
        "re_compile_pattern_and_match_it",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn a_longer_token_is_taken_whole() {
    let body = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fH3jL5".repeat(15);
    let redacted = redact(&format!("a ghs_{body}.{body}-x_y b"));
    assert!(
        redacted.starts_with("a gf_sha256:") && redacted.ends_with(" b"),
        "{redacted}"
    );
    assert_eq!(redacted.len(), "a gf_sha256:0123456789abcdef b".len());
}

#[test]
fn a_token_character_before_the_prefix_rules_it_out() {
    for (text, at, begins) in [
        ("xghp_", 1, false),
        ("_ghp_", 1, true),
        (r"\nghp_", 2, true),
        ("%22ghp_", 3, true),
        (r"\u0022ghp_", 6, true),
        ("22ghp_", 2, false),
    ] {
        assert_eq!(begins_word(text.as_bytes(), at), begins, "{text}");
    }
}
