//! What the benches share: running a group beside its floor in the same run, and printing the
//! ratio of their medians. Criterion measures; nothing here times anything itself.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use criterion::Criterion;

/// Criterion with the command line's options, keeping its files under the target folder.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .output_directory(&folder())
        .configure_from_args()
}

/// Prints how many times the floor's time each function of a group took, by medians of this run.
/// A function that was filtered out of the run is left out.
pub(crate) fn print_ratios(group: &str, floor: &str, functions: &[&str]) {
    let Some(floor_ns) = median_ns(group, floor) else {
        return;
    };
    for function in functions {
        if let Some(ns) = median_ns(group, function) {
            let line = format!(
                "{group}/{function}: {ns:.0} ns, {:.2} x {floor} ({floor_ns:.0} ns)\n",
                ns / floor_ns
            );
            // A closed pipe ends the printing, not the run.
            let _ = std::io::stdout().write_all(line.as_bytes());
        }
    }
}

fn median_ns(group: &str, function: &str) -> Option<f64> {
    let path = folder()
        .join(group)
        .join(function.replace(' ', "_"))
        .join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion")
}
