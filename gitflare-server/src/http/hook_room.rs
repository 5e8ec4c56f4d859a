//! How much of what strangers send to hooks is kept in memory before it proves anything: in all, and
//! for each subscription. Counted by what has arrived, not by what was announced.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use gitflare_core::{Code, Error};

/// Bytes in all, and of one subscription: one body of the largest kind is never refused alone.
const IN_ALL: usize = 128 * 1024 * 1024;
const OF_ONE: usize = 32 * 1024 * 1024;
/// A body of this size costs no room: most are smaller.
const FREE: usize = 64 * 1024;

/// The room of all hooks.
#[derive(Debug, Default)]
pub(super) struct HookRoom(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    /// Only those that have taken some, each more than [`FREE`].
    by_subscription: HashMap<String, usize>,
}

/// What one body has taken; given back when dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    room: &'a HookRoom,
    subscription: &'a str,
    bytes: usize,
}

impl HookRoom {
    /// A share of nothing, which grows with the body.
    pub(super) fn share<'a>(&'a self, subscription: &'a str) -> Share<'a> {
        Share {
            room: self,
            subscription,
            bytes: 0,
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// Takes room for a body that has grown to that many bytes.
    ///
    /// # Errors
    /// `RATE_LIMITED` while others hold the room.
    pub(super) fn grow(&mut self, len: usize) -> Result<(), Error> {
        if len <= FREE || len <= self.bytes {
            return Ok(());
        }
        let more = len - self.bytes;
        let mut taken = self.room.taken();
        let own = taken.by_subscription.get(self.subscription);
        let own = own.copied().unwrap_or(0);
        if taken.in_all + more > IN_ALL || own + more > OF_ONE {
            let message = "Too many large webhooks arrive at once; send it again.";
            return Err(Error::new(Code::RateLimited, message).with_retry_after(5));
        }
        taken.in_all += more;
        let subscription = self.subscription.to_owned();
        taken.by_subscription.insert(subscription, own + more);
        self.bytes = len;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut taken = self.room.taken();
        taken.in_all -= self.bytes;
        let left = taken.by_subscription.get_mut(self.subscription);
        let is_last = left.is_some_and(|left| {
            *left -= self.bytes;
            *left == 0
        });
        if is_last {
            taken.by_subscription.remove(self.subscription);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscription_fills_its_own_room_and_all_together_theirs() {
        let room = HookRoom::default();
        let mut held = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let mut whole = room.share(name);
            whole.grow(1000).unwrap();
            whole.grow(OF_ONE).unwrap();
            assert!(room.share(name).grow(FREE + 1).is_err(), "its own is full");
            held.push(whole);
        }
        assert!(room.share("e").grow(FREE + 1).is_err(), "all is full");
        assert!(room.share("e").grow(FREE).is_ok(), "a small one passes");
        held.pop();
        assert!(room.share("e").grow(OF_ONE).is_ok());
        drop(held);
        assert_eq!(room.taken().in_all, 0);
        assert!(room.taken().by_subscription.is_empty());
    }
}
