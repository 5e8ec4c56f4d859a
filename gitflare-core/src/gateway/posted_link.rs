//! Linking at a provider that posts the code to our server: the post buys the tokens, and the browser
//! that comes back without a code picks up what became of them. The post proves nothing but that it
//! knows the state, which nobody can guess and which it spends; the account goes to the browser that
//! started the flow all the same (PC-1). It waits for nothing: that is the server's to do.
//!
//! That browser need not be the one in which somebody approved: whoever starts a flow could send the
//! provider's address to somebody else and pick up their account (PC-3). The other browser comes back
//! here too, though. So an account is held for a moment before anybody gets it, and a browser that
//! comes back from the provider and has started nothing ends what it may have been tricked into.

use std::time::Duration;

use super::{FailedLink, Gateway, LinkCallback, ReturnedLink, link::FLOW_TTL};
use crate::{
    Code, Credential, CredentialHash, CredentialKind, Error, Result, Secret,
    provider::{ProviderId, ProviderOauth},
    storage::{LinkFlow, PostedKey, PostedOutcome},
};

/// How long an account that was posted is held, for a browser that was tricked to come back meanwhile.
const HOLD: Duration = Duration::from_secs(3);
/// A browser that comes back may be here this much before its account: buying tokens takes a while.
const EARLY: Duration = Duration::from_secs(10);

/// A browser that came back, where the provider posts the code.
#[derive(Debug)]
pub enum PostedReturn {
    /// No code was posted for it: it came as from every other provider.
    Unposted,
    /// The code, or what becomes of it, is still to come.
    Awaited,
    /// The account is there.
    Returned(Box<ReturnedLink>),
}

impl Gateway {
    /// Whether an enabled provider posts the code to our server.
    #[must_use]
    pub fn posts_code(&self, provider: &str) -> bool {
        let found = self.providers.lookup(provider);
        let oauth = found.and_then(|provider| provider.oauth());
        oauth.is_some_and(ProviderOauth::posts_code)
    }

    /// Takes the code that a provider posts. Who posts learns nothing: an unknown state is a success,
    /// and what the exchange comes to is for the browser.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a provider that does not post; the storage's own.
    pub async fn receive_code(
        &self,
        provider: &str,
        state: &Secret<String>,
        code: Secret<String>,
    ) -> Result<()> {
        if !self.posts_code(provider) {
            return Err(Error::not_found("route"));
        }
        let links = self.storage.links();
        let hash = CredentialHash::of_presented(CredentialKind::LinkState, state.expose());
        let posted = match hash {
            Some(hash) => links.post_state(&hash, self.clock.now()).await?,
            None => None,
        };
        let Some(flow) = posted.filter(|flow| flow.provider.as_str() == provider) else {
            return Ok(());
        };
        let callback = LinkCallback {
            provider: provider.to_owned(),
            code: Some(code),
            ..LinkCallback::default()
        };
        // Its completion code is nobody's: the browser gets one of its own.
        match self.account_behind(&flow, callback).await {
            Ok(_) => Ok(()),
            Err(error) => links.fail_posted(&flow.id, error.code()).await,
        }
    }

    /// What became of the flow of a browser that came back, found by its state, or by its cookie where
    /// the provider hands nothing back.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for another browser than the one that started the flow; why there is no
    /// account.
    pub async fn posted_link(&self, callback: &LinkCallback) -> Result<PostedReturn, FailedLink> {
        let Some(provider) = self.providers.lookup(&callback.provider) else {
            return Ok(PostedReturn::Unposted);
        };
        let links = self.storage.links();
        let found = self.find_posted(provider.id(), callback).await?;
        let Some((flow, outcome)) = found.filter(|(flow, _)| flow.provider == provider.id()) else {
            if callback.browser.is_none() {
                links.note_stray(provider.id(), self.clock.now()).await?;
            }
            return Ok(PostedReturn::Unposted);
        };
        if !is_of_browser(&flow, callback) {
            links.fail_posted(&flow.id, Code::InvalidRequest).await?;
            return Ok(PostedReturn::Unposted);
        }
        let failure = match outcome {
            PostedOutcome::Awaited => return Ok(PostedReturn::Awaited),
            PostedOutcome::Failed(code) => Some(code),
            PostedOutcome::Linked => match self.held(&flow).await? {
                Held::Still => return Ok(PostedReturn::Awaited),
                Held::Contested => Some(Code::InvalidRequest),
                Held::Over => None,
            },
        };
        let completion = Credential::generate(CredentialKind::LinkCompletion, &*self.random);
        if !links.return_posted(&flow.id, completion.hash()).await? {
            return Ok(PostedReturn::Unposted);
        }
        match failure {
            Some(code) => Err(FailedLink {
                error: failed(code, flow.provider),
                flow: Some(Box::new(flow)),
            }),
            None => Ok(PostedReturn::Returned(Box::new(ReturnedLink {
                expires_at: self.clock.now().after(FLOW_TTL),
                completion_code: completion,
                flow,
            }))),
        }
    }

    /// Whether an account is held still, and whether another browser has come back since.
    async fn held(&self, flow: &LinkFlow) -> Result<Held> {
        // The flow's end was set when the account came.
        let came_at = flow.expires_at.before(FLOW_TTL);
        let stray = self.storage.links().last_stray(flow.provider).await?;
        if stray.is_some_and(|stray| stray > came_at.before(EARLY)) {
            return Ok(Held::Contested);
        }
        Ok(match self.clock.now() < came_at.after(HOLD) {
            true => Held::Still,
            false => Held::Over,
        })
    }

    async fn find_posted(
        &self,
        provider: ProviderId,
        callback: &LinkCallback,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>> {
        let now = self.clock.now();
        let state = match &callback.state {
            Some(state) => {
                match CredentialHash::of_presented(CredentialKind::LinkState, state.expose()) {
                    Some(state) => Some(state),
                    None => return Ok(None),
                }
            }
            None => None,
        };
        let key = match (&state, &callback.browser) {
            (Some(state), _) => PostedKey::State(state),
            (None, Some(browser)) => PostedKey::Browser(browser, provider),
            (None, None) => return Ok(None),
        };
        self.storage.links().find_posted(key, now).await
    }
}

/// What an account that was posted waits for.
enum Held {
    Still,
    /// A browser that has started nothing came back: it may be this account's.
    Contested,
    Over,
}

/// Whether the browser is the flow's own.
fn is_of_browser(flow: &LinkFlow, callback: &LinkCallback) -> bool {
    let both = flow.browser.as_ref().zip(callback.browser.as_ref());
    both.is_some_and(|(started, came)| started.matches(came))
}

/// Why a posted code came to nothing. The provider's own words were for the log.
fn failed(code: Code, provider: ProviderId) -> Error {
    let name = provider.name();
    let message = format!("{name} handed over no account; start again.");
    match code {
        Code::InvalidRequest | Code::InternalError => Error::new(code, message),
        _ => Error::upstream(code, provider, message),
    }
}
