//! Provider `bitbucket`: Bitbucket Cloud over REST 2.0. It reads only, and asks by the repository's
//! UUID, which outlives renames. Contributors and releases do not exist there.

mod around;
mod capabilities;
mod checks;
mod client;
mod comments;
mod commits;
mod compare;
mod contents;
mod deployments;
mod diff;
mod events;
mod hooks;
mod oauth;
mod person;
mod profile;
mod pull_requests;
mod refs;
mod refusals;
mod repositories;
mod reviews;
mod together;
mod tree;

use gitflare_core::{
    Code, Error, Result,
    provider::{Evidence, ProviderHooks},
};

use self::{
    capabilities::CAPABILITIES,
    client::{Client, unbraced},
};
use crate::{Http, OauthConfig, oauth::Oauth, serve::serve, wire::is_uuid};

/// The provider of one Bitbucket Cloud.
#[derive(Debug)]
pub struct Bitbucket {
    client: Client,
    oauth: Option<Oauth>,
}

impl Bitbucket {
    /// A Bitbucket whose REST API is at this base URL, `/2.0` included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url)?,
            oauth: None,
        })
    }

    /// Links accounts too, as the OAuth consumer that is registered there.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(mut self, http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        self.oauth = Some(Oauth::new(http, &oauth::FLOW, api_url, config, None)?);
        Ok(self)
    }
}

serve! {
    Bitbucket {
        /// A UUID without its braces; everything else is `workspace/slug`.
        fn is_repository_id(&self, segment: &str) -> bool {
            is_uuid(segment)
        }

        /// Bitbucket itself has braces around it.
        fn respelt(&self, segment: &str) -> Option<String> {
            let id = unbraced(segment);
            (is_uuid(&id) && id != segment).then_some(id)
        }

        /// An API token without its account's address is refused as a token that has ended is.
        fn pasted_refusal(&self, _: &Error) -> Code {
            Code::InvalidCredentials
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
    repositories_by_id => together::by_id,
    find_repository => repositories::find_by_name,
    branches => refs::branches,
    commits => commits::list,
    commit_diff => commits::diff,
    pull_requests => pull_requests::list as pull_requests::WirePullRequest,
    pull_request_diff => pull_requests::diff,
    tags => refs::tags as refs::WireRef,
    checks => checks::list,
    deployments => deployments::list,
    file_tree => tree::list,
    forks => around::forks,
    watchers => around::watchers as profile::WireUser,
    commit => commits::find,
    pull_request => pull_requests::find,
    pull_request_commits => pull_requests::commits as commits::WireCommit,
    reviews => reviews::list,
    comments => comments::list,
    contents => contents::read,
    compare => compare::read,
}
