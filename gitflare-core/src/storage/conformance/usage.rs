//! What is promised of the usage log.

use super::prelude::*;

/// Rows come newest first, are filtered by every member, and are summed up.
pub async fn usage_rows_are_counted_and_listed(storage: &dyn Storage) {
    let usage = storage.usage();
    for number in 0..10u32 {
        let failed = number % 5 == 0;
        usage
            .record(UsageRow {
                id: id(LogId::parse, "log_", number as usize),
                at: Timestamp::from_millis(NOW.as_millis() + i64::from(number) * 43_200_000),
                request_id: RequestId::parse("gf_req_1").unwrap(),
                tenant_id: tenant_id(number as usize % 2),
                client_id: client_id(1),
                token_id: id(TokenId::parse, "atk_", 1),
                endpoint_key: "commits.list",
                method: "GET",
                path: "/v1/x".into(),
                provider: (number % 3 == 0).then_some(ProviderId::LOCAL),
                repository_id: Some("a/b".into()),
                status: if failed { 403 } else { 200 },
                error_code: failed.then_some("INSUFFICIENT_SCOPE"),
                duration_ms: u64::from(number) + 1,
                upstream_ms: 1,
                items: 1,
                blocked_files: 2,
                redacted_secrets: 3,
            })
            .await
            .unwrap();
    }
    usage.flush().await.unwrap();
    let (rows, total) = usage.list(&UsageQuery::default(), 1, 3).await.unwrap();
    assert_eq!(total, 10);
    assert_eq!(
        rows.iter().map(|row| row.duration_ms).collect::<Vec<_>>(),
        [9, 8, 7]
    );
    let query = UsageQuery {
        tenants: vec![tenant_id(1)],
        to: Some(Timestamp::from_millis(NOW.as_millis() + 5 * 43_200_000)),
        ..UsageQuery::default()
    };
    let (rows, total) = usage.list(&query, 0, 10).await.unwrap();
    assert_eq!((rows.len(), total), (2, 2), "half-open, one tenant");
    let summary = usage.summary(&UsageQuery::default(), 3).await.unwrap();
    let totals = &summary.totals;
    assert_eq!(
        (
            totals.requests,
            totals.errors,
            totals.blocked_files,
            totals.redacted_secrets
        ),
        (10, 2, 20, 30)
    );
    assert_eq!((totals.p50_ms, totals.p95_ms), (Some(5), Some(10)));
    assert_eq!(
        (summary.by_provider.len(), summary.by_provider[0].requests),
        (1, 4)
    );
    assert_eq!(summary.by_day.len(), 3);
    assert!(summary.by_day[0].key < summary.by_day[1].key);
    assert_eq!(summary.by_status[0].key, "200");
    let nothing = UsageQuery {
        endpoint_key: Some("x".into()),
        ..UsageQuery::default()
    };
    assert_eq!(
        usage.summary(&nothing, 3).await.unwrap(),
        UsageSummary::default()
    );
    let before = Timestamp::from_millis(NOW.as_millis() + 43_200_000 * 4);
    let deleted = usage.purge(before, 3).await.unwrap();
    // A backend may delete a whole day at once.
    assert!((3..=4).contains(&deleted), "about as many as asked: {deleted}");
    assert_eq!(
        usage.list(&UsageQuery::default(), 0, 100).await.unwrap().1,
        6,
        "what goes is not seen while some of it is left"
    );
}

fn row(number: usize) -> UsageRow {
    UsageRow {
        id: id(LogId::parse, "log_", number),
        at: NOW,
        request_id: RequestId::parse("gf_req_1").unwrap(),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        token_id: token_id(1),
        endpoint_key: "repositories.list",
        method: "GET",
        path: "/v1/repositories".into(),
        provider: None,
        repository_id: None,
        status: 200,
        error_code: None,
        duration_ms: 3,
        upstream_ms: 2,
        items: 25,
        blocked_files: 0,
        redacted_secrets: 0,
    }
}

/// Every member of a row survives, and every filter narrows.
pub async fn usage_rows_come_back_as_they_were(storage: &dyn Storage) {
    let usage = storage.usage();
    let full = UsageRow {
        at: LATER,
        request_id: RequestId::parse("gf_req_01k9z7m5y0a1b2c3d4e5f6g7h8").unwrap(),
        tenant_id: tenant_id(2),
        client_id: client_id(2),
        endpoint_key: "commits.diff",
        path: "/v1/repositories/github/octo%2Fhello".into(),
        provider: Some(ProviderId::GITHUB),
        repository_id: Some("7".into()),
        status: 403,
        error_code: Some("REPOSITORY_NOT_APPROVED"),
        ..row(2)
    };
    for each in [row(1), full.clone()] {
        usage.record(each).await.unwrap();
    }
    usage.flush().await.unwrap();
    let list = async |query: UsageQuery| usage.list(&query, 0, 10).await.unwrap().0;
    assert_eq!(list(UsageQuery::default()).await, [full.clone(), row(1)]);
    for query in [
        UsageQuery {
            tenants: vec![tenant_id(2), tenant_id(3)],
            ..UsageQuery::default()
        },
        UsageQuery {
            clients: vec![client_id(2)],
            ..UsageQuery::default()
        },
        UsageQuery {
            from: Some(LATER),
            ..UsageQuery::default()
        },
        UsageQuery {
            endpoint_key: Some("commits.diff".into()),
            ..UsageQuery::default()
        },
        UsageQuery {
            provider: Some(ProviderId::GITHUB),
            ..UsageQuery::default()
        },
        UsageQuery {
            repository_id: Some("7".into()),
            ..UsageQuery::default()
        },
        UsageQuery {
            clients: vec![client_id(1), client_id(2)],
            request_id: Some(full.request_id.clone()),
            ..UsageQuery::default()
        },
        UsageQuery {
            statuses: Some(400..=499),
            ..UsageQuery::default()
        },
        UsageQuery {
            error_code: Some("REPOSITORY_NOT_APPROVED".into()),
            ..UsageQuery::default()
        },
        UsageQuery {
            tenants: vec![tenant_id(2), tenant_id(3)],
            clients: vec![client_id(1), client_id(2)],
            ..UsageQuery::default()
        },
    ] {
        let rows = list(query.clone()).await;
        assert_eq!(rows, std::slice::from_ref(&full), "{query:?}");
        let summary = usage.summary(&query, 10).await.unwrap();
        assert_eq!(summary.totals.requests, 1, "{query:?}");
        assert_eq!(summary.by_client[0].key, client_id(2).as_str());
    }
    let until = UsageQuery {
        to: Some(LATER),
        ..UsageQuery::default()
    };
    assert_eq!(list(until).await, [row(1)], "times are half-open");
}

/// What many callers record at once is all there after a flush (LG-4).
pub async fn no_usage_row_of_many_callers_is_lost(storage: &dyn Storage) {
    let usage = storage.usage();
    race((0..2500).map(|number| async move { usage.record(row(number)).await.unwrap() })).await;
    usage.flush().await.unwrap();
    let (_, total) = usage.list(&UsageQuery::default(), 0, 1).await.unwrap();
    assert_eq!(total, 2500);
}
