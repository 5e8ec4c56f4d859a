//! What a node's statements read, as the database's own plans tell it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::support::site::Site;

/// Plans of all statements of a node go to the database's log, with the rows that each step found.
const EXPLAINED: &str = "&options=-c%20session_preload_libraries%3Dauto_explain\
    %20-c%20auto_explain.log_min_duration%3D0%20-c%20auto_explain.log_analyze%3Don";

/// The log is one for all databases: who reads plans is alone.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The setting of a node whose statements are explained.
pub(super) fn explained(site: &Site) -> (&'static str, String) {
    ("GITFLARE_DATABASE_URL", format!("{}{EXPLAINED}", site.url))
}

/// How many rows of the tables were read, partitions counted with their table.
pub(super) fn rows_read(plans: &str, tables: &[&str]) -> u64 {
    let number = |text: &str, name: &str| -> u64 {
        let (_, rest) = text.split_once(name).unwrap();
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    let is_named = |step: &str| {
        let (_, name) = step.split_once(" on ").unwrap_or_default();
        tables.iter().any(|table| name.starts_with(table))
    };
    let (mut read, mut is_asked) = (0, false);
    for line in plans.lines() {
        if let Some((step, told)) = line.split_once("(actual") {
            is_asked = is_named(step);
            if is_asked {
                read += number(told, "rows=") * number(told, "loops=");
            }
        }
        // Rows of others that an index did not keep out.
        if is_asked && line.contains("Rows Removed by Filter") {
            read += number(line, "Filter: ");
        }
    }
    read
}
