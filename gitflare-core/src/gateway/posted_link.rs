//! Linking at a provider that posts the code to our server: the post buys the tokens, and the browser
//! that comes back without a code picks up what became of them. The post proves nothing but that it
//! knows the state, which nobody can guess and which it spends; the account goes to the browser that
//! started the flow all the same (PC-1). It waits for nothing: that is the server's to do.

use super::{FailedLink, Gateway, LinkCallback, ReturnedLink, link::FLOW_TTL};
use crate::{
    Code, Credential, CredentialHash, CredentialKind, Error, Result, Secret,
    provider::{ProviderId, ProviderOauth},
    storage::{LinkFlow, PostedKey, PostedOutcome},
};

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
        let found = self.find_posted(provider.id(), callback).await?;
        let Some((flow, outcome)) = found.filter(|(flow, _)| flow.provider == provider.id()) else {
            return Ok(PostedReturn::Unposted);
        };
        if !is_of_browser(&flow, callback) {
            return Ok(PostedReturn::Unposted);
        }
        let failure = match outcome {
            PostedOutcome::Awaited => return Ok(PostedReturn::Awaited),
            PostedOutcome::Failed(code) => Some(code),
            PostedOutcome::Linked => None,
        };
        let completion = Credential::generate(CredentialKind::LinkCompletion, &*self.random);
        let links = self.storage.links();
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

/// Whether the browser is the flow's own. One that any browser may finish is found by its state alone.
fn is_of_browser(flow: &LinkFlow, callback: &LinkCallback) -> bool {
    match (&flow.browser, &callback.browser) {
        (None, _) => callback.state.is_some(),
        (Some(started), Some(came)) => started.matches(came),
        (Some(_), None) => false,
    }
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
