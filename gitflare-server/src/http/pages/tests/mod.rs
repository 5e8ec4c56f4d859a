//! Checks that run over a sample of every page: markup, escaping, policy, size, and the sources of
//! templates and scripts themselves.

mod corpus;
mod markup;
mod samples;
mod sources;

use std::{env, fs, path::PathBuf};

use samples::{Sample, Words};

fn samples() -> Vec<Sample> {
    Words {
        of: &str::to_owned,
        repositories: 40,
    }
    .samples()
}

/// Writes the samples where a person can look at them: `GITFLARE_SAMPLES=folder`.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "where to write is the caller's choice, and configures nothing"
)]
fn samples_can_be_looked_at() {
    let all = samples();
    assert!(all.len() >= 20);
    let Ok(folder) = env::var("GITFLARE_SAMPLES") else {
        return;
    };
    for sample in all {
        let path = PathBuf::from(&folder).join(format!("{}.html", sample.name));
        fs::write(path, sample.html).unwrap();
    }
}

/// The reference lists everything that there is, the quickstart is five whole programs.
fn is_long(name: &str) -> bool {
    matches!(name, "docs-api" | "quickstart")
}

/// The page and what its first paint waits for: the script is deferred.
#[test]
fn the_first_paint_of_every_page_is_small() {
    const MOST: usize = 50_000;
    let assets = include_str!("../../../../assets/app.css").len()
        + include_str!("../../../../assets/gitflare-logo.svg").len();
    for sample in samples() {
        let size = sample.html.len() + assets;
        assert!(
            size <= MOST || is_long(sample.name),
            "{}: {size}",
            sample.name
        );
    }
    let thousand = Words {
        of: &str::to_owned,
        repositories: 1000,
    };
    for sample in thousand.samples() {
        let hidden = sample.html.matches("type=\"hidden\"").count();
        // A hundred rows are drawn, all of them ticked; what is chosen out of sight is not.
        let size = sample.html.len() + assets - hidden * 60;
        assert!(
            size <= MOST + 5_000 || is_long(sample.name),
            "{}: {size}",
            sample.name
        );
    }
}
