//! Provider `gitlab`: GitLab.com and self-managed instances over REST v4. It reads only; what it
//! knows of an instance's release it learns from the answers.

mod around;
mod capabilities;
mod checks;
mod client;
mod comments;
mod commits;
mod compare;
mod contents;
mod contributors;
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

/// The provider of one GitLab.
#[derive(Debug)]
pub struct Gitlab {
    client: Client,
    oauth: Option<Oauth>,
}

impl Gitlab {
    /// A GitLab whose REST API is at this base URL, `/api/v4` included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url)?,
            oauth: None,
        })
    }

    /// Links accounts too, as the client that is registered there.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(mut self, http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        self.oauth = Some(Oauth::new(http, &oauth::FLOW, api_url, config, None)?);
        Ok(self)
    }
}

serve! {
    Gitlab {
        /// A number; everything else is a full path.
        fn is_repository_id(&self, segment: &str) -> bool {
            matches!(segment.len(), 1..=19)
                && !segment.starts_with('0')
                && segment.bytes().all(|byte| byte.is_ascii_digit())
        }

        fn hooks(&self) -> Option<&dyn ProviderHooks> {
            Some(self)
        }

        fn evidence(&self) -> &'static [Evidence] {
            &[Evidence::RecordedTraffic]
        }
    }
    viewer => profile::viewer,
    repositories => repositories::list,
    repository => repositories::find,
    repositories_by_id => graphql::repositories,
    find_repository => repositories::find_by_path,
    branches => refs::branches as refs::WireBranch,
    commits => commits::list,
    commit_diff => commits::diff,
    pull_requests => pull_requests::list as pull_requests::WireMergeRequest,
    pull_request_diff => pull_requests::diff,
    contributors => contributors::list as contributors::WireContributor,
    tags => refs::tags as refs::WireTag,
    releases => releases::list as releases::WireRelease,
    checks => checks::list,
    deployments => deployments::list,
    file_tree => tree::list,
    forks => around::forks,
    labels => around::labels as wire::WireLabel,
    stargazers => around::stargazers as around::WireStarrer,
    assignees => around::assignees as around::WirePerson,
    commit => commits::find,
    pull_request => pull_requests::find,
    pull_request_commits => pull_requests::commits as commits::WireCommit,
    reviews => reviews::list,
    comments => comments::list,
    contents => contents::read,
    compare => compare::read,
}
