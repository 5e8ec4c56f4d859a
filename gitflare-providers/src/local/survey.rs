//! What the roots hold, told to whoever runs the server: how many repositories are served, and which
//! folders that look like one are not, and why. Never told to a client.

use std::{fmt, path::PathBuf};

/// How many folders are named that are not served.
const MAX_NAMED: usize = 100;

/// What [`Local::survey`](super::Local::survey) saw. As text: a line on what was found, and one for
/// each folder that is not served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Survey {
    /// How many repositories are served.
    pub served: usize,
    /// How many links were skipped: none is followed.
    pub links: usize,
    /// Repositories that are not served, and why; the first 100.
    pub refused: Vec<(PathBuf, String)>,
    /// How many more there are.
    pub more_refused: usize,
    /// Whether there are more folders than are looked at, so that lists lack repositories.
    pub is_cut: bool,
}

impl Survey {
    pub(super) fn refuse(&mut self, path: PathBuf, reason: String) {
        if self.refused.len() < MAX_NAMED {
            self.refused.push((path, reason));
        } else {
            self.more_refused += 1;
        }
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repositories = counted(self.served, "repository", "repositories");
        write!(
            f,
            "found {repositories}, skipped {}",
            counted(self.links, "link", "links")
        )?;
        for (path, reason) in &self.refused {
            write!(f, "\nnot served: {path:?}: {reason}")?;
        }
        if self.more_refused > 0 {
            write!(f, "\nnot served: {} more", self.more_refused)?;
        }
        if self.is_cut {
            write!(f, "\nnot listed: what lies beyond the first 100000 folders")?;
        }
        Ok(())
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
