//! What upstreams let each connection do: how much is left, as their answers say, and until when
//! they want to hear nothing at all; a call that would be refused is not sent. Kept in memory, per
//! node; bounded, and forgetting costs one refused call.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gitflare_core::{
    Code, ConnectionId, Error, Result,
    provider::{ProviderId, RateLimit},
};
use hashlink::LruCache;
use tokio::time::Instant;

const MAX_CONNECTIONS: usize = 10_000;

/// The quotas of all connections.
#[derive(Debug)]
pub(crate) struct Quotas(Mutex<LruCache<ConnectionId, Quota>>);

impl Default for Quotas {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_CONNECTIONS)))
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Quota {
    blocked_until: Option<Instant>,
    /// Until when an answer asked for a wait, and the deadline of the read that it answered.
    slowed: Option<(Instant, Instant)>,
    seen: Option<Seen>,
}

/// What an answer said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) limit: Option<u64>,
    pub(crate) remaining: u64,
    pub(crate) resets_at: Instant,
}

impl Quotas {
    /// Refuses a call of a blocked connection; `deadline` is that of the read that it belongs to.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the seconds that are left.
    pub(crate) fn check(
        &self,
        connection: &ConnectionId,
        provider: ProviderId,
        deadline: Instant,
        now: Instant,
    ) -> Result<()> {
        let quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = quotas.peek(connection).copied().unwrap_or_default();
        // A read that had begun goes on: half of one is of no use to anybody.
        let slowed = quota.slowed.filter(|(_, begun)| deadline > *begun);
        let until = quota.blocked_until.max(slowed.map(|(until, _)| until));
        let Some(left) = until.and_then(|until| until.checked_duration_since(now)) else {
            return Ok(());
        };
        if left.is_zero() {
            return Ok(());
        }
        let message = format!(
            "{} asked to wait before this account is read again.",
            provider.name()
        );
        Err(Error::upstream(Code::RateLimited, provider, message).with_retry_after(seconds(left)))
    }

    /// Blocks a connection for that long, or longer if it is blocked for longer already.
    pub(crate) fn block(&self, connection: &ConnectionId, seconds: u32, now: Instant) {
        let until = now + Duration::from_secs(seconds.into());
        self.change(connection, |quota| {
            quota.blocked_until = Some(quota.blocked_until.map_or(until, |known| known.max(until)));
        });
    }

    /// Blocks, after an answer that asked for a wait all the same, the reads of a connection that begin
    /// later than the one that got it, whose deadline is given.
    pub(crate) fn slow(
        &self,
        connection: &ConnectionId,
        seconds: u32,
        deadline: Instant,
        now: Instant,
    ) {
        let until = now + Duration::from_secs(seconds.into());
        self.change(connection, |quota| {
            let (known, begun) = quota.slowed.unwrap_or((until, deadline));
            quota.slowed = Some((known.max(until), begun.max(deadline)));
        });
    }

    /// Notes what an answer said.
    pub(crate) fn note(&self, connection: &ConnectionId, seen: Seen) {
        self.change(connection, |quota| quota.seen = Some(seen));
    }

    /// What the newest answer said, while it holds.
    pub(crate) fn seen(&self, connection: &ConnectionId, now: Instant) -> Option<RateLimit> {
        let quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = quotas.peek(connection)?.seen?;
        let left = seen.resets_at.checked_duration_since(now)?;
        Some(RateLimit {
            limit: seen.limit,
            remaining: seen.remaining,
            resets_in_seconds: seconds(left),
        })
    }

    /// Changes a quota; beyond the bound, the longest unchanged one is forgotten.
    fn change(&self, connection: &ConnectionId, change: impl FnOnce(&mut Quota)) {
        let mut quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut quota = quotas.get(connection).copied().unwrap_or_default();
        change(&mut quota);
        quotas.insert(connection.clone(), quota);
    }
}

/// Whole seconds, rounded up: after them it is over.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(n: usize) -> ConnectionId {
        ConnectionId::parse(&format!("conn_{n}")).unwrap()
    }

    #[test]
    fn a_block_ends_by_itself_and_concerns_one_connection() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        quotas.block(&connection(1), 30, now);
        quotas.block(&connection(1), 10, now);
        let check = |n, after| {
            let at = now + Duration::from_secs(after);
            quotas.check(&connection(n), ProviderId::GITHUB, at, at)
        };
        let refused = check(1, 20).unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert_eq!(refused.retry_after_seconds(), Some(10));
        assert!(check(2, 20).is_ok());
        assert!(check(1, 30).is_ok());
    }

    #[test]
    fn a_wait_beside_an_answer_concerns_the_reads_that_begin_later() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        let read = |seconds| now + Duration::from_secs(seconds);
        let check = |deadline, after| {
            quotas.check(&connection(1), ProviderId::AZURE, deadline, read(after))
        };
        quotas.slow(&connection(1), 30, read(20), now);
        assert!(check(read(20), 1).is_ok(), "the one that was told");
        assert!(check(read(19), 1).is_ok(), "one that began before");
        let refused = check(read(21), 1).unwrap_err();
        assert_eq!(refused.retry_after_seconds(), Some(29));
        assert!(check(read(51), 31).is_ok());
        // A refusal is another matter.
        quotas.block(&connection(1), 10, now);
        assert!(check(read(20), 1).is_err());
    }

    #[test]
    fn what_is_left_is_told_until_it_is_renewed() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        let seen = Seen {
            limit: Some(5000),
            remaining: 17,
            resets_at: now + Duration::from_secs(60),
        };
        quotas.note(&connection(1), seen);
        let later = now + Duration::from_secs(20);
        let told = quotas.seen(&connection(1), later).unwrap();
        assert_eq!(
            (told.limit, told.remaining, told.resets_in_seconds),
            (Some(5000), 17, 40)
        );
        assert!(quotas.seen(&connection(2), later).is_none());
        assert!(
            quotas
                .seen(&connection(1), now + Duration::from_secs(61))
                .is_none()
        );
    }

    #[test]
    fn the_view_is_bounded() {
        let (quotas, now) = (Quotas::default(), Instant::now());
        for n in 0..MAX_CONNECTIONS + 10 {
            quotas.block(&connection(n), 10, now);
        }
        assert_eq!(quotas.0.lock().unwrap().len(), MAX_CONNECTIONS);
        let check = |n| quotas.check(&connection(n), ProviderId::GITHUB, now, now);
        assert!(check(0).is_ok(), "the longest unchanged is forgotten");
        assert!(check(MAX_CONNECTIONS).is_err());
    }
}
