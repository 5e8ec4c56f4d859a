//! Typed reads: the same rows, cursors and refusals as by request, one usage row each; and what a
//! gateway cannot be built without.

use gitflare_core::{
    AuthorizationId, Scope, Scopes,
    gateway::Gateway,
    provider::ProviderKind,
    storage::{IssuedBy, memory::MemoryStorage},
};

use super::{
    support::{HunterFilter, Scripted},
    *,
};

#[tokio::test]
async fn a_page_has_the_rows_and_the_cursor_of_the_same_request() {
    let (bed, token, ..) = simple().await;
    let query = [("limit", "2")];
    let by_request = bed
        .read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("1"),
            &query,
        )
        .await
        .unwrap();
    let branches = bed
        .gateway
        .reader(token)
        .repository("github", "1")
        .branches();
    let page = branches.clone().limit(2).send().await.unwrap();
    assert_eq!(json(&page.items), json(by_request.data.value()));
    assert_eq!(
        (page.items.len(), page.limit.get(), page.has_more),
        (2, 2, true)
    );

    // The cursor of one is the cursor of the other, and bound to the same read.
    let cursor = by_request.page_info.unwrap().next_cursor.unwrap();
    let next = branches.clone().cursor(&cursor).send().await.unwrap();
    assert_eq!(next.items[0].name, "1-2");
    let other = branches.limit(3).cursor(&cursor).send().await;
    assert_eq!(code(other), Code::InvalidCursor);
}

#[tokio::test]
async fn every_typed_read_passes_the_checks_and_the_firewall_and_is_recorded() {
    // sec: LG-4
    let (bed, token, ..) = simple().await;
    let reader = bed.gateway.reader(token);
    let repository = reader.repository("github", "github/r1");
    let found = repository.get().await.unwrap();
    assert_eq!(found.description.as_deref(), Some("password = gf_sha256:x"));
    assert_eq!(found.firewall.unwrap().redacted_secrets, 1);
    assert_eq!(reader.viewers().await.unwrap().len(), 1);
    assert_eq!(
        code(repository.tags().send().await),
        Code::UnsupportedEndpoint
    );
    assert_eq!(
        code(repository.branches().limit(101).send().await),
        Code::InvalidLimit
    );
    assert_eq!(
        code(repository.commit_diff("main").await),
        Code::UnsupportedEndpoint
    );
    let elsewhere = reader.connection("conn_9").repository("github", "1");
    let refused = elsewhere.branches().send().await;
    assert_eq!(code(refused), Code::ProviderAccountNotConnected);
    let stranger = bed.gateway.reader("sggat_unknown").repositories();
    assert_eq!(code(stranger.send().await), Code::InvalidCredentials);

    bed.storage().usage().flush().await.unwrap();
    let query = UsageQuery::default();
    let (rows, total) = bed.storage().usage().list(&query, 0, 10).await.unwrap();
    assert_eq!(total, 6);
    let paths: Vec<_> = rows.iter().map(|row| row.path.as_str()).collect();
    for path in [
        "/v1/me",
        "/v1/repositories/github/github%2Fr1",
        "/v1/repositories/github/github%2Fr1/tags",
        "/v1/repositories/github/github%2Fr1/commits/main/diff",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
}

#[tokio::test]
async fn a_stream_follows_the_cursors_and_never_ends_early_in_silence() {
    let (bed, token, client, tenant, _) = simple().await;
    let reader = bed.gateway.reader(token);
    let mut all = reader.repositories().provider("github").limit(2).stream();
    let mut names = Vec::new();
    while let Some(repository) = all.try_next().await.unwrap() {
        names.push(repository.name);
    }
    assert_eq!(names, ["r1", "r2", "r3", "r4", "r5"]);
    assert!(all.try_next().await.unwrap().is_none(), "an end stays one");

    // Over all providers there is one page: what it leaves out is an error, not an end.
    let mut merged = reader.repositories().limit(2).stream();
    assert!(merged.try_next().await.unwrap().is_some());
    assert!(merged.try_next().await.unwrap().is_some());
    assert_eq!(code(merged.try_next().await), Code::PaginationNotSupported);

    let gitlab = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &gitlab, &[]).await;
    let reader = bed.gateway.reader(bed.token(&client).await);
    *bed.gitlab.failing.lock().unwrap() = Some(Error::upstream(
        Code::UpstreamUnavailable,
        ProviderId::GITLAB,
        "down",
    ));
    let mut partly = reader.repositories().stream();
    for _ in 0..5 {
        assert!(partly.try_next().await.unwrap().is_some());
    }
    assert_eq!(code(partly.try_next().await), Code::UpstreamUnavailable);
}

#[tokio::test]
async fn a_trusted_caller_gets_a_token_within_the_authorization_only() {
    // sec: TK-9
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    let scopes = vec!["read:branches".to_owned()];
    let grant = bed
        .grant_of(&tenant, &client.0, &connection, &[], scopes)
        .await;
    let grant = gitflare_core::GrantId::parse(&grant).unwrap();
    let stored = bed.storage().authorizations().find_grant(&grant).await;
    let id = stored.unwrap().unwrap().authorization_id;
    let of = |scope| Scopes::from_iter([scope]);

    let token = bed.gateway.issue_for(&id, of(Scope::ReadBranches)).await;
    let token = token.unwrap();
    assert_eq!(token.issued_by, IssuedBy::Embedder);
    let reader = bed.gateway.reader(token.access_token.expose());
    let repository = reader.repository("github", "1");
    assert!(repository.branches().send().await.is_ok());
    assert_eq!(code(repository.get().await), Code::InsufficientScope);

    let beyond = bed.gateway.issue_for(&id, of(Scope::ReadTags)).await;
    assert_eq!(code(beyond), Code::InvalidRequest);
    let none = bed.gateway.issue_for(&id, Scopes::NONE).await;
    assert_eq!(code(none), Code::InvalidRequest);
    let unknown = AuthorizationId::parse("authz_unknown").unwrap();
    let unknown = bed.gateway.issue_for(&unknown, of(Scope::ReadBranches));
    assert_eq!(code(unknown.await), Code::ResourceNotFound);

    bed.gateway
        .revoke_grant(grant.as_str(), &bed.act())
        .await
        .unwrap();
    let gone = repository.branches().send().await;
    assert_eq!(code(gone), Code::ProviderAccountNotConnected);
}

#[tokio::test]
async fn a_gateway_without_what_keeps_it_safe_is_not_built() {
    // sec: SR-11, KY-2
    let provider = || Scripted::new(ProviderId::from_static("gerrit"), 1) as Arc<_>;
    let missing = |error: Error| (error.code(), error.message().to_owned());
    let full = || {
        Gateway::builder()
            .storage(MemoryStorage::new())
            .providers([provider()])
    };
    for (builder, method) in [
        (Gateway::builder().providers([provider()]), "`storage`"),
        (
            Gateway::builder().storage(MemoryStorage::new()),
            "`provider`",
        ),
        (full().firewall(HunterFilter), "`keys`"),
        (full().throwaway_keys(), "`firewall`"),
        (
            full()
                .providers([provider()])
                .throwaway_keys()
                .without_firewall(),
            "`gerrit`",
        ),
    ] {
        let (code, message) = missing(builder.build().await.err().unwrap());
        assert_eq!(code, Code::InvalidRequest);
        assert!(message.contains(method), "{message}");
    }
    let gateway = full().throwaway_keys().without_firewall().build().await;
    let gateway = gateway.unwrap();
    let gerrit = gateway.providers().lookup("gerrit").unwrap();
    assert_eq!(gerrit.kind(), ProviderKind::new("gerrit", "gerrit"));
    // What was left out by name cannot be switched on by configuration.
    assert!(!gateway.firewall_settings().enabled);
}

#[tokio::test]
async fn other_master_keys_than_the_storages_are_refused() {
    // sec: KY-3
    let storage = Arc::new(MemoryStorage::new());
    let build = async || {
        Gateway::builder()
            .shared_storage(storage.clone())
            .providers([Scripted::new(ProviderId::GITHUB, 1) as Arc<_>])
            .throwaway_keys()
            .firewall(HunterFilter)
            .build()
            .await
    };
    assert!(build().await.is_ok());
    assert_eq!(code(build().await), Code::InvalidRequest);
}
