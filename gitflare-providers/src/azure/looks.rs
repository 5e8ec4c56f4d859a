//! What a refusal turns out to mean once the repository, or its organization, was looked at.

use gitflare_core::{
    Error, Result,
    provider::{Call, Endpoint, RepoRef},
};

use super::{client::Client, refusals::NO_BRANCHES, renamed};
use crate::{
    listing::{About, Api, settle_by_look},
    upstream::Upstream,
};

impl Api for Client {
    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    async fn has_moved(&self, call: &Call, repo: &RepoRef, refusal: &Error) -> bool {
        renamed::has_moved(self, call, repo, refusal).await
    }

    /// Looks at the repository where the refusal alone does not tell.
    async fn settle(&self, call: &Call, about: About<'_>, refusal: Error) -> Result<()> {
        if refusal.message() == NO_BRANCHES {
            return Ok(());
        }
        // Where pipelines are switched off: of a commit that is there nothing else can be missing.
        settle_by_look(about, refusal, Endpoint::Checks, |repo| async move {
            self.of(call, repo).await
        })
        .await
    }
}
