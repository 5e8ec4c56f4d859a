//! How often provider tokens were refreshed and what came of it, until somebody takes the counts for
//! metrics. Which token of whom is not kept.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::Gateway;
use crate::{
    Result,
    provider::{OauthRefusal, ProviderId, ProviderTokens},
};

/// What a provider said to a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshOutcome {
    /// It issued another access token.
    Renewed,
    /// It refused the refresh token: the account has to be connected again.
    Refused,
    /// It could not be asked, or gave no usable answer.
    Failed,
}

impl RefreshOutcome {
    /// The word for it in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Counts of refreshes that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct RefreshCounts(Mutex<HashMap<(ProviderId, RefreshOutcome), u64>>);

impl RefreshCounts {
    pub(super) fn count(
        &self,
        provider: ProviderId,
        answer: &std::result::Result<ProviderTokens, OauthRefusal>,
    ) {
        let outcome = match answer {
            Ok(_) => RefreshOutcome::Renewed,
            Err(OauthRefusal::Rejected(_)) => RefreshOutcome::Refused,
            Err(OauthRefusal::Failed(_)) => RefreshOutcome::Failed,
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((provider, outcome)).or_default() += 1;
    }
}

impl Gateway {
    /// How many refreshes have ended how since this was called last, by provider.
    #[must_use]
    pub fn take_refreshes(&self) -> Vec<(ProviderId, RefreshOutcome, u64)> {
        let counts = &self.refresh_counts.0;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = counts.drain();
        taken.map(|((id, outcome), n)| (id, outcome, n)).collect()
    }

    /// How many jobs of clean-up at providers are queued, up to
    /// [`MOST_COUNTED`](crate::storage::MOST_COUNTED).
    ///
    /// # Errors
    /// The storage's own.
    pub async fn queued_cleanups(&self) -> Result<u64> {
        self.storage.cleanup().count().await
    }

    /// How many connections their owners have to connect again, by provider; providers without such
    /// a connection are left out.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn connections_to_reconnect(&self) -> Result<Vec<(ProviderId, u64)>> {
        self.storage.connections().count_to_reconnect().await
    }
}
