//! Provider `github`: github.com, GHE.com and Enterprise Server over REST. It reads only, and asks
//! by the numeric id, which outlives names.

mod around;
mod capabilities;
mod checks;
mod client;
mod comments;
mod commits;
mod compare;
mod contents;
mod contributors;
mod default_branches;
mod deployments;
mod diff;
mod graphql;
mod hooks;
mod oauth;
mod profile;
mod pull_requests;
mod refs;
mod releases;
mod repositories;
mod reviews;
mod tree;

use gitflare_core::{
    Result,
    provider::{Evidence, ProviderHooks},
};

use self::{capabilities::CAPABILITIES, client::Client};
use crate::{Http, OauthConfig, oauth::Oauth, serve::serve, wire};

/// The provider of one GitHub.
#[derive(Debug)]
pub struct Github {
    client: Client,
    oauth: Option<Oauth>,
}

impl Github {
    /// A GitHub whose REST API is at this base URL, `/api/v3` included where it has one.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url)?,
            oauth: None,
        })
    }

    /// Links accounts too, as the client that is registered there; `app_slug` says that it is a
    /// GitHub App's.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(
        mut self,
        http: Http,
        api_url: &str,
        config: OauthConfig,
        app_slug: Option<String>,
    ) -> Result<Self> {
        self.oauth = Some(oauth::new(http, api_url, config, app_slug)?);
        Ok(self)
    }
}

serve! {
    Github {
        /// A number; everything else is `owner/name`.
        fn is_repository_id(&self, segment: &str) -> bool {
            matches!(segment.len(), 1..=19)
                && !segment.starts_with('0')
                && segment.bytes().all(|byte| byte.is_ascii_digit())
        }

        fn hooks(&self) -> Option<&dyn ProviderHooks> {
            Some(self)
        }

        fn evidence(&self) -> &'static [Evidence] {
            &[Evidence::RecordedTraffic, Evidence::PublishedDescription]
        }
    }
    viewer => profile::viewer,
    repositories => repositories::list,
    repository => repositories::find,
    repositories_by_id => graphql::repositories,
    find_repository => repositories::find_by_name,
    branches => refs::branches,
    commits => commits::list as commits::WireCommit,
    commit_diff => commits::diff,
    pull_requests => pull_requests::list,
    pull_request_diff => pull_requests::diff,
    contributors => contributors::list as contributors::WireContributor,
    tags => refs::tags as refs::WireTag,
    releases => releases::list as releases::WireRelease,
    checks => checks::list,
    deployments => deployments::list,
    file_tree => tree::list,
    forks => around::forks,
    labels => around::labels as wire::WireLabel,
    stargazers => around::stargazers as around::WirePerson,
    watchers => around::watchers as around::WirePerson,
    assignees => around::assignees as around::WirePerson,
    commit => commits::find,
    pull_request => pull_requests::find,
    pull_request_commits => pull_requests::commits,
    reviews => reviews::list,
    comments => comments::list,
    contents => contents::read,
    compare => compare::read,
}
