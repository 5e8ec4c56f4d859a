//! Memory that many requests have together: what strangers send to hooks before it proves anything, and
//! large answers that nobody takes. Counted in all, and for each one who fills it, by what is there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gitflare_core::{Code, Error};

const MIB: usize = 1024 * 1024;

/// Room for bytes.
#[derive(Debug)]
pub(super) struct Room {
    in_all: usize,
    of_one: usize,
    /// What costs nothing: most are smaller.
    free: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    /// Only those that have taken some, each more than is free.
    by_key: HashMap<String, usize>,
}

/// What one request has taken; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Room>,
    key: String,
    bytes: usize,
}

/// Bytes that give their share back when the last of them is gone.
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    pub(super) _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Room {
    /// For bodies of hooks, by their subscription: one of the largest is never refused alone.
    pub(super) fn of_hooks() -> Arc<Self> {
        Arc::new(Self {
            in_all: 128 * MIB,
            of_one: 32 * MIB,
            free: MIB / 16,
            taken: Mutex::default(),
        })
    }

    /// For answers on their way, by the address that asked: one of the largest is never refused alone.
    pub(super) fn of_answers() -> Arc<Self> {
        Arc::new(Self {
            in_all: 512 * MIB,
            of_one: 128 * MIB,
            free: MIB / 4,
            taken: Mutex::default(),
        })
    }

    /// A share of nothing, which grows.
    pub(super) fn share(self: &Arc<Self>, key: impl Into<String>) -> Share {
        Share {
            room: Arc::clone(self),
            key: key.into(),
            bytes: 0,
        }
    }

    /// Whether that many bytes have to be counted.
    pub(super) fn counts(&self, len: usize) -> bool {
        len > self.free
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes room for what has grown to that many bytes.
    ///
    /// # Errors
    /// `RATE_LIMITED` while others hold the room.
    pub(super) fn grow(&mut self, len: usize) -> Result<(), Error> {
        if !self.room.counts(len) || len <= self.bytes {
            return Ok(());
        }
        let more = len - self.bytes;
        let mut taken = self.room.taken();
        let own = taken.by_key.get(&self.key).copied().unwrap_or(0);
        if taken.in_all + more > self.room.in_all || own + more > self.room.of_one {
            let message = "Too much that is large is on its way at once: try again in a moment.";
            return Err(Error::new(Code::RateLimited, message).with_retry_after(5));
        }
        taken.in_all += more;
        taken.by_key.insert(self.key.clone(), own + more);
        self.bytes = len;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut taken = self.room.taken();
        taken.in_all -= self.bytes;
        let left = taken.by_key.get_mut(&self.key);
        let is_last = left.is_some_and(|left| {
            *left -= self.bytes;
            *left == 0
        });
        if is_last {
            taken.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fills_its_own_room_and_all_together_theirs() {
        // sec: SC-3, SC-4
        let room = Room::of_hooks();
        let mut held = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let mut whole = room.share(name);
            whole.grow(1000).unwrap();
            whole.grow(room.of_one).unwrap();
            let more = room.share(name).grow(room.free + 1);
            assert!(more.is_err(), "its own is full");
            held.push(whole);
        }
        assert!(room.share("e").grow(room.free + 1).is_err(), "all is full");
        assert!(
            room.share("e").grow(room.free).is_ok(),
            "a small one passes"
        );
        held.pop();
        assert!(room.share("e").grow(room.of_one).is_ok());
        drop(held);
        assert_eq!(room.taken().in_all, 0);
        assert!(room.taken().by_key.is_empty());
    }

    #[test]
    fn an_answer_gives_its_share_back_when_it_is_gone() {
        let room = Room::of_answers();
        let mut share = room.share("192.0.2.1");
        share.grow(MIB).unwrap();
        let body = bytes::Bytes::from_owner(Held {
            bytes: vec![7; MIB],
            _share: share,
        });
        let part = body.slice(..3);
        drop(body);
        assert_eq!((room.taken().in_all, &part[..]), (MIB, &[7, 7, 7][..]));
        drop(part);
        assert_eq!(room.taken().in_all, 0);
    }
}
