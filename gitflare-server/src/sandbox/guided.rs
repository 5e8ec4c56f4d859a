//! The guided walk of a sandbox: a consent link that works as it is, a subscription whose events
//! the test app shows, and the sample's leak as it is without the firewall.

use std::time::{Duration, Instant};

use gitflare_core::{
    ConnectionId, Random, SystemRandom,
    filter::BlockedPaths,
    provider::{Call, CommitId, ProviderId, RepoRef},
};
use gitflare_sandbox::{Forge, Forges, sample, sample::Sample};
use url::form_urlencoded;

use super::Seeded;
use crate::{
    Running,
    config::Problem,
    http::guided::{Emitter, Guided, Leak},
};

/// How long reading the leak may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the walk begins.
#[derive(Debug)]
pub(super) struct Walk {
    /// The consent link, whole.
    pub(super) consent: String,
    /// Makes the emulated GitHub report a push.
    pub(super) emit: String,
}

/// Prepares the walk: fills the test app in and subscribes it at every host.
///
/// # Errors
/// What stops the start, as one line.
pub(super) async fn begin(
    running: &Running,
    forges: &Forges,
    seeded: &Seeded,
    sample: &Sample,
) -> Result<Walk, Problem> {
    let failed = |error: gitflare_core::Error| {
        Problem::new(format!(
            "the sandbox's test app cannot be set up: {error:?}"
        ))
    };
    let guided = Guided {
        client_id: seeded.client_id.clone(),
        client_secret: seeded.client_secret.as_str().into(),
        customer: seeded.tenant_id.clone(),
        state: unguessable(),
        inbox: unguessable(),
        leak: leak(running, sample).await.map_err(failed)?,
        emitters: forges.all().map(emitter).into(),
    };
    let walk = Walk {
        consent: consent(running, seeded, &guided.state),
        emit: emit(&forges.github().web_url()),
    };
    let service = running.service();
    let made = service.guide(guided, &seeded.access_token);
    made.await.map_err(failed)?;
    Ok(walk)
}

fn emitter(forge: &Forge) -> Emitter {
    Emitter {
        provider: forge.kind().id(),
        name: forge.kind().name(),
        repository: forge.full_name_of(sample::FULL_NAME),
        command: emit(&forge.web_url()),
    }
}

/// The command that makes an emulated host report a push.
pub(super) fn emit(web_url: &str) -> String {
    let repository = sample::FULL_NAME;
    format!(
        "curl -s -X POST '{web_url}/__emit' -d '{{\"repository\":\"{repository}\",\"event\":\"push\"}}'"
    )
}

fn consent(running: &Running, seeded: &Seeded, state: &str) -> String {
    let panel = running.public_url();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &seeded.client_id)
        .append_pair("redirect_uri", &format!("{panel}/testapp/callback"))
        .append_pair("state", state)
        .append_pair("customer_ref", "customer-1")
        .append_pair("customer_name", "Acme")
        .finish();
    format!("{panel}/oauth/authorize?{query}")
}

/// The leak as the provider has it, past the firewall.
async fn leak(running: &Running, sample: &Sample) -> gitflare_core::Result<Leak> {
    let gateway = running.gateway();
    let Some(local) = gateway.providers().find(ProviderId::LOCAL) else {
        return Err(gitflare_core::Error::internal(
            "the sandbox serves no folder",
        ));
    };
    let call = Call {
        connection_id: ConnectionId::generate(gateway.clock(), &SystemRandom),
        access_token: String::new().into(),
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + PATIENCE,
    };
    let repo = RepoRef {
        id: sample::FULL_NAME.to_owned(),
        full_name: Some(sample::FULL_NAME.to_owned()),
    };
    let commit = CommitId::parse(&sample.leaky_commit)?;
    let diff = local.commit_diff(&call, &repo, &commit).await?;
    let files = diff.files.into_iter();
    Ok(Leak {
        repository: sample::FULL_NAME.to_owned(),
        commit: sample.leaky_commit.clone(),
        files: files
            .map(|file| (file.path, file.patch.unwrap_or_default()))
            .collect(),
    })
}

/// 128 random bits as text that is fit for a URL.
fn unguessable() -> String {
    let mut bytes = [0u8; 16];
    SystemRandom.fill(&mut bytes);
    hex::encode(bytes)
}
