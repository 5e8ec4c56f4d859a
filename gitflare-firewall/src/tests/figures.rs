//! Figures over texts that are made rather than written down row by row, as floors; a run with
//! `--nocapture` prints them, and so does the example that measures folders.

use super::{crossed, history, mentioned, rows};
use crate::{Redactor, TAG_PREFIX};

#[test]
fn histories_of_services_lose_no_id_and_no_link() {
    let redactor = Redactor::new(&[7; 32]);
    let seen = history::measure(&redactor, 2, TAG_PREFIX);
    println!("{}{}", seen.examples, seen.line());
    assert_eq!(seen.altered, 0, "ids and links");
    assert!(seen.a_megabyte() <= 5.0, "{} spans a MB", seen.a_megabyte());
}

#[test]
fn names_spellings_and_values_in_every_combination_are_told_apart() {
    let (figures, examples) = crossed::measure(&Redactor::new(&[7; 32]), TAG_PREFIX);
    println!("{examples}{}", rows::line("combinations", figures));
    assert!(figures.recall() >= 0.95, "{}", figures.recall());
    assert!(figures.f1() >= 0.95, "{}", figures.f1());
}

#[test]
fn few_texts_show_a_secret_a_second_time() {
    let ([shown, all], examples) = mentioned::measure(&Redactor::new(&[7; 32]));
    println!("{examples}{shown} of {all} texts show it again");
    assert!(shown * 100 <= all * 3);
}
