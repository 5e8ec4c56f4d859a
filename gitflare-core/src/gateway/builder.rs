//! Putting a gateway together. What keeps it safe has no silent default: without a firewall, or with
//! keys that are lost at the end of the process, it can only be asked for by name.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, RwLock},
};

use super::{
    Admission, Gateway, GatewaySettings, PublicClientRule, Unlimited,
    public_client_rules::PublicClientRules, refresh::InFlightRefreshes,
    refresh_counts::RefreshCounts,
};
use crate::{
    Clock, Error, Random, Result, Secret, SystemClock, SystemRandom,
    account_link::AccountLinks,
    cursor::CursorKeys,
    filter::{FilterConfig, FilterRules, NoFilter},
    key_check,
    keys::{KeyRing, MIN_MASTER_KEY_LEN, MasterKey, Purpose, Vault},
    provider::{Provider, Registry},
    sealed_text::SealedTexts,
    storage::{FirewallSettings, Storage},
};

/// Makes a [`Gateway`]. Storage, a provider, master keys and a firewall are needed; the rest has
/// defaults: the system's clock and randomness, no limits, [`GatewaySettings::default`].
#[must_use = "a gateway is made by `build`"]
pub struct GatewayBuilder {
    storage: Option<Arc<dyn Storage>>,
    providers: Option<Vec<Arc<dyn Provider>>>,
    keys: Option<Keys>,
    firewall: Option<Box<dyn FilterRules>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    admission: Arc<dyn Admission>,
    public_clients: Vec<PublicClientRule>,
    settings: GatewaySettings,
}

enum Keys {
    Given(KeyRing),
    Throwaway,
}

impl Gateway {
    /// A builder without storage, providers, keys and firewall yet.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder {
            storage: None,
            providers: None,
            keys: None,
            firewall: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            admission: Arc::new(Unlimited),
            public_clients: Vec::new(),
            settings: GatewaySettings::default(),
        }
    }
}

impl GatewayBuilder {
    /// Keeps everything in this storage.
    pub fn storage(self, storage: impl Storage + 'static) -> Self {
        self.shared_storage(Arc::new(storage))
    }

    /// Keeps everything in a storage that the caller keeps a handle of.
    pub fn shared_storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Serves this provider, beside those that were added before.
    pub fn provider(self, provider: impl Provider + 'static) -> Self {
        self.providers([Arc::new(provider) as Arc<dyn Provider>])
    }

    /// Serves these providers, beside those that were added before. None at all is possible this
    /// way only.
    pub fn providers(mut self, providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        self.providers.get_or_insert_default().extend(providers);
        self
    }

    /// Encrypts provider tokens and seals cursors with keys that are derived from these. A storage
    /// opens with the keys that it was written with only.
    pub fn keys(mut self, keys: KeyRing) -> Self {
        self.keys = Some(Keys::Given(keys));
        self
    }

    /// Makes a master key that ends with the process: what was stored, and every cursor, is
    /// unreadable afterwards. For tests and for storages in memory.
    pub fn throwaway_keys(mut self) -> Self {
        self.keys = Some(Keys::Throwaway);
        self
    }

    /// Filters every answer with a firewall of these rules, keyed by the master key.
    pub fn firewall(mut self, rules: impl FilterRules + 'static) -> Self {
        self.firewall = Some(Box::new(rules));
        self
    }

    /// Filters nothing: secrets and blocked files leave as the provider sent them.
    pub fn without_firewall(self) -> Self {
        self.firewall(NoFilter)
    }

    /// Takes the time from this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes ids and secrets from this source of randomness.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Limits how often tokens may read.
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.admission = admission;
        self
    }

    /// Lets in clients that nobody has registered; none without a rule. Tokens of one that no rule
    /// lets in any more are as those of a client that was deleted.
    pub fn public_clients(mut self, rules: impl IntoIterator<Item = PublicClientRule>) -> Self {
        self.public_clients = rules.into_iter().collect();
        self
    }

    /// Sets durations and switches.
    pub fn settings(mut self, settings: GatewaySettings) -> Self {
        self.settings = settings;
        self
    }

    /// Makes the gateway, with the firewall configured as it was last set in the storage.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the method to call when something needed is absent, two providers
    /// have one id, or the keys are not those of the storage; the storage's own.
    pub async fn build(self) -> Result<Gateway> {
        let storage = self
            .storage
            .ok_or_else(|| Error::invalid_request("A gateway needs a storage: call `storage`."))?;
        let providers = distinct(self.providers)?;
        let keys = match self.keys {
            Some(Keys::Given(keys)) => keys,
            Some(Keys::Throwaway) => throwaway(&*self.random)?,
            None => {
                return Err(Error::invalid_request(
                    "A gateway needs master keys: call `keys`, or `throwaway_keys` for a test.",
                ));
            }
        };
        let rules = self.firewall.ok_or_else(|| {
            Error::invalid_request("A gateway needs a firewall: call `firewall`.")
        })?;
        key_check::verify(&keys, &*storage)
            .await?
            .map_err(|problem| Error::invalid_request(problem.to_string()))?;
        let filter = rules.filter(&keys.primary().derive(Purpose::Firewall))?;
        let firewall = firewall_settings(&*storage, rules.config()).await?;
        filter.configure(&firewall.to_config())?;
        let form_keys = keys.derive(Purpose::Csrf).into_iter();
        Ok(Gateway {
            storage,
            providers: Registry::new(providers),
            filter,
            clock: self.clock,
            random: self.random,
            cursors: CursorKeys::new(&keys.derive(Purpose::Cursor), self.settings.cursor_ttl)?,
            vault: Vault::new(&keys),
            refreshes: InFlightRefreshes::default(),
            refresh_counts: RefreshCounts::default(),
            form_keys: form_keys.map(|(_, key)| key).collect(),
            record_seeds: keys.derive(Purpose::ConsentRecord),
            validator_key: keys.primary().derive(Purpose::Validator),
            account_links: AccountLinks::new(&keys),
            registrations: SealedTexts::new(&keys, Purpose::Registration),
            public_clients: PublicClientRules::new(self.public_clients),
            admission: self.admission,
            settings: self.settings,
            firewall: RwLock::new(Arc::new(firewall)),
            clock_watch: super::retention::ClockWatch::default(),
        })
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder").finish_non_exhaustive()
    }
}

fn distinct(providers: Option<Vec<Arc<dyn Provider>>>) -> Result<Vec<Arc<dyn Provider>>> {
    let providers = providers
        .ok_or_else(|| Error::invalid_request("A gateway needs a provider: call `provider`."))?;
    let mut seen = BTreeSet::new();
    match providers
        .iter()
        .find(|provider| !seen.insert(provider.id()))
    {
        Some(second) => Err(Error::invalid_request(format!(
            "Two providers have the id `{}`.",
            second.id()
        ))),
        None => Ok(providers),
    }
}

fn throwaway(random: &dyn Random) -> Result<KeyRing> {
    let mut bytes = vec![0; MIN_MASTER_KEY_LEN];
    random.fill(&mut bytes);
    Ok(KeyRing::new(
        MasterKey::new(1, Secret::new(bytes))?,
        Vec::new(),
    ))
}

/// The configuration that was last set, or the rules' own while nobody has set one.
async fn firewall_settings(
    storage: &dyn Storage,
    defaults: FilterConfig,
) -> Result<FirewallSettings> {
    let stored = storage.settings().firewall().await?;
    Ok(stored.unwrap_or(FirewallSettings {
        enabled: defaults.enabled,
        blocked_file_patterns: defaults.blocked_file_patterns,
        version: 1,
        updated_at: None,
        updated_by: None,
    }))
}
