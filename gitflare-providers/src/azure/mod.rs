//! Provider `azure`: Azure DevOps Services and Server over REST 7.1. It reads only, and asks by the ids
//! of project and repository, which outlive renames. Upstream there is no unified diff: the adapter
//! makes one out of the contents that it fetches.

mod around;
mod capabilities;
mod changes;
mod checks;
mod claims;
mod client;
mod comments;
mod commits;
mod compare;
mod contents;
mod diff;
mod discussion;
mod events;
mod hooks;
mod looks;
mod oauth;
mod pages;
mod person;
mod profile;
mod pull_requests;
mod refs;
mod refusals;
mod renamed;
mod repositories;
mod reviews;
mod together;
mod tree;
mod values;

use gitflare_core::{
    Code, Error, Result,
    provider::{Evidence, ProviderHooks},
};

use self::{
    capabilities::CAPABILITIES,
    client::{Client, repository_id},
    oauth::EntraOauth,
};
use crate::{Http, OauthConfig, serve::serve};

/// The provider of one Azure DevOps.
#[derive(Debug)]
pub struct Azure {
    client: Client,
    oauth: Option<EntraOauth>,
}

impl Azure {
    /// An Azure DevOps whose organizations (collections of a Server) are below this base URL. Profiles
    /// and the list of organizations are there too, unless it is the public service, which has a host
    /// of its own for them.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url)?,
            oauth: None,
        })
    }

    /// Does without `X-TFS-FedAuthRedirect: Suppress`: in tenants with Conditional Access some valid
    /// tokens are refused with it, because the redirect evaluates the policy. What redirects to a page to
    /// sign in at is a refused token in either case.
    /// <https://github.com/microsoft/azure-devops-mcp/issues/977>
    #[must_use]
    pub fn with_sign_in_redirects(mut self) -> Self {
        self.client.allow_sign_in_redirects();
        self
    }

    /// Links accounts too, as the application that is registered with Microsoft Entra.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(mut self, http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        self.oauth = Some(EntraOauth::new(http, api_url, config)?);
        Ok(self)
    }
}

serve! {
    Azure {
        /// `organization~project~repository`, the last two by their GUIDs; everything else is
        /// `organization/project/repository` by name.
        fn is_repository_id(&self, segment: &str) -> bool {
            client::parts(segment).is_some()
        }

        /// GUIDs have one spelling here. An organization's name is the account's own.
        fn respelt(&self, segment: &str) -> Option<String> {
            let [organization, project, repository] = client::parts(segment)?;
            let id = repository_id(organization, project, repository);
            (id != segment).then_some(id)
        }

        /// A token of another organization is refused as one that has ended is. A way to a page to sign in
        /// at may be a policy's.
        fn pasted_refusal(&self, refusal: &Error) -> Code {
            match refusal.upstream_status() {
                Some(203 | 400..) => Code::InvalidCredentials,
                _ => Code::AuthExpired,
            }
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
    repositories_by_id => together::by_id,
    find_repository => repositories::find_by_name,
    branches => refs::branches as refs::WireBranch,
    commits => commits::list,
    commit_diff => commits::diff,
    pull_requests => pull_requests::list as pull_requests::WirePullRequest,
    pull_request_diff => pull_requests::diff,
    tags => refs::tags as refs::WireTag,
    checks => checks::list,
    file_tree => tree::list,
    forks => around::forks,
    commit => commits::find,
    pull_request => pull_requests::find,
    pull_request_commits => pull_requests::commits as commits::WireCommit,
    reviews => reviews::list,
    comments => comments::list,
    contents => contents::read,
    compare => compare::read,
}
