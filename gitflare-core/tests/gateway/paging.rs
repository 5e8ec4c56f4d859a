//! Pages: over several connections, over all providers, by cursor and limit, with filters.

use super::*;

#[tokio::test]
async fn two_connections_of_one_provider_are_walked_in_one_chain() {
    let (bed, _, client, tenant, _) = simple().await;
    let second = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &second, &["4", "2"]).await;
    let token = bed.token(&client).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..20 {
        let mut query = vec![("provider", "github"), ("limit", "2")];
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let (names, next, has_more) = bed.repositories(&token, &query).await.unwrap();
        assert!(names.len() <= 2);
        assert_eq!(has_more, next.is_some());
        seen.push(names.join(" "));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    // The second connection lists only what it approves, in the order of approval.
    assert_eq!(
        seen,
        [
            "github/r1 github/r2",
            "github/r3 github/r4",
            "github/r5",
            "github/r4 github/r2",
        ]
    );
}

#[tokio::test]
async fn approved_repositories_are_shown_at_once_in_the_order_of_approval() {
    let bed = Bed::new().await;
    for number in 6..=120 {
        bed.github
            .add(&number.to_string(), &format!("github/r{number}"));
    }
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    let approved = ["120", "7", "60", "3", "99"];
    bed.grant(&tenant, &client.0, &connection, &approved).await;
    let token = bed.token(&client).await;
    let calls = || bed.github.calls.swap(0, Ordering::SeqCst);
    calls();
    let list = async |cursor: Option<&str>| {
        let mut query = vec![("provider", "github"), ("limit", "3")];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let reply = bed
            .read(&token, Endpoint::Repositories, None, None, &query)
            .await;
        reply.unwrap()
    };
    let names = |reply: &gitflare_core::gateway::UnifiedReply| {
        let rows = serde_json::to_value(reply.data.value()).unwrap();
        let names = rows.as_array().unwrap().iter();
        names
            .map(|row| row["fullName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = list(None).await;
    assert_eq!(names(&first), ["github/r120", "github/r7", "github/r60"]);
    assert_eq!(calls(), 3, "one call for each row, none for the others");
    let page = first.page_info.unwrap();
    assert!(page.has_more);
    let next = page.next_cursor.unwrap();
    let second = list(Some(&next)).await;
    assert_eq!(names(&second), ["github/r3", "github/r99"]);
    assert!(!second.page_info.unwrap().has_more);
    // One is gone: the page says which, and has the others.
    bed.github.remove("7");
    bed.github.rename("60", "github/sixty");
    let reply = list(None).await;
    assert_eq!(names(&reply), ["github/r120", "github/sixty"]);
    let errors = reply.errors.unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code(), Code::RepositoryNotFound);
    assert!(
        errors[0].message().starts_with("github/r7 (7): "),
        "{}",
        errors[0]
    );
    // What was renamed is known by its new name.
    let read = bed.read(
        &token,
        Endpoint::Repository,
        Some("github"),
        Some("github/sixty"),
        &[],
    );
    assert!(read.await.is_ok());
    // What concerns the connection fails the page.
    let limited = Error::upstream(Code::RateLimited, ProviderId::GITHUB, "Too often.");
    *bed.github.failing.lock().unwrap() = Some(limited);
    let query = [("provider", "github")];
    let failed = bed
        .read(&token, Endpoint::Repositories, None, None, &query)
        .await;
    assert_eq!(code(failed), Code::RateLimited);
}

#[tokio::test]
async fn more_than_a_hundred_approved_repositories_are_walked_where_ids_are_asked_singly() {
    let bed = Bed::new().await;
    for number in 6..=120 {
        bed.github
            .add(&number.to_string(), &format!("github/r{number}"));
    }
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    let approved: Vec<String> = (10..=110).map(|number| number.to_string()).collect();
    let approved: Vec<&str> = approved.iter().map(String::as_str).collect();
    bed.grant(&tenant, &client.0, &connection, &approved).await;
    let token = bed.token(&client).await;
    bed.github.calls.store(0, Ordering::SeqCst);
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("provider", "github"), ("limit", "50")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let (names, next, _) = bed.repositories(&token, &query).await.unwrap();
        seen.extend(names);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (10..=110)
        .map(|number| format!("github/r{number}"))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(
        bed.github.calls.load(Ordering::SeqCst),
        3,
        "the provider's own pages"
    );
}

#[tokio::test]
async fn a_list_over_all_providers_is_the_first_page_of_each() {
    let (bed, _, client, tenant, _) = simple().await;
    let gitlab = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &gitlab, &[]).await;
    let token = bed.token(&client).await;
    let all = bed.repositories(&token, &[]).await.unwrap();
    assert_eq!(all.0.len(), 8);
    assert_eq!(all.0[0], "github/r1");
    assert_eq!(all.0[5], "gitlab/r1");
    assert_eq!((all.1, all.2), (None, false));
    let cut = bed.repositories(&token, &[("limit", "4")]).await.unwrap();
    assert_eq!(cut.0, ["github/r1", "github/r2", "github/r3", "github/r4"]);
    assert_eq!((cut.1, cut.2), (None, true));
    let refused = bed.repositories(&token, &[("cursor", "x")]).await;
    assert_eq!(code(refused), Code::PaginationNotSupported);
}

#[tokio::test]
async fn a_provider_that_fails_stands_in_errors_and_fails_alone() {
    let (bed, _, client, tenant, _) = simple().await;
    let gitlab = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &gitlab, &[]).await;
    let token = bed.token(&client).await;
    let down = || Error::upstream(Code::UpstreamUnavailable, ProviderId::GITLAB, "Down.");
    *bed.gitlab.failing.lock().unwrap() = Some(down());
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        let reply = bed.read(&token, endpoint, None, None, &[]).await.unwrap();
        let errors = reply.errors.unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].code(), Code::UpstreamUnavailable);
        assert_eq!(errors[0].provider(), Some(ProviderId::GITLAB));
        assert!(!reply.data.value().is_empty());
    }
    *bed.github.failing.lock().unwrap() = Some(down());
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        assert_eq!(
            code(bed.read(&token, endpoint, None, None, &[]).await),
            Code::UpstreamUnavailable
        );
    }
}

#[tokio::test]
async fn errors_is_an_empty_list_when_all_answered() {
    let (bed, token, ..) = simple().await;
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        let reply = bed.read(&token, endpoint, None, None, &[]).await.unwrap();
        assert_eq!(reply.errors.unwrap().len(), 0);
    }
    let of_one = bed
        .read(
            &token,
            Endpoint::Repositories,
            None,
            None,
            &[("provider", "github")],
        )
        .await;
    assert!(of_one.unwrap().errors.is_none());
}

#[tokio::test]
async fn the_limit_is_part_of_the_cursor() {
    // sec: CU-6
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(&token, Endpoint::Branches, Some("github"), Some("1"), query)
            .await
    };
    let first = read(&[("limit", "7")]).await.unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    for query in [
        vec![("cursor", cursor.as_str())],
        vec![("cursor", &cursor), ("limit", "7")],
    ] {
        let page = read(&query).await.unwrap();
        assert_eq!(page.data.value().len(), 7);
        assert_eq!(page.page_info.unwrap().limit.get(), 7);
    }
    assert_eq!(
        code(read(&[("cursor", &cursor), ("limit", "8")]).await),
        Code::InvalidCursor
    );
}

#[tokio::test]
async fn known_parameters_are_refused_by_name_and_unknown_ones_ignored() {
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(&token, Endpoint::Branches, Some("github"), Some("1"), query)
            .await
    };
    for (query, expected) in [
        (vec![("limit", "0")], Code::InvalidLimit),
        (vec![("limit", "x")], Code::InvalidLimit),
        (vec![("limit", "")], Code::InvalidLimit),
        (vec![("limit", "101")], Code::InvalidLimit),
        (vec![("limit", "5"), ("limit", "5")], Code::InvalidRequest),
        (vec![("cursor", "")], Code::InvalidCursor),
        (vec![("cursor", "garbage")], Code::InvalidCursor),
        (vec![("cursor", "a"), ("cursor", "a")], Code::InvalidRequest),
        (vec![("connectionId", "")], Code::InvalidRequest),
        (
            vec![("connectionId", "conn_1"), ("limit", "0")],
            Code::ProviderAccountNotConnected,
        ),
        (
            vec![("limit", "0"), ("cursor", "garbage")],
            Code::InvalidLimit,
        ),
    ] {
        assert_eq!(code(read(&query).await), expected, "{query:?}");
    }
    for name in ["page", "per_page", "pagelen", "offset"] {
        let refused = read(&[(name, "7")]).await;
        assert_eq!(code(refused), Code::PaginationNotSupported, "{name}");
    }
    assert!(
        read(&[("colour", "7"), ("colour", "8"), ("empty", "")])
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_filter_that_the_provider_cannot_answer_is_refused() {
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(
            &token,
            Endpoint::Deployments,
            Some("github"),
            Some("1"),
            query,
        )
        .await
    };
    let error = read(&[("state", "success")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidRequest);
    assert!(error.message().contains("`state`"), "{}", error.message());
}
