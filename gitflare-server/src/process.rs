//! What the system says of this process (Linux `/proc`); `None` where it says nothing.

use std::fs;

/// What a process uses, in the names and units that Prometheus gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) threads: Option<u64>,
}

/// What this process uses now.
pub(crate) fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let files = fs::read_dir("/proc/self/fd").ok();
    Usage {
        resident_bytes: number(&status, "VmRSS:").map(|kibibytes| kibibytes * 1024),
        // One of them reads the folder.
        open_files: files.map(|files| (files.count() as u64).saturating_sub(1)),
        threads: number(&status, "Threads:"),
    }
}

fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_name() {
        let status = "Name:\tgitflare\nVmRSS:\t   20480 kB\nThreads:\t13\n";
        assert_eq!(number(status, "VmRSS:"), Some(20_480));
        assert_eq!(number(status, "Threads:"), Some(13));
        assert_eq!(number(status, "VmSwap:"), None);
    }
}
