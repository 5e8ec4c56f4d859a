//! The enabled providers, looked up by id.

use std::{collections::BTreeSet, fmt, sync::Arc};

use super::{Capability, Endpoint, Provider, ProviderId, Support};

/// The providers that this gateway serves. What is not in it is disabled.
#[derive(Clone, Default)]
pub struct Registry(Vec<Arc<dyn Provider>>);

impl Registry {
    /// A registry of these providers: by kind, in the order of [`ProviderKind::ALL`], then by id.
    /// Of two with one id the first stays.
    ///
    /// [`ProviderKind::ALL`]: super::ProviderKind::ALL
    #[must_use]
    pub fn new(mut providers: Vec<Arc<dyn Provider>>) -> Self {
        providers.sort_by_key(|provider| (provider.kind().position(), provider.id()));
        let mut seen = BTreeSet::new();
        providers.retain(|provider| seen.insert(provider.id()));
        Self(providers)
    }

    /// The provider, or `None` when it is not enabled.
    #[must_use]
    pub fn find(&self, id: ProviderId) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.id() == id)
    }

    /// The provider whose id a client sent, or `None` when it is not enabled.
    #[must_use]
    pub fn lookup(&self, id: &str) -> Option<&Arc<dyn Provider>> {
        self.0.iter().find(|provider| provider.id().as_str() == id)
    }

    /// The enabled providers' ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = ProviderId> {
        self.0.iter().map(|provider| provider.id())
    }

    /// The providers, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.iter()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl dyn Provider + '_ {
    /// Support of an operation by a provider; an operation without a row is not supported.
    #[must_use]
    pub fn support(&self, endpoint: Endpoint) -> Support {
        self.capabilities()
            .iter()
            .find(|row: &&Capability| row.endpoint == endpoint)
            .map_or(
                Support::None {
                    reason: "The provider does not declare it.",
                },
                |row| row.support,
            )
    }
}
