//! Which repository is meant: ids, names, names that move, and none that is not approved.

use super::*;

#[tokio::test]
async fn an_id_and_a_name_are_the_same_approved_repository() {
    let (bed, _, client, tenant, _) = simple().await;
    let other = bed.tenant("Other", "company").await;
    let connection = bed.connection(&other, "github").await;
    bed.grant(&other, &client.0, &connection, &["github/r2"])
        .await;
    let token = issue(&bed, &client, |request| {
        request.tenant_id = Some(other.clone())
    })
    .await
    .unwrap();
    let before = bed.github.calls.load(Ordering::SeqCst);
    for key in ["2", "github/r2"] {
        let reply = bed
            .read(&token, Endpoint::Repository, Some("github"), Some(key), &[])
            .await
            .unwrap();
        assert_eq!(json(reply.data.value())["id"], "2");
    }
    assert_eq!(
        bed.github.calls.load(Ordering::SeqCst) - before,
        2,
        "one upstream call each"
    );
    // A cursor of one spelling goes on under the other: both are the same scope.
    let first = bed
        .read(&token, Endpoint::Branches, Some("github"), Some("2"), &[])
        .await
        .unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let query = [("cursor", cursor.as_str())];
    assert!(
        bed.read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("github/r2"),
            &query
        )
        .await
        .is_ok()
    );
    let _ = tenant;
}

#[tokio::test]
async fn an_unapproved_repository_costs_no_upstream_call() {
    // sec: TK-8
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &["1"]).await;
    let token = bed.token(&client).await;
    let before = bed.github.calls.load(Ordering::SeqCst);
    for key in ["2", "github/r2", "99", "github/missing", "../etc", "a b"] {
        let refused = bed
            .read(&token, Endpoint::Branches, Some("github"), Some(key), &[])
            .await;
        assert_eq!(code(refused), Code::RepositoryNotApproved, "{key}");
    }
    assert_eq!(bed.github.calls.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn an_approval_follows_the_id_when_names_move() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &["1"]).await;
    let token = bed.token(&client).await;
    bed.github.rename("1", "github/renamed");
    bed.github.add("77", "github/r1");
    // Seen once under its id, the new name is known and the old one no longer names it.
    assert!(
        bed.read(&token, Endpoint::Repository, Some("github"), Some("1"), &[])
            .await
            .is_ok()
    );
    let renamed = bed
        .read(
            &token,
            Endpoint::Repository,
            Some("github"),
            Some("github/renamed"),
            &[],
        )
        .await;
    assert_eq!(json(renamed.unwrap().data.value())["id"], "1");
    for key in ["github/r1", "77"] {
        let refused = bed
            .read(&token, Endpoint::Repository, Some("github"), Some(key), &[])
            .await;
        assert_eq!(code(refused), Code::RepositoryNotApproved, "{key}");
    }
}

#[tokio::test]
async fn under_all_a_name_costs_one_resolving_call_per_chain() {
    let (bed, token, ..) = simple().await;
    let before = bed.github.calls.load(Ordering::SeqCst);
    let read = async |query: &[(&str, &str)]| {
        bed.read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("github/r3"),
            query,
        )
        .await
    };
    let first = read(&[]).await.unwrap();
    assert_eq!(json(first.data.value())[0]["name"], "3-0");
    assert_eq!(bed.github.calls.load(Ordering::SeqCst) - before, 2);
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let second = read(&[("cursor", &cursor)]).await.unwrap();
    assert_eq!(json(second.data.value())[0]["name"], "3-25");
    assert_eq!(bed.github.calls.load(Ordering::SeqCst) - before, 3);
}

#[tokio::test]
async fn repositories_of_an_instance_that_was_taken_out_are_told_as_missing() {
    let (mut bed, _, client, tenant, _) = simple().await;
    let other = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &other, &[]).await;
    let token = bed.token(&client).await;
    let github = std::sync::Arc::clone(&bed.github);
    bed.restart_with(vec![github]).await;
    let all = bed.read(&token, Endpoint::Repositories, None, None, &[]);
    let all = all.await.unwrap();
    assert_eq!(all.data.value().len(), 5);
    let errors = all.errors.unwrap_or_default();
    let told: Vec<_> = errors.iter().map(|it| (it.code(), it.provider())).collect();
    assert_eq!(
        told,
        [(Code::UnsupportedProvider, Some(ProviderId::GITLAB))]
    );
    let gitlab = std::sync::Arc::clone(&bed.gitlab);
    bed.restart_with(vec![gitlab]).await;
    let (bed, token) = (bed, token);
    bed.gitlab
        .failing
        .lock()
        .unwrap()
        .replace(Error::invalid_request("no"));
    let none = bed.read(&token, Endpoint::Repositories, None, None, &[]);
    assert!(none.await.is_err(), "nothing is left to tell");
}
