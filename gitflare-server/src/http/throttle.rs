//! Throttling of sign-ins and sign-ups (PW-4): five tries per account and address, then a
//! delay that grows to a quarter of an hour. Every try counts before its password is looked at, so
//! that trying at once gains nothing; a success forgets them. No lock-out lasts, and
//! tries from one address do not lock out another.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{Backoff, Code, Error, Result};
use hashlink::LruCache;

use super::rate_limit::network;

/// Number of tries without a delay.
const FREE: u32 = 5;
/// The longest delay, and how long tries are remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The delays after the last free try. Tries of one account need no jitter.
const DELAYS: Backoff = Backoff {
    first: Duration::from_secs(30),
    longest: WINDOW,
    jitter: 0.0,
};
/// The most accounts that are remembered at a time; the longest untried is forgotten first.
const MAX_KEYS: usize = 100_000;

/// The recent tries, by account and network.
#[derive(Debug)]
pub(super) struct Throttle {
    hasher: RandomState,
    started: Instant,
    tries: Mutex<LruCache<u64, Tries>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    count: u32,
    last: Duration,
    blocked_until: Duration,
}

/// A try that has been counted.
#[must_use]
#[derive(Debug)]
pub(super) struct Try(u64);

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            started: Instant::now(),
            tries: Mutex::new(LruCache::new(MAX_KEYS)),
        }
    }

    /// Counts a mail to an address: nobody's mailbox is filled, from however many addresses it is asked for.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the seconds until the next one may go.
    pub(super) fn mail(&self, email: &str) -> Result<Try> {
        let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.begin(&format!("mail {email}"), everywhere)
    }

    /// Counts a try for an account from an address.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub(super) fn begin(&self, account: &str, address: IpAddr) -> Result<Try> {
        self.begin_at(account, address, self.started.elapsed())
    }

    fn begin_at(&self, account: &str, address: IpAddr, now: Duration) -> Result<Try> {
        let account = account.trim().to_lowercase();
        let key = self.hasher.hash_one((account, network(address)));
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tries = all.get(&key).copied().unwrap_or_default();
        if now < tries.blocked_until {
            return Err(refusal(tries.blocked_until - now));
        }
        if now >= tries.last.max(tries.blocked_until) + WINDOW {
            tries.count = 0;
        }
        tries.count += 1;
        tries.last = now;
        if let Some(beyond) = tries.count.checked_sub(FREE) {
            tries.blocked_until = now + DELAYS.base(beyond + 1);
        }
        all.insert(key, tries);
        Ok(Try(key))
    }

    /// Forgets the tries of an account from an address, after the right password.
    pub(super) fn succeed(&self, Try(key): Try) {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&key);
    }
}

fn refusal(wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Error::new(
        Code::RateLimited,
        "Too many tries: wait a while before the next one.",
    )
    .with_retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: u64) -> Duration {
        // Tries are remembered from before the process began.
        Duration::from_secs(10_000 + seconds)
    }

    #[test]
    fn the_sixth_try_has_to_wait_and_each_one_after_it_longer() {
        // sec: PW-4
        let throttle = Throttle::new();
        let wait = |now: u64| {
            let outcome = throttle.begin_at("Ada@mail.example ", HERE, at(now));
            outcome.err().and_then(|error| error.retry_after_seconds())
        };
        for _ in 0..5 {
            assert_eq!(wait(0), None);
        }
        assert_eq!(wait(0), Some(30));
        assert_eq!(wait(10), Some(20));
        assert_eq!(wait(30), None);
        assert_eq!(wait(30), Some(60));
        let mut now = 90;
        for delay in [120, 240, 480, 900, 900, 900] {
            assert_eq!(wait(now), None);
            assert_eq!(wait(now), Some(delay), "{now}");
            now += u64::from(delay);
        }
        assert_eq!(
            wait(now + 900),
            None,
            "a quarter of an hour later all is forgotten"
        );
        assert_eq!(wait(now + 900), None);
    }

    #[test]
    fn another_address_another_account_and_a_success_are_free() {
        // sec: PW-4
        let throttle = Throttle::new();
        let there: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..5 {
            let _counted = throttle.begin_at("ada@mail.example", HERE, at(0)).unwrap();
        }
        assert!(throttle.begin_at("ada@mail.example", HERE, at(1)).is_err());
        assert!(throttle.begin_at("bob@mail.example", HERE, at(1)).is_ok());
        for _ in 0..10 {
            let tried = throttle.begin_at("ada@mail.example", there, at(1)).unwrap();
            throttle.succeed(tried);
        }
        assert!(throttle.begin_at("ada@mail.example", HERE, at(1)).is_err());
    }
}
