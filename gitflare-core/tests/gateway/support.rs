//! A gateway over memory storage and scripted providers, with a clock that stands still: what the
//! use cases promise can be seen without a socket or a disk.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use gitflare_core::{
    Code, Error, FixedClock, Page, PageRequest, Position, RequestId, Result, Secret, SeededRandom,
    Timestamp,
    filter::{ContentFilter, FilterConfig, FilterRules, Screened, TextKind},
    gateway::{
        AuditContext, Gateway, GatewaySettings, ManualConnection, NewClientRequest,
        NewGrantRequest, NewTenantRequest, Query, ReadCredential, ReadRequest,
        RequestedRepositories, TokenRequest, UnifiedReply,
    },
    keys::{KeyRing, MasterKey},
    model::{Branch, EventName, Owner, Repository, Viewer},
    provider::{
        Call, Capability, Endpoint, HookCall, HookEvents, NewHook, Provider, ProviderHooks,
        ProviderId, RepoRef, Support,
    },
    storage::{Actor, Storage, memory::MemoryStorage},
};

/// A provider over a list of names. Ids are digits; connections see what their token names.
pub(crate) struct Scripted {
    id: ProviderId,
    capabilities: &'static [Capability],
    repositories: Mutex<Vec<(String, String)>>,
    pub(crate) calls: AtomicUsize,
    pub(crate) failing: Mutex<Option<Error>>,
    pub(crate) is_panicking: AtomicBool,
}

const CAPABILITIES: &[Capability] = &[
    Capability {
        endpoint: Endpoint::Profile,
        support: Support::Full { filters: &[] },
    },
    Capability {
        endpoint: Endpoint::Repositories,
        support: Support::Full { filters: &[] },
    },
    Capability {
        endpoint: Endpoint::Repository,
        support: Support::Full { filters: &[] },
    },
    Capability {
        endpoint: Endpoint::Branches,
        support: Support::Full { filters: &[] },
    },
    Capability {
        endpoint: Endpoint::Deployments,
        support: Support::Full {
            filters: &["environment"],
        },
    },
];

impl Scripted {
    pub(crate) fn new(id: ProviderId, count: usize) -> Arc<Self> {
        Self::with(id, count, CAPABILITIES)
    }

    /// One that declares these operations, whether it can serve them or not.
    pub(crate) fn with(
        id: ProviderId,
        count: usize,
        capabilities: &'static [Capability],
    ) -> Arc<Self> {
        let repositories = (1..=count)
            .map(|n| (n.to_string(), format!("{id}/r{n}")))
            .collect();
        Arc::new(Self {
            id,
            capabilities,
            repositories: Mutex::new(repositories),
            calls: AtomicUsize::new(0),
            failing: Mutex::new(None),
            is_panicking: AtomicBool::new(false),
        })
    }

    pub(crate) fn rename(&self, id: &str, full_name: &str) {
        let mut repositories = self.repositories.lock().unwrap();
        repositories
            .iter_mut()
            .find(|(each, _)| each == id)
            .unwrap()
            .1 = full_name.into();
    }

    pub(crate) fn add(&self, id: &str, full_name: &str) {
        self.repositories
            .lock()
            .unwrap()
            .push((id.into(), full_name.into()));
    }

    pub(crate) fn remove(&self, id: &str) {
        let mut repositories = self.repositories.lock().unwrap();
        repositories.retain(|(each, _)| each != id);
    }

    fn enter(&self) -> Result<Vec<(String, String)>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(
            !self.is_panicking.load(Ordering::SeqCst),
            "a bug of an adapter"
        );
        match &*self.failing.lock().unwrap() {
            Some(error) => Err(error.clone()),
            None => Ok(self.repositories.lock().unwrap().clone()),
        }
    }

    fn repository(&self, call: &Call, id: &str, full_name: &str) -> Repository {
        Repository {
            node_id: None,
            provider: self.id,
            connection_id: call.connection_id.clone(),
            id: id.into(),
            name: full_name.rsplit('/').next().unwrap().into(),
            full_name: full_name.into(),
            owner: Owner {
                id: None,
                login: None,
                kind: None,
            },
            description: Some("password = hunter2hunter2".into()),
            private: None,
            visibility: None,
            archived: None,
            fork: None,
            default_branch: None,
            language: None,
            web_url: None,
            clone_url: None,
            created_at: None,
            updated_at: None,
            pushed_at: None,
        }
    }
}

#[async_trait]
impl Provider for Scripted {
    fn id(&self) -> ProviderId {
        self.id
    }

    fn capabilities(&self) -> &'static [Capability] {
        self.capabilities
    }

    fn hooks(&self) -> Option<&dyn ProviderHooks> {
        Some(self)
    }

    fn is_repository_id(&self, segment: &str) -> bool {
        segment.bytes().all(|byte| byte.is_ascii_digit())
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        self.enter()?;
        Ok(Viewer {
            provider: self.id,
            connection_id: call.connection_id.clone(),
            id: "1".into(),
            login: Some(call.access_token.expose().clone()),
            name: None,
            email: None,
            avatar_url: None,
            web_url: None,
        })
    }

    async fn repositories(&self, call: &Call, page: PageRequest) -> Result<Page<Repository>> {
        let all = self.enter()?;
        let start = match &page.position {
            Some(position) => usize::try_from(position.fields().number()?).unwrap(),
            None => 0,
        };
        let end = (start + page.limit.get()).min(all.len());
        let items = all[start..end]
            .iter()
            .map(|(id, name)| self.repository(call, id, name))
            .collect();
        let next = (end < all.len()).then(|| Position::new().number(end as u64));
        Ok(Page::new(items, next))
    }

    async fn repository(&self, call: &Call, repo: &RepoRef) -> Result<Repository> {
        let all = self.enter()?;
        all.iter()
            .find(|(id, _)| *id == repo.id)
            .map(|(id, name)| Scripted::repository(self, call, id, name))
            .ok_or_else(|| {
                Error::upstream(
                    Code::RepositoryNotFound,
                    self.id,
                    "There is no such repository.",
                )
            })
    }

    async fn find_repository(&self, call: &Call, full_name: &str) -> Result<Repository> {
        let all = self.enter()?;
        all.iter()
            .find(|(_, name)| name == full_name)
            .map(|(id, name)| Scripted::repository(self, call, id, name))
            .ok_or_else(|| {
                Error::upstream(
                    Code::RepositoryNotFound,
                    self.id,
                    "There is no such repository.",
                )
            })
    }

    async fn branches(&self, _: &Call, repo: &RepoRef, page: PageRequest) -> Result<Page<Branch>> {
        self.enter()?;
        let start = match &page.position {
            Some(position) => position.fields().number()?,
            None => 0,
        };
        let branch = |n: u64| Branch {
            name: format!("{}-{n}", repo.id),
            commit_sha: "0".repeat(40),
            protected: None,
            default: None,
            web_url: None,
        };
        let items = (start..start + page.limit.get() as u64)
            .map(branch)
            .collect();
        let next = Position::new().number(start + page.limit.get() as u64);
        Ok(Page::new(items, Some(next)))
    }
}

#[async_trait]
impl ProviderHooks for Scripted {
    fn events(&self) -> &'static [EventName] {
        &[EventName::Push]
    }

    async fn create(&self, _: &Call, repo: &RepoRef, _: &NewHook<'_>) -> Result<String> {
        self.enter()?;
        Ok(format!("hook-{}", repo.id))
    }

    async fn delete(&self, _: &Call, _: &RepoRef, _: &str) -> Result<()> {
        self.enter().map(drop)
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        call.header("secret") == Some(secret.expose().as_str())
    }

    fn read(&self, _: &HookCall<'_>) -> Result<HookEvents> {
        Err(Error::invalid_request("nothing is ever sent"))
    }
}

/// Hashes nothing but the word that the scripted descriptions hold.
pub(crate) struct HunterFilter;

impl FilterRules for HunterFilter {
    fn config(&self) -> FilterConfig {
        FilterConfig {
            enabled: true,
            blocked_file_patterns: vec![".env".into()],
        }
    }

    fn filter(&self, _: &Secret<[u8; 32]>) -> Result<Arc<dyn ContentFilter>> {
        Ok(Arc::new(Self))
    }
}

impl ContentFilter for HunterFilter {
    fn blocks(&self, path: &str) -> bool {
        path.contains(".env")
    }

    fn screen<'t>(
        &self,
        _: &gitflare_core::TenantId,
        text: &'t str,
        _: TextKind<'_>,
    ) -> Result<Screened<'t>> {
        let redactions = text.matches("hunter2hunter2").count() as u64;
        Ok(Screened {
            text: text.replace("hunter2hunter2", "gf_sha256:x").into(),
            redactions,
        })
    }

    fn validate(&self, config: &FilterConfig) -> Result<()> {
        match config
            .blocked_file_patterns
            .iter()
            .position(String::is_empty)
        {
            Some(index) => Err(Error::invalid_request(format!(
                "`blockedFilePatterns[{index}]` must not be empty."
            ))),
            None => Ok(()),
        }
    }

    fn configure(&self, config: &FilterConfig) -> Result<()> {
        self.validate(config)
    }
}

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A gateway with everything that its tests look at.
pub(crate) struct Bed {
    pub(crate) gateway: Gateway,
    pub(crate) storage: Arc<MemoryStorage>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) github: Arc<Scripted>,
    pub(crate) gitlab: Arc<Scripted>,
    pub(crate) request_id: RequestId,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(GatewaySettings::default()).await
    }

    pub(crate) async fn with(settings: GatewaySettings) -> Self {
        Self::over(settings, Vec::new()).await
    }

    /// A bed with more providers beside the two.
    pub(crate) async fn over(settings: GatewaySettings, more: Vec<Arc<dyn Provider>>) -> Self {
        let storage = Arc::new(MemoryStorage::new());
        let clock = Arc::new(FixedClock::at(NOW));
        let github = Scripted::new(ProviderId::GITHUB, 5);
        let gitlab = Scripted::new(ProviderId::GITLAB, 3);
        let mut providers: Vec<Arc<dyn Provider>> = vec![gitlab.clone(), github.clone()];
        providers.extend(more);
        let gateway = Self::gateway(&storage, &clock, providers, settings).await;
        let request_id = gateway.new_request_id();
        Self {
            gateway,
            storage,
            clock,
            github,
            gitlab,
            request_id,
        }
    }

    async fn gateway(
        storage: &Arc<MemoryStorage>,
        clock: &Arc<FixedClock>,
        providers: Vec<Arc<dyn Provider>>,
        settings: GatewaySettings,
    ) -> Gateway {
        let key = MasterKey::new(1, Secret::new((0..32).collect())).unwrap();
        Gateway::builder()
            .shared_storage(storage.clone())
            .providers(providers)
            .firewall(HunterFilter)
            .keys(KeyRing::new(key, Vec::new()))
            .clock(clock.clone())
            .random(Arc::new(SeededRandom::new(1)))
            .settings(settings)
            .build()
            .await
            .unwrap()
    }

    /// Starts again with these providers alone, over the same storage.
    pub(crate) async fn restart_with(&mut self, providers: Vec<Arc<dyn Provider>>) {
        let settings = GatewaySettings::default();
        self.gateway = Self::gateway(&self.storage, &self.clock, providers, settings).await;
    }

    /// An admin's next act; time passes before it, so that ids are in the order of acts.
    pub(crate) fn act(&self) -> AuditContext<'_> {
        self.clock.advance_millis(1);
        AuditContext {
            actor: &Actor::Admin,
            request_id: &self.request_id,
        }
    }

    pub(crate) async fn tenant(&self, name: &str, kind: &str) -> String {
        let request = NewTenantRequest {
            name: name.into(),
            kind: Some(kind.into()),
        };
        self.gateway
            .create_tenant(request, &self.act())
            .await
            .unwrap()
            .id
            .to_string()
    }

    /// A client with every scope: its id and secret.
    pub(crate) async fn client(&self) -> (String, String) {
        let tenant_id = self.tenant("Developer", "developer").await;
        let created = self
            .gateway
            .create_client(
                NewClientRequest {
                    tenant_id,
                    owner_user_id: None,
                    name: "App".into(),
                    description: None,
                    allowed_redirect_uris: vec!["https://app.example/cb".into()],
                    default_permissions: all_scopes(),
                },
                &self.act(),
            )
            .await
            .unwrap();
        (
            created.client.id.to_string(),
            created.client_secret.expose().to_owned(),
        )
    }

    pub(crate) async fn connection(&self, tenant: &str, provider: &str) -> String {
        self.gateway
            .connect_manually(
                ManualConnection {
                    provider: provider.into(),
                    access_token: Some(Secret::from("upstream-token")),
                    tenant_id: Some(tenant.into()),
                    api_base_url: None,
                    organization: None,
                },
                &self.act(),
            )
            .await
            .unwrap()
            .id
            .to_string()
    }

    /// A grant over `repositories`, over everything when empty; its id.
    pub(crate) async fn grant(
        &self,
        tenant: &str,
        client: &str,
        connection: &str,
        repositories: &[&str],
    ) -> String {
        self.grant_of(tenant, client, connection, repositories, all_scopes())
            .await
    }

    /// A grant of these scopes.
    pub(crate) async fn grant_of(
        &self,
        tenant: &str,
        client: &str,
        connection: &str,
        repositories: &[&str],
        permissions: Vec<String>,
    ) -> String {
        let repositories = match repositories {
            [] => RequestedRepositories::All,
            list => {
                RequestedRepositories::Listed(list.iter().map(|name| (*name).to_owned()).collect())
            }
        };
        let request = NewGrantRequest {
            tenant_id: tenant.into(),
            client_id: client.into(),
            connection_id: connection.into(),
            permissions,
            repositories,
            expires_at: None,
        };
        self.gateway
            .create_grant(request, &self.act())
            .await
            .unwrap()
            .1
            .id
            .to_string()
    }

    pub(crate) async fn token(&self, client: &(String, String)) -> String {
        self.clock.advance_millis(1);
        let request = TokenRequest {
            grant_type: Some("client_credentials".into()),
            client_id: Some(client.0.clone()),
            client_secret: Some(Secret::from(client.1.as_str())),
            ..TokenRequest::default()
        };
        let issued = self
            .gateway
            .issue_token(request, &self.request_id)
            .await
            .unwrap();
        issued.access_token.expose().to_owned()
    }

    pub(crate) async fn read(
        &self,
        token: &str,
        endpoint: Endpoint,
        provider: Option<&str>,
        repository: Option<&str>,
        query: &[(&str, &str)],
    ) -> Result<UnifiedReply> {
        let request = self.request(token, endpoint, provider, repository, query);
        self.gateway.read(request).await
    }

    /// A read to be sent.
    pub(crate) fn request(
        &self,
        token: &str,
        endpoint: Endpoint,
        provider: Option<&str>,
        repository: Option<&str>,
        query: &[(&str, &str)],
    ) -> ReadRequest {
        let pairs = query.iter();
        ReadRequest {
            fault: None,
            endpoint,
            credential: ReadCredential::Bearer(Secret::from(token)),
            provider: provider.map(Into::into),
            repository: repository.map(Into::into),
            item: None,
            query: Query::new(
                pairs
                    .map(|(name, value)| ((*name).into(), (*value).into()))
                    .collect(),
            ),
            if_none_match: None,
            method: "GET",
            path: "/v1/x".into(),
            request_id: self.request_id.clone(),
        }
    }

    /// `GET /v1/repositories`: the names, the next cursor, whether there is more.
    pub(crate) async fn repositories(
        &self,
        token: &str,
        query: &[(&str, &str)],
    ) -> Result<(Vec<String>, Option<String>, bool)> {
        let reply = self
            .read(token, Endpoint::Repositories, None, None, query)
            .await?;
        let page_info = reply.page_info.unwrap();
        let names = json(&reply.data.value())
            .as_array()
            .unwrap()
            .iter()
            .map(|repository| repository["fullName"].as_str().unwrap().to_owned())
            .collect();
        Ok((names, page_info.next_cursor, page_info.has_more))
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }
}

pub(crate) fn json(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

pub(crate) fn all_scopes() -> Vec<String> {
    gitflare_core::Scope::ALL
        .iter()
        .map(ToString::to_string)
        .collect()
}
