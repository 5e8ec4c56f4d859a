//! Provider `gitflic`: GitFlic's REST API, of the public service and of self-hosted installations. It
//! reads only, and asks by the names of owner and project, for GitFlic finds none by its id.
//! Contributors and deployments do not exist there.
//!
//! The adapter is written from the vendor's documentation and from what published clients rely on; no
//! traffic of the service was at hand. [`api`] is the same API as a typed client.

pub mod api;
mod around;
mod capabilities;
mod checks;
mod client;
mod comments;
mod commits;
mod contents;
mod dialect;
mod diff;
mod hooks;
mod names;
mod oauth;
mod person;
mod profile;
mod pull_requests;
mod refs;
mod releases;
mod repositories;
mod tree;

use std::time::Duration;

use gitflare_core::{
    Result,
    provider::{Evidence, ProviderHooks},
};

use self::{capabilities::CAPABILITIES, client::Client, dialect::USER_AGENT, oauth::GitflicOauth};
use crate::{Http, OauthConfig, serve::serve, upstream::user_agent, wire::is_uuid};

/// The provider of one GitFlic.
#[derive(Debug)]
pub struct Gitflic {
    client: Client,
    oauth: Option<GitflicOauth>,
}

impl Gitflic {
    /// A GitFlic whose REST API is at this base URL, `/rest-api` included where it is self-hosted.
    /// `web_url` is the base of its pages; `None` takes the one that belongs to the API.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str, web_url: Option<&str>) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url, web_url)?,
            oauth: None,
        })
    }

    /// Believes for that long that a name still stands for the project that was seen under it, before
    /// the project is looked at again. Unless this is called, three minutes for each project that the
    /// connection reads, and an hour at most: looks take 20 calls an hour of an account's 500. Zero
    /// looks before every read that does not say whose it is, [`Duration::MAX`] never does.
    #[must_use]
    pub fn with_names_believed_for(mut self, time: Duration) -> Self {
        self.client.believe_names_for(time);
        self
    }

    /// Names itself to GitFlic in another way than as `gitflare/<version>`: the filter in front of the
    /// public service has refused agents that it took for bare libraries. [`OauthConfig::user_agent`] is the
    /// same for its sign-in.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for what no header holds (RFC 9110, section 5.5).
    pub fn with_user_agent(mut self, agent: &str) -> Result<Self> {
        self.client
            .upstream
            .set_header(USER_AGENT, Some(user_agent(agent)?));
        Ok(self)
    }

    /// Links accounts too, as the application that is registered there.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(mut self, http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        self.oauth = Some(GitflicOauth::new(http, api_url, config)?);
        Ok(self)
    }
}

serve! {
    Gitflic {
        /// A UUID; everything else is `owner/project`.
        fn is_repository_id(&self, segment: &str) -> bool {
            is_uuid(segment)
        }

        fn respelt(&self, segment: &str) -> Option<String> {
            let id = segment.to_ascii_lowercase();
            (is_uuid(&id) && id != segment).then_some(id)
        }

        fn hooks(&self) -> Option<&dyn ProviderHooks> {
            Some(self)
        }

        fn evidence(&self) -> &'static [Evidence] {
            &[Evidence::Documentation]
        }
    }
    viewer => profile::viewer,
    repositories => repositories::list,
    repository => repositories::find,
    find_repository => repositories::find_by_name,
    branches => refs::branches,
    commits => commits::list,
    commit_diff => commits::diff,
    pull_requests => pull_requests::list,
    pull_request_diff => pull_requests::diff,
    tags => refs::tags as refs::WireTag,
    releases => releases::list,
    checks => checks::list,
    file_tree => tree::list,
    forks => around::forks,
    labels => around::labels,
    stargazers => around::stargazers,
    watchers => around::watchers,
    assignees => around::assignees,
    commit => commits::find,
    pull_request => pull_requests::find,
    comments => comments::list,
    contents => contents::read,
}
