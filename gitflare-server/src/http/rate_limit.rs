//! Rate limits (GCRA, RL-1): reads by token, client and address, replays by subscription, failed client
//! authentications by client and address, refused admin keys by address. Counts live in this
//! process; a table holds a bounded number of keys and forgets the longest unused.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use gitflare_core::{ClientId, Code, Error, Result, SubscriptionId, TokenId, gateway::Admission};
use hashlink::LruCache;

/// The most keys that a table holds.
const MAX_KEYS: usize = 100_000;
/// A client and an address may together serve as many tokens.
const FACTOR: u32 = 4;
const FAILURES_PER_MINUTE: u32 = 10;
const SIGN_INS_PER_MINUTE: u32 = 20;
const WORKSPACES_PER_MINUTE: u32 = 120;
/// Deliveries of one subscription: an hour brings back 7,200 of them.
const REPLAYS_PER_MINUTE: u32 = 120;
#[cfg(feature = "mcp")]
const REGISTRATIONS_PER_MINUTE: u32 = 20;

/// Every limit of the surface.
#[derive(Debug)]
pub struct RateLimits {
    reads: Table,
    failures: Table,
    per_token: Rate,
    per_client_and_address: Rate,
    started: Instant,
}

impl RateLimits {
    /// Limits around this many reads per token and minute; 0 switches those off, the ones on
    /// failures stay.
    #[must_use]
    pub fn new(reads_per_minute: u32) -> Self {
        Self {
            reads: Table::new(MAX_KEYS),
            failures: Table::new(MAX_KEYS),
            per_token: Rate::new(reads_per_minute),
            per_client_and_address: Rate::new(reads_per_minute.saturating_mul(FACTOR)),
            started: Instant::now(),
        }
    }

    /// Counts a read from an address.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub(super) fn admit_address(&self, address: IpAddr) -> Result<()> {
        self.admit(&("address", network(address)), self.per_client_and_address)
    }

    /// Counts a sign-in or sign-up from an address (PW-4).
    pub(super) fn admit_sign_in(&self, address: IpAddr) -> Result<()> {
        self.admit_always(&("sign-in", network(address)), SIGN_INS_PER_MINUTE)
    }

    /// Counts a browser that opens a customer's workspace from an address: each may store rows.
    pub(super) fn admit_workspace(&self, address: IpAddr) -> Result<()> {
        self.admit_always(&("workspace", network(address)), WORKSPACES_PER_MINUTE)
    }

    /// Counts a client that registers itself from an address. It costs a computation, and no row.
    #[cfg(feature = "mcp")]
    pub(super) fn admit_registration(&self, address: IpAddr) -> Result<()> {
        self.admit_always(&("register", network(address)), REGISTRATIONS_PER_MINUTE)
    }

    fn admit_always(&self, key: &impl std::hash::Hash, per_minute: u32) -> Result<()> {
        let table = &self.failures;
        table
            .take(table.key(key), Rate::new(per_minute), self.now())
            .map_err(refusal)
    }

    /// Whether this address has presented too many wrong admin keys.
    pub(super) fn check_admin(&self, address: IpAddr) -> Result<()> {
        self.check_failures(&("admin", network(address)), FAILURES_PER_MINUTE)
    }

    /// Counts a wrong admin key.
    pub(super) fn count_admin_failure(&self, address: IpAddr) {
        self.count_failure(&("admin", network(address)), FAILURES_PER_MINUTE);
    }

    /// Whether this address has failed to authenticate too often, as this client or altogether.
    /// The client is counted together with its address: a stranger must not lock it out.
    pub(super) fn check_client(&self, client: &str, address: IpAddr) -> Result<()> {
        let address = network(address);
        self.check_failures(&("client", client, address), FAILURES_PER_MINUTE)?;
        self.check_failures(&("clients", address), FAILURES_PER_MINUTE * FACTOR)
    }

    /// Counts a failed client authentication.
    pub(super) fn count_client_failure(&self, client: &str, address: IpAddr) {
        let address = network(address);
        self.count_failure(&("client", client, address), FAILURES_PER_MINUTE);
        self.count_failure(&("clients", address), FAILURES_PER_MINUTE * FACTOR);
    }

    fn admit(&self, key: &impl std::hash::Hash, rate: Rate) -> Result<()> {
        if rate.is_off() {
            return Ok(());
        }
        self.reads
            .take(self.reads.key(key), rate, self.now())
            .map_err(refusal)
    }

    fn check_failures(&self, key: &impl std::hash::Hash, per_minute: u32) -> Result<()> {
        let table = &self.failures;
        table
            .check(table.key(key), Rate::new(per_minute), self.now())
            .map_err(refusal)
    }

    fn count_failure(&self, key: &impl std::hash::Hash, per_minute: u32) {
        let table = &self.failures;
        // A refusal was due before the failure could happen; here it only counts.
        let _ = table.take(table.key(key), Rate::new(per_minute), self.now());
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Admission for RateLimits {
    fn admit(&self, token: &TokenId, client: &ClientId) -> Result<()> {
        self.admit(&("token", token.as_str()), self.per_token)?;
        self.admit(&("client", client.as_str()), self.per_client_and_address)
    }

    fn admit_replay(&self, subscription: &SubscriptionId) -> Result<()> {
        self.admit_always(&("replay", subscription.as_str()), REPLAYS_PER_MINUTE)
    }
}

/// Network that is limited as one address: an IPv6 customer owns a whole /64.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

fn refusal(wait_micros: u64) -> Error {
    let seconds = u32::try_from(wait_micros.div_ceil(1_000_000)).unwrap_or(u32::MAX);
    Error::new(
        Code::RateLimited,
        "Too many requests to this gateway: slow down and retry later.",
    )
    .with_retry_after(seconds)
}

/// So many per minute, all of them at once if need be.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_minute: u32,
}

impl Rate {
    const MINUTE: u64 = 60_000_000;

    const fn new(per_minute: u32) -> Self {
        Self { per_minute }
    }

    const fn is_off(self) -> bool {
        self.per_minute == 0
    }

    /// Cost of one request, in microseconds.
    const fn cost(self) -> u64 {
        Self::MINUTE / self.per_minute as u64
    }
}

/// Keys with the moment at which each has paid for what it took (the generic cell rate algorithm:
/// one number per key). Keys are hashes under a random key, so that collisions cannot be chosen.
#[derive(Debug)]
struct Table {
    hasher: RandomState,
    paid_at: Mutex<LruCache<u64, u64>>,
}

impl Table {
    fn new(max_keys: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            paid_at: Mutex::new(LruCache::new(max_keys)),
        }
    }

    fn key(&self, key: &impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Takes one, or says how long to wait.
    fn take(&self, key: u64, rate: Rate, now: u64) -> Result<(), u64> {
        let mut all = self.lock();
        let paid_at = all.get(&key).copied().unwrap_or(0).max(now) + rate.cost();
        if paid_at > now + Rate::MINUTE {
            return Err(paid_at - now - Rate::MINUTE);
        }
        all.insert(key, paid_at);
        Ok(())
    }

    /// Whether one could be taken, or how long to wait.
    fn check(&self, key: u64, rate: Rate, now: u64) -> Result<(), u64> {
        let paid_at = self.lock().peek(&key).copied().unwrap_or(0).max(now) + rate.cost();
        match paid_at.checked_sub(now + Rate::MINUTE) {
            None | Some(0) => Ok(()),
            Some(wait) => Err(wait),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<u64, u64>> {
        self.paid_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_minute_holds_as_many_as_the_rate_says() {
        // sec: RL-1
        let table = Table::new(10);
        let rate = Rate::new(60);
        for _ in 0..60 {
            assert_eq!(table.take(1, rate, 0), Ok(()));
        }
        assert_eq!(table.take(1, rate, 0), Err(SECOND));
        assert_eq!(table.check(1, rate, 0), Err(SECOND));
        assert_eq!(
            table.take(2, rate, 0),
            Ok(()),
            "another key is not concerned"
        );
        assert_eq!(table.take(1, rate, SECOND / 2), Err(SECOND / 2));
        assert_eq!(table.check(1, rate, SECOND), Ok(()));
        assert_eq!(table.take(1, rate, SECOND), Ok(()));
        assert_eq!(table.take(1, rate, SECOND), Err(SECOND));
        for _ in 0..60 {
            assert_eq!(table.take(1, rate, 3600 * SECOND), Ok(()));
        }
        assert!(table.take(1, rate, 3600 * SECOND).is_err());
    }

    #[test]
    fn a_refusal_is_one_clients_own() {
        // sec: RL-1
        let limits = RateLimits::new(60);
        let (clock, random) = (gitflare_core::SystemClock, gitflare_core::SystemRandom);
        gitflare_core::gateway::conformance::a_refusal_is_one_clients_own(&limits, &clock, &random);
    }

    #[test]
    fn a_table_never_holds_more_than_its_keys() {
        // sec: RL-1
        let keys = if std::env::var_os("CI_DRILLS").is_some() {
            1_000_000
        } else {
            100_000
        };
        let table = Table::new(1000);
        for key in 0..keys {
            assert_eq!(table.take(key, Rate::new(10), 0), Ok(()));
            // A key in use survives any flood.
            let survivor = table.take(u64::MAX, Rate::new(10_000_000), key);
            assert_eq!(survivor, Ok(()));
            let all = table.lock();
            assert!(all.len() <= 1000);
            assert!(all.peek(&u64::MAX).is_some());
        }
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let limits = RateLimits::new(0);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..10 {
            limits.check_admin(address).unwrap();
            limits.count_admin_failure(address);
        }
        let error = limits.check_admin(address).unwrap_err();
        assert_eq!(error.code(), Code::RateLimited);
        assert!(matches!(error.retry_after_seconds(), Some(1..=6)));
        limits.check_admin("192.0.2.2".parse().unwrap()).unwrap();
        limits.admit_address(address).unwrap();
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let limits = RateLimits::new(0);
        for host in 1..=10 {
            limits.count_admin_failure(format!("2001:db8::{host}").parse().unwrap());
        }
        assert!(limits.check_admin("2001:db8::99".parse().unwrap()).is_err());
        assert!(
            limits
                .check_admin("2001:db8:0:1::1".parse().unwrap())
                .is_ok()
        );
    }
}
