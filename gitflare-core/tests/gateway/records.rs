//! What is recorded and configured: usage rows, audit rows, the firewall, admin lists; and how a
//! recorded call is explained.

use gitflare_core::{
    AuditId, Clock, ConnectionId,
    storage::{Actor, AuditAction, AuditEntry, ReconnectCause},
};

use super::*;

#[tokio::test]
async fn every_read_with_a_token_leaves_one_usage_row_refusals_included() {
    // sec: LG-4
    let (bed, token, ..) = simple().await;
    let _ = bed
        .read(&token, Endpoint::Repository, Some("github"), Some("1"), &[])
        .await;
    let _ = bed
        .read(&token, Endpoint::Branches, Some("nowhere"), Some("1"), &[])
        .await;
    let _ = bed
        .read(
            "sggat_unknown",
            Endpoint::Branches,
            Some("github"),
            Some("1"),
            &[],
        )
        .await;
    bed.storage().usage().flush().await.unwrap();
    let (rows, total) = bed
        .storage()
        .usage()
        .list(&UsageQuery::default(), 0, 10)
        .await
        .unwrap();
    assert_eq!(total, 2);
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.endpoint_key,
                row.status,
                row.error_code,
                row.redacted_secrets,
            )
        })
        .collect();
    assert!(told.contains(&("repositories.read", 200, None, 1)));
    assert!(told.contains(&("branches.list", 400, Some("UNSUPPORTED_PROVIDER"), 0)));
}

#[tokio::test]
async fn an_adapter_that_panics_is_an_error_with_a_row() {
    let (bed, token, ..) = simple().await;
    bed.github.is_panicking.store(true, Ordering::SeqCst);
    let read = bed.read(&token, Endpoint::Branches, Some("github"), Some("1"), &[]);
    assert_eq!(code(read.await), Code::InternalError);
    let usage = bed.storage().usage();
    usage.flush().await.unwrap();
    let (rows, _) = usage.list(&UsageQuery::default(), 0, 10).await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].error_code),
        (1, Some("INTERNAL_ERROR"))
    );
}

#[tokio::test]
async fn what_is_over_is_deleted_in_pieces() {
    // sec: LG-5
    const DAY: i64 = 86_400_000;
    let (bed, _, client, ..) = simple().await;
    for _ in 0..299 {
        bed.token(&client).await;
    }
    let count = async |bed: &Bed| {
        let all = ListRange {
            after: None,
            limit: 1000,
        };
        let tokens = bed
            .storage()
            .tokens()
            .list(&TokenFilter::default(), all)
            .await;
        let audit = bed.storage().audit().list(all).await;
        (tokens.unwrap().len(), audit.unwrap().len())
    };
    let (tokens, audit) = count(&bed).await;
    assert_eq!(tokens, 300);
    assert_eq!(
        bed.gateway
            .delete_expired(Retention::default())
            .await
            .unwrap(),
        0
    );
    bed.clock.advance_millis(2 * DAY);
    bed.token(&client).await;
    let mut deleted = Vec::new();
    loop {
        match bed
            .gateway
            .delete_expired(Retention::default())
            .await
            .unwrap()
        {
            0 => break,
            rows => deleted.push(rows),
        }
    }
    assert_eq!(deleted, [250, 50], "a piece at a time");
    assert_eq!(count(&bed).await, (1, audit + 1));
    bed.clock.advance_millis(401 * DAY);
    while bed
        .gateway
        .delete_expired(Retention::default())
        .await
        .unwrap()
        > 0
    {}
    assert_eq!(count(&bed).await, (0, 0));
}

#[tokio::test]
async fn a_clock_that_jumped_deletes_nothing() {
    const DAY: i64 = 86_400_000;
    let last = async |bed: &Bed| bed.storage().settings().last_used().await.unwrap();
    for (jump, is_trusted) in [
        (0, true),
        (6 * DAY, true),
        (8 * DAY, false),
        (9 * 365 * DAY, false),
        (-4 * 60_000, true),
        (-6 * 60_000, false),
    ] {
        let (bed, ..) = simple().await;
        let used = bed.clock.now();
        let settings = bed.storage().settings();
        settings.note_used(used).await.unwrap();
        bed.clock.advance_millis(jump);
        // Asked again and again, as background work does.
        let mut deleted = 0;
        for _ in 0..3 {
            let gateway = &bed.gateway;
            deleted += gateway.delete_expired(Retention::default()).await.unwrap();
        }
        let noted = if is_trusted { bed.clock.now() } else { used };
        assert_eq!(last(&bed).await, Some(noted), "{jump}");
        assert_eq!(deleted > 0, is_trusted && jump > 2 * DAY, "{jump}");
    }
}

/// Of a process that runs: what passes is believed, what is set is not, until it has stood for a day.
#[tokio::test]
async fn a_clock_that_is_set_deletes_nothing_for_a_day() {
    const DAY: i64 = 86_400_000;
    let (bed, ..) = simple().await;
    let gateway = &bed.gateway;
    let deletes = async || gateway.delete_expired(Retention::default()).await.unwrap() > 0;
    assert!(!deletes().await, "nothing is over");
    bed.clock.advance_millis(3 * DAY);
    assert!(deletes().await, "time has passed");
    bed.clock.set_by_millis(500 * DAY);
    let audit = async || {
        let all = ListRange {
            after: None,
            limit: 1000,
        };
        bed.storage().audit().list(all).await.unwrap().len()
    };
    let kept = audit().await;
    assert!(kept > 0);
    for hours in [0, 1, 22] {
        bed.clock.advance_millis(hours * 3_600_000);
        assert!(!deletes().await, "{hours}");
        assert_eq!(gateway.end_unused_clients(10).await.unwrap(), 0);
    }
    bed.clock.set_by_millis(-500 * DAY);
    bed.clock.advance_millis(2 * 3_600_000);
    assert!(!deletes().await, "nothing is over by the right time");
    bed.clock.set_by_millis(500 * DAY);
    assert!(!deletes().await, "set again, doubted again");
    assert_eq!(audit().await, kept);
    bed.clock.advance_millis(DAY);
    assert!(deletes().await, "it has stood for a day");
    assert!(audit().await < kept);
}

async fn read_and_explain(bed: &Bed, token: &str) -> Explanation {
    bed.clock.advance_millis(1);
    let mut request = bed.request(token, Endpoint::Repository, Some("github"), Some("1"), &[]);
    request.request_id = bed.gateway.new_request_id();
    let id = request.request_id.to_string();
    let _ = bed.gateway.read(request).await;
    let query = Query::new(vec![("request_id".to_owned(), id)]);
    bed.gateway.explain_any(&query).await.unwrap()
}

#[tokio::test]
async fn the_same_code_is_told_apart_by_what_is_recorded() {
    let (bed, token, _, _, connection) = simple().await;
    let fail_with = |error| *bed.github.failing.lock().unwrap() = error;
    let answered = read_and_explain(&bed, &token).await;
    assert_eq!((answered.failed_step, answered.fix), (None, None));
    let passed = |it: &ExplainedStep| it.outcome == StepOutcome::Passed;
    assert!(answered.steps.iter().all(passed));
    fail_with(Some(Error::internal("a riddle")));
    let riddle = read_and_explain(&bed, &token).await;
    assert_eq!(
        riddle.failed_step, None,
        "the provider's answer, or the firewall"
    );
    assert!(riddle.fix.is_some());
    for code in [
        Code::RateLimited,
        Code::InsufficientScope,
        Code::AuthExpired,
    ] {
        let refusal = Error::upstream(code, ProviderId::GITHUB, "no");
        fail_with(Some(refusal));
        let failed = read_and_explain(&bed, &token).await;
        assert_eq!(failed.failed_step, Some("upstream"), "{code:?}");
    }
    let id = ConnectionId::parse(&connection).unwrap();
    let entry = AuditEntry {
        id: AuditId::parse("audit_refused").unwrap(),
        at: bed.clock.now(),
        actor: Actor::System,
        action: AuditAction::ConnectionRefuse,
        object: connection,
        outcome: Outcome::Ok,
        request_id: bed.request_id.clone(),
    };
    let connections = bed.storage().connections();
    let refused = connections.refuse(&id, 0, ReconnectCause::TokenRefused, entry);
    assert!(refused.await.unwrap());
    let lost = read_and_explain(&bed, &token).await;
    assert_eq!(lost.failed_step, Some("connection"));
    bed.clock.advance_millis(3_600_001);
    let expired = read_and_explain(&bed, &token).await;
    assert_eq!(expired.failed_step, Some("token"));
}

#[tokio::test]
async fn every_mutation_leaves_one_audit_row() {
    // sec: LG-3
    let (bed, _, client, tenant, connection) = simple().await;
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    let update = FirewallUpdate {
        enabled: Some(false),
        ..FirewallUpdate::default()
    };
    bed.gateway
        .update_firewall(update, &bed.act())
        .await
        .unwrap();
    let rows = bed
        .storage()
        .audit()
        .list(ListRange {
            after: None,
            limit: 100,
        })
        .await
        .unwrap();
    let acts: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        acts,
        [
            "tenant.create",
            "tenant.create",
            "client.create",
            "connection.create",
            "grant.create",
            "token.issue",
            "connection.delete",
            "firewall.configure"
        ]
    );
    assert!(rows.iter().all(|row| row.outcome == Outcome::Ok));
    assert_eq!(rows[5].actor.as_str(), client.0);
    assert_eq!(rows[0].object, tenant);
}

#[tokio::test]
async fn a_bad_firewall_configuration_changes_nothing() {
    // sec: IN-7
    let (bed, ..) = simple().await;
    let before = bed.gateway.firewall_settings();
    let bad = FirewallUpdate {
        blocked_file_patterns: Some(vec!["a".into(), String::new()]),
        ..Default::default()
    };
    assert_eq!(
        code(bed.gateway.update_firewall(bad, &bed.act()).await),
        Code::InvalidRequest
    );
    assert_eq!(
        code(
            bed.gateway
                .update_firewall(FirewallUpdate::default(), &bed.act())
                .await
        ),
        Code::InvalidRequest
    );
    assert_eq!(bed.gateway.firewall_settings(), before);
    let good = FirewallUpdate {
        blocked_file_patterns: Some(vec!["a".into()]),
        ..Default::default()
    };
    let after = bed.gateway.update_firewall(good, &bed.act()).await.unwrap();
    assert_eq!((after.version, after.enabled), (before.version + 1, true));
}

#[tokio::test]
async fn admin_lists_page_by_cursor_bound_to_list_and_filter() {
    let bed = Bed::new().await;
    for number in 0..7 {
        bed.tenant(&format!("T{number}"), "company").await;
    }
    let mut names = Vec::new();
    let mut query = ListQuery {
        limit: Some(gitflare_core::Limit::new(3).unwrap()),
        cursor: None,
    };
    loop {
        let page = bed.gateway.list_tenants(&query).await.unwrap();
        names.extend(page.items.into_iter().map(|tenant| tenant.name));
        let Some(cursor) = page.page_info.next_cursor else {
            break;
        };
        query.cursor = Some(cursor);
    }
    assert_eq!(names, ["T0", "T1", "T2", "T3", "T4", "T5", "T6"]);
    let foreign = bed
        .gateway
        .list_connections(&Default::default(), &query)
        .await;
    assert_eq!(code(foreign), Code::InvalidCursor);
}
