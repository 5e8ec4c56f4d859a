//! How each provider answered last, since this process started: for `/metrics` and `/health`. Nothing
//! is asked of a provider here, and no account is told of.

use gitflare_core::{
    CODES, Clock, Code, Error, Result, Source, SystemClock, Timestamp, gateway::UnifiedReply,
    provider::ProviderId,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabels {
    provider: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabels {
    provider: &'static str,
    code: &'static str,
}

/// The last answers of every provider.
#[derive(Debug, Default)]
pub(super) struct Standing {
    successes: Family<ProviderLabels, Gauge>,
    failures: Family<FailureLabels, Gauge>,
    calls_left: Family<ProviderLabels, Gauge>,
}

/// How one provider answered last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LastAnswers {
    pub(super) success: Option<Timestamp>,
    pub(super) failure: Option<(Timestamp, Code)>,
}

impl Standing {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gitflare_provider_last_success_timestamp_seconds",
            "When a read of the provider was answered last",
            self.successes.clone(),
        );
        registry.register(
            "gitflare_provider_last_error_timestamp_seconds",
            "When the provider failed last, by the code of the error",
            self.failures.clone(),
        );
        registry.register(
            "gitflare_provider_calls_left",
            "Calls that the provider lets the account of the last read make in its window",
            self.calls_left.clone(),
        );
    }

    /// Notes a read of one provider, or of all.
    pub(super) fn note(&self, provider: Option<ProviderId>, result: &Result<UnifiedReply>) {
        let now = SystemClock.now().as_seconds();
        let limits = match result {
            Ok(reply) => reply.rate_limits.as_slice(),
            Err(error) => error.rate_limits(),
        };
        for (provider, limit) in limits {
            let left = i64::try_from(limit.remaining).unwrap_or(i64::MAX);
            self.calls_left.get_or_create(&labels(*provider)).set(left);
        }
        match (provider, result) {
            (Some(provider), Ok(_)) => {
                self.successes.get_or_create(&labels(provider)).set(now);
            }
            (_, Ok(reply)) => {
                let failed = reply.errors.iter().flatten();
                failed.for_each(|error| self.note_failure(error, now));
            }
            (_, Err(error)) => self.note_failure(error, now),
        }
    }

    /// What the gateway refused by itself says nothing of a provider.
    fn note_failure(&self, error: &Error, now: i64) {
        if let (Source::Provider, Some(provider)) = (error.source(), error.provider()) {
            let labels = FailureLabels {
                provider: provider.as_str(),
                code: error.code().name(),
            };
            self.failures.get_or_create(&labels).set(now);
        }
    }

    /// How a provider answered last.
    pub(super) fn of(&self, provider: ProviderId) -> LastAnswers {
        let success = self.successes.get(&labels(provider));
        let failures = CODES.iter().filter_map(|row| {
            let labels = FailureLabels {
                provider: provider.as_str(),
                code: row.name,
            };
            let at = self.failures.get(&labels)?.get();
            Some((moment(at), row.code))
        });
        LastAnswers {
            success: success.map(|gauge| moment(gauge.get())),
            failure: failures.max(),
        }
    }
}

fn labels(provider: ProviderId) -> ProviderLabels {
    ProviderLabels {
        provider: provider.as_str(),
    }
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_gateway_is_no_failure_of_a_provider() {
        let standing = Standing::default();
        let (github, gitlab) = (ProviderId::GITHUB, ProviderId::GITLAB);
        let own = Error::new(Code::InsufficientScope, "no").with_provider(github);
        standing.note(Some(github), &Err(own));
        assert_eq!(standing.of(github), LastAnswers::default());
        for code in [Code::UpstreamTimeout, Code::RateLimited] {
            standing.note(Some(github), &Err(Error::upstream(code, github, "no")));
        }
        let failure = standing.of(github).failure.map(|(_, code)| code);
        assert!(failure.is_some() && standing.of(github).success.is_none());
        assert_eq!(standing.of(gitlab), LastAnswers::default());
    }
}
