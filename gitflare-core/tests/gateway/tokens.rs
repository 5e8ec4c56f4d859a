//! Token requests: how they are refused, what a token carries, what it tells of itself.

use super::*;

#[tokio::test]
async fn token_requests_are_refused_with_both_spellings() {
    let (bed, _, client, ..) = simple().await;
    type Change = fn(&mut TokenRequest);
    let cases: [(Change, &str, Code); 10] = [
        (
            |r| r.grant_type = None,
            "invalid_request",
            Code::InvalidRequest,
        ),
        (
            |r| r.grant_type = Some("password".into()),
            "unsupported_grant_type",
            Code::InvalidRequest,
        ),
        (
            |r| r.client_id = None,
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_id = Some("client_x".into()),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_id = Some("no id".into()),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_secret = Some(Secret::from("wrong")),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_secret = None,
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.scope = Some("read:everything".into()),
            "invalid_scope",
            Code::InvalidRequest,
        ),
        (
            |r| r.customer_ref = Some("nobody".into()),
            "invalid_grant",
            Code::ApprovalRequired,
        ),
        (
            |r| r.grant_id = Some("grant_1".into()),
            "invalid_grant",
            Code::InvalidRequest,
        ),
    ];
    for (index, (change, rfc, expected)) in cases.into_iter().enumerate() {
        let refusal = issue(&bed, &client, change).await.unwrap_err();
        assert_eq!(
            (refusal.rfc, refusal.error.code()),
            (rfc, expected),
            "case {index}"
        );
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_get_the_same_words() {
    // sec: TK-5
    let (bed, _, client, ..) = simple().await;
    let wrong = issue(&bed, &client, |r| {
        r.client_secret = Some(Secret::from("wrong"))
    })
    .await
    .unwrap_err();
    let unknown = issue(&bed, &client, |r| r.client_id = Some("client_1".into()))
        .await
        .unwrap_err();
    assert_eq!(wrong.error.message(), unknown.error.message());
}

#[tokio::test]
async fn client_credentials_carry_exactly_one_customers_grants() {
    // sec: TK-9, TN-1
    let bed = Bed::new().await;
    let client = bed.client().await;
    let nobody = bed.token(&client).await;
    let read = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
    };
    assert_eq!(code(read(&nobody).await), Code::ApprovalRequired);

    let mut customers = Vec::new();
    for name in ["A", "B"] {
        let tenant = bed.tenant(name, "company").await;
        let connection = bed.connection(&tenant, "github").await;
        let grant = bed.grant(&tenant, &client.0, &connection, &["1"]).await;
        customers.push((tenant, connection, grant));
    }
    let refusal = issue(&bed, &client, |_| {}).await.unwrap_err();
    assert_eq!(refusal.error.code(), Code::InvalidRequest);
    for (tenant, connection, grant) in &customers {
        for by_grant in [false, true] {
            let token = issue(&bed, &client, |request| {
                if by_grant {
                    request.grant_id = Some(grant.clone());
                } else {
                    request.tenant_id = Some(tenant.clone());
                }
            })
            .await
            .unwrap();
            let context = bed.gateway.token_context(Some(&token)).await.unwrap();
            assert_eq!(context.tenant.id.as_str(), tenant);
            assert_eq!(context.token.connection_ids.len(), 1);
            assert_eq!(context.token.connection_ids[0].as_str(), connection);
            for (_, other, _) in customers.iter().filter(|(other, ..)| other != tenant) {
                let foreign = [("connectionId", other.as_str())];
                let refused = bed
                    .read(
                        &token,
                        Endpoint::Branches,
                        Some("github"),
                        Some("1"),
                        &foreign,
                    )
                    .await;
                assert_eq!(code(refused), Code::ProviderAccountNotConnected);
            }
        }
    }
}

#[tokio::test]
async fn a_token_can_be_narrowed_and_never_widened() {
    let (bed, _, client, ..) = simple().await;
    let narrow = issue(&bed, &client, |r| {
        r.scope = Some("read:tags read:branches".into())
    })
    .await
    .unwrap();
    let context = bed.gateway.token_context(Some(&narrow)).await.unwrap();
    assert_eq!(
        context.token.permissions.to_string(),
        "read:branches read:tags"
    );
    assert!(
        bed.read(&narrow, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
            .is_ok()
    );
    assert_eq!(
        code(bed.read(&narrow, Endpoint::Profile, None, None, &[]).await),
        Code::InsufficientScope
    );
}

#[tokio::test]
async fn introspection_tells_active_tokens_only() {
    // sec: TK-11
    let (bed, token, ..) = simple().await;
    assert!(bed.gateway.introspect(&token).await.unwrap().is_some());
    for unknown in ["", "x", "sggat_x", &token[..token.len() - 1]] {
        assert!(
            bed.gateway.introspect(unknown).await.unwrap().is_none(),
            "{unknown}"
        );
    }
    bed.clock.advance_millis(3_600_001);
    assert!(bed.gateway.introspect(&token).await.unwrap().is_none());
}
