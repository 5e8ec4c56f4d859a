//! Which connections have used up what their upstream allows, and until when: a call that would be
//! refused is not sent. Kept in memory, per node; bounded, and forgetting costs one refused call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gitflare_core::{Code, ConnectionId, Error, Result, provider::ProviderId};
use tokio::time::Instant;

const MAX_BLOCKS: usize = 10_000;

/// The connections that may not call for a while.
#[derive(Debug, Default)]
pub(crate) struct Blocks(Mutex<HashMap<ConnectionId, Instant>>);

impl Blocks {
    /// Refuses a call of a blocked connection.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the seconds that are left.
    pub(crate) fn check(
        &self,
        connection: &ConnectionId,
        provider: ProviderId,
        now: Instant,
    ) -> Result<()> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = blocks.get(connection) else {
            return Ok(());
        };
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            blocks.remove(connection);
            return Ok(());
        }
        let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        let message = format!(
            "{} asked to wait before this account is read again.",
            provider.name()
        );
        Err(Error::upstream(Code::RateLimited, provider, message)
            .with_retry_after(seconds.saturating_add(1)))
    }

    /// Blocks a connection for that long, or longer if it is blocked for longer already.
    pub(crate) fn block(&self, connection: &ConnectionId, seconds: u32, now: Instant) {
        let until = now + Duration::from_secs(seconds.into());
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= MAX_BLOCKS {
            blocks.retain(|_, until| *until > now);
        }
        if let Some(known) = blocks.get_mut(connection) {
            *known = until.max(*known);
        } else if blocks.len() < MAX_BLOCKS {
            blocks.insert(connection.clone(), until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(n: usize) -> ConnectionId {
        ConnectionId::parse(&format!("conn_{n}")).unwrap()
    }

    #[test]
    fn a_block_ends_by_itself_and_concerns_one_connection() {
        let (blocks, now) = (Blocks::default(), Instant::now());
        blocks.block(&connection(1), 30, now);
        blocks.block(&connection(1), 10, now);
        let check = |n, after| {
            let at = now + Duration::from_secs(after);
            blocks.check(&connection(n), ProviderId::Github, at)
        };
        let refused = check(1, 20).unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert_eq!(refused.retry_after_seconds(), Some(11));
        assert!(check(2, 20).is_ok());
        assert!(check(1, 30).is_ok());
    }

    #[test]
    fn the_view_is_bounded() {
        let (blocks, now) = (Blocks::default(), Instant::now());
        for n in 0..MAX_BLOCKS + 10 {
            blocks.block(&connection(n), 10, now);
        }
        assert_eq!(blocks.0.lock().unwrap().len(), MAX_BLOCKS);
        blocks.block(&connection(0), 10, now + Duration::from_secs(11));
        assert_eq!(blocks.0.lock().unwrap().len(), 1);
    }
}
