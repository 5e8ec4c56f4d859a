//! How many files the process may have open: connections must leave room for the database, the
//! repositories and the upstream calls, or a flood of idle sockets would stop those too.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files reserved for everything but client connections.
const RESERVE: u64 = 256;
/// More than the connection cap will ever ask for.
const WANTED: u64 = 65_536;

/// Raises the soft limit as far as the hard one allows, and says how many connections fit below
/// it; always some.
pub(super) fn room_for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |hard| hard.min(WANTED));
    let soft = match limit.current {
        Some(soft) if soft < wanted => {
            let raised = Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            };
            // Where raising is forbidden, the cap below follows the limit as it is.
            setrlimit(Resource::Nofile, raised).map_or(soft, |()| wanted)
        }
        Some(soft) => soft,
        None => WANTED,
    };
    room_below(soft)
}

fn room_below(soft: u64) -> usize {
    let room = soft.saturating_sub(RESERVE).max(soft / 2).max(1);
    usize::try_from(room).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_other_files() {
        // sec: HT-1
        for (soft, room) in [(65_536, 65_280), (1024, 768), (256, 128), (64, 32), (0, 1)] {
            assert_eq!(room_below(soft), room, "{soft}");
        }
        assert!(room_for_connections() >= 1);
    }
}
