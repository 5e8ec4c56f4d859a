//! The delegations of an adapter: [`serve!`] makes its `impl Provider` out of the table of what it
//! serves. An operation without a row keeps the trait's default and is `UNSUPPORTED_ENDPOINT`.

/// Implements `Provider` for an adapter: a struct with the fields `client`, which implements
/// [`crate::listing::Api`], and `oauth`, an `Option` of what implements `ProviderOauth`; its
/// `capabilities::CAPABILITIES` are in scope as `CAPABILITIES`.
///
/// Each row names an operation and the function that serves it, which takes the client and then
/// what the trait's method takes. `tags => refs::tags as refs::WireTag` is a list of a repository
/// that needs no more than its description, a function from the repository (and the operation's own
/// parameter) to a [`crate::listing::List`], and what one row of it is read as. The methods in front
/// are taken as they are.
macro_rules! serve {
    ($adapter:ident { $($methods:tt)* } $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($methods)* ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ]) => {
        #[async_trait::async_trait]
        impl gitflare_core::provider::Provider for $adapter {
            fn id(&self) -> gitflare_core::provider::ProviderId {
                $crate::listing::Api::upstream(&self.client).provider()
            }

            fn capabilities(&self) -> &'static [gitflare_core::provider::Capability] {
                CAPABILITIES
            }

            fn rate_limit(
                &self,
                connection: &gitflare_core::ConnectionId,
            ) -> Option<gitflare_core::provider::RateLimit> {
                $crate::listing::Api::upstream(&self.client).rate_limit(connection)
            }

            fn oauth(&self) -> Option<&dyn gitflare_core::provider::ProviderOauth> {
                self.oauth.as_ref().map(|oauth| oauth as _)
            }

            $($done)*
        }
    };
    (@ $adapter:ident [ $($done:tt)* ] viewer => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn viewer(
                &self,
                call: &gitflare_core::provider::Call,
            ) -> gitflare_core::Result<gitflare_core::model::Viewer> {
                $serve(&self.client, call).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] repositories => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn repositories(
                &self,
                call: &gitflare_core::provider::Call,
                page: gitflare_core::PageRequest,
            ) -> gitflare_core::Result<gitflare_core::Page<gitflare_core::model::Repository>> {
                $serve(&self.client, call, page).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] repository => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn repository(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
            ) -> gitflare_core::Result<gitflare_core::model::Repository> {
                $serve(&self.client, call, repo).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] repositories_by_id => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn repositories_by_id(
                &self,
                call: &gitflare_core::provider::Call,
                known: &[gitflare_core::provider::KnownRepository],
            ) -> gitflare_core::Result<Option<Vec<gitflare_core::provider::Told>>> {
                $serve(&self.client, call, known).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] find_repository => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn find_repository(
                &self,
                call: &gitflare_core::provider::Call,
                full_name: &str,
            ) -> gitflare_core::Result<gitflare_core::model::Repository> {
                $serve(&self.client, call, full_name).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] commit_diff => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn commit_diff(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                commit: &gitflare_core::provider::CommitId,
            ) -> gitflare_core::Result<gitflare_core::model::Diff> {
                $serve(&self.client, call, repo, commit).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] pull_request_diff => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn pull_request_diff(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                number: u64,
            ) -> gitflare_core::Result<gitflare_core::model::Diff> {
                $serve(&self.client, call, repo, number).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] commit => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn commit(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                commit: &gitflare_core::provider::CommitPrefix,
            ) -> gitflare_core::Result<gitflare_core::model::Commit> {
                $serve(&self.client, call, repo, commit).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] pull_request => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn pull_request(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                number: u64,
            ) -> gitflare_core::Result<gitflare_core::model::PullRequest> {
                $serve(&self.client, call, repo, number).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident $done:tt pull_request_commits => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            pull_request_commits(number: u64,) -> Commit => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt reviews => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            reviews(number: u64,) -> Review => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt comments => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            comments(number: u64,) -> Comment => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] compare => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn compare(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                query: &gitflare_core::provider::CompareQuery,
            ) -> gitflare_core::Result<gitflare_core::model::Comparison> {
                $serve(&self.client, call, repo, query).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident [ $($done:tt)* ] contents => $serve:path, $($rows:tt)*) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn contents(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                query: &gitflare_core::provider::ContentQuery,
                held: gitflare_core::provider::Held<'_>,
            ) -> gitflare_core::Result<gitflare_core::model::Content> {
                $serve(&self.client, call, repo, query, held).await
            }
        ] $($rows)* }
    };
    (@ $adapter:ident $done:tt branches => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            branches() -> Branch => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt commits => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            commits(branch: Option<&gitflare_core::provider::GitRef>,) -> Commit => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt pull_requests => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            pull_requests(state: gitflare_core::model::PullRequestFilter,) -> PullRequest
            => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt contributors => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            contributors() -> Contributor => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt tags => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done tags() -> Tag => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt releases => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done releases() -> Release => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt checks => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            checks(at: &gitflare_core::provider::RefSelector,) -> Check => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt deployments => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            deployments(filter: &gitflare_core::provider::DeploymentFilter,) -> Deployment
            => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt file_tree => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done
            file_tree(query: &gitflare_core::provider::TreeQuery,) -> TreeEntry
            => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt forks => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done forks() -> Repository => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt labels => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done labels() -> Label => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt stargazers => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done stargazers() -> Person => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt watchers => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done watchers() -> Person => $serve $(as $wire)?, $($rows)* }
    };
    (@ $adapter:ident $done:tt assignees => $serve:path $(as $wire:path)?, $($rows:tt)*) => {
        $crate::serve::serve! { @@ $adapter $done assignees() -> Person => $serve $(as $wire)?, $($rows)* }
    };
    // The lists of a repository: described, and each row mapped from what the upstream sends...
    (@@ $adapter:ident [ $($done:tt)* ]
        $operation:ident($($name:ident: $kind:ty,)?) -> $row:ident
        => $list:path as $wire:path, $($rows:tt)*
    ) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn $operation(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                $($name: $kind,)?
                page: gitflare_core::PageRequest,
            ) -> gitflare_core::Result<gitflare_core::Page<gitflare_core::model::$row>> {
                let list = $list(repo, $($name)?)?;
                $crate::listing::Api::rows(&self.client, call, list, page, <$wire>::into).await
            }
        ] $($rows)* }
    };
    // ... or read by a function of their own.
    (@@ $adapter:ident [ $($done:tt)* ]
        $operation:ident($($name:ident: $kind:ty,)?) -> $row:ident => $serve:path, $($rows:tt)*
    ) => {
        $crate::serve::serve! { @ $adapter [ $($done)*
            async fn $operation(
                &self,
                call: &gitflare_core::provider::Call,
                repo: &gitflare_core::provider::RepoRef,
                $($name: $kind,)?
                page: gitflare_core::PageRequest,
            ) -> gitflare_core::Result<gitflare_core::Page<gitflare_core::model::$row>> {
                $serve(&self.client, call, repo, $($name,)? page).await
            }
        ] $($rows)* }
    };
}

pub(crate) use serve;
