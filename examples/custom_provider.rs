//! A code host of your own behind the unified API: implement what it has, and leave the rest to the
//! defaults, which answer `UNSUPPORTED_ENDPOINT`.
//!
//! Run `cargo run --example custom_provider`. It prints the branches of a host that lives in a
//! constant, two a page by cursor, then the refusal of an operation that this host lacks.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use gitflare::{
    core::{
        Page, PageRequest, Position, Result, Secret, SystemClock, SystemRandom,
        gateway::{
            AuditContext, Gateway, GatewayParts, GatewaySettings, ManualConnection, Payload, Query,
            ReadCredential, ReadRequest, Unlimited,
        },
        keys::{KeyRing, MasterKey, Purpose},
        model::{Branch, Viewer},
        provider::{Call, Capability, Endpoint, Provider, ProviderId, Registry, RepoRef, Support},
        storage::{Actor, memory::MemoryStorage},
    },
    firewall::{Firewall, FirewallConfig},
};

const BRANCHES: [&str; 5] = ["develop", "main", "release/1", "release/2", "spike"];

/// What it can do. What has no row is not served.
const CAPABILITIES: &[Capability] = &[full(Endpoint::Profile), full(Endpoint::Branches)];

const fn full(endpoint: Endpoint) -> Capability {
    let support = Support::Full { filters: &[] };
    Capability { endpoint, support }
}

/// The code host. It takes the id of a provider that this gateway does not serve otherwise; a new
/// one gets its own row in `ProviderId`.
struct Shelf;

#[async_trait]
impl Provider for Shelf {
    fn id(&self) -> ProviderId {
        ProviderId::GITEA
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    fn is_repository_id(&self, segment: &str) -> bool {
        segment == "1"
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        Ok(Viewer {
            provider: self.id(),
            connection_id: call.connection_id.clone(),
            id: "1".into(),
            login: Some("shelf".into()),
            name: None,
            email: None,
            avatar_url: None,
            web_url: None,
        })
    }

    async fn branches(&self, _: &Call, _: &RepoRef, page: PageRequest) -> Result<Page<Branch>> {
        // The position is ours alone: here, how many branches came before.
        let sent = match &page.position {
            None => 0,
            Some(position) => position.fields().number()? as usize,
        };
        let end = BRANCHES.len().min(sent.saturating_add(page.limit.get()));
        let items = BRANCHES.get(sent..end).unwrap_or_default().iter();
        Ok(Page {
            items: items.map(|name| branch(name)).collect(),
            next: (end < BRANCHES.len()).then(|| Position::new().number(end as u64)),
        })
    }
}

fn branch(name: &str) -> Branch {
    Branch {
        name: name.into(),
        commit_sha: format!("{:040x}", name.len()),
        protected: None,
        default: Some(name == "main"),
        web_url: None,
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let keys = KeyRing::new(
        MasterKey::new(1, Secret::new((1..=32).collect()))?,
        Vec::new(),
    );
    let firewall = FirewallConfig::default();
    let gateway = Gateway::new(GatewayParts {
        storage: Arc::new(MemoryStorage::new()),
        providers: Registry::new(vec![Arc::new(Shelf)]),
        filter: Arc::new(Firewall::new(
            &keys.primary().derive(Purpose::Firewall),
            &firewall,
        )?),
        filter_defaults: firewall.into(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        keys,
        admission: Arc::new(Unlimited),
        // Legacy mode, where a connection stands for a credential, keeps the example short.
        settings: GatewaySettings {
            enforce_platform_auth: false,
            ..GatewaySettings::default()
        },
    })
    .await?;
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::System,
        request_id: &request_id,
    };
    let connection = ManualConnection {
        provider: "gitea".into(),
        access_token: Some("any token will do".into()),
        tenant_id: None,
        api_base_url: None,
        organization: None,
    };
    let connection = gateway
        .connect_manually(connection, &act)
        .await?
        .id
        .to_string();

    let read = |endpoint, query| {
        gateway.read(ReadRequest {
            endpoint,
            credential: ReadCredential::Connection(connection.clone()),
            provider: Some("gitea".into()),
            repository: Some("1".into()),
            item: None,
            query: Query::new(query),
            method: "GET",
            path: String::new(),
            request_id: gateway.new_request_id(),
        })
    };
    let mut query = vec![("limit".to_owned(), "2".to_owned())];
    loop {
        let reply = read(Endpoint::Branches, query).await?;
        if let Payload::Branches(branches) = reply.data.value() {
            let names: Vec<_> = branches.iter().map(|branch| branch.name.as_str()).collect();
            println!("{}", names.join(", "));
        }
        match reply.page_info.and_then(|page| page.next_cursor) {
            Some(cursor) => query = vec![("cursor".to_owned(), cursor)],
            None => break,
        }
    }
    match read(Endpoint::Tags, Vec::new()).await {
        Ok(_) => Err("this host has no tags".into()),
        Err(error) => {
            println!("{error}");
            Ok(())
        }
    }
}
