//! What ends a right: revocations at each layer, in flight, over time; and legacy mode.

use super::*;

#[tokio::test]
async fn a_cursor_conveys_no_rights() {
    // sec: CU-4, TK-7
    let (bed, token, client, tenant, connection) = simple().await;
    let first = bed
        .read(&token, Endpoint::Branches, Some("github"), Some("1"), &[])
        .await
        .unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let query = [("cursor", cursor.as_str())];
    let again = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &query)
            .await
    };
    assert!(again(&token).await.is_ok());
    // Another token of the same authorization may go on, another client's may not.
    assert!(again(&bed.token(&client).await).await.is_ok());
    let other = bed.client().await;
    bed.grant(&tenant, &other.0, &connection, &[]).await;
    assert_eq!(
        code(again(&bed.token(&other).await).await),
        Code::InvalidCursor
    );
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    assert_eq!(code(again(&token).await), Code::ProviderAccountNotConnected);
}

#[tokio::test]
async fn revoking_at_each_layer_refuses_the_next_request() {
    // sec: TK-7, CA-1
    let (bed, token, client, tenant, connection) = simple().await;
    let read = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
    };
    assert!(read(&token).await.is_ok());
    let context = bed.gateway.token_context(Some(&token)).await.unwrap();
    bed.gateway
        .revoke_token(context.token.id.as_str(), &bed.act())
        .await
        .unwrap();
    assert_eq!(code(read(&token).await), Code::AuthExpired);

    let second = bed.connection(&tenant, "github").await;
    let grant = bed.grant(&tenant, &client.0, &second, &[]).await;
    let token = bed.token(&client).await;
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    assert!(
        read(&token).await.is_ok(),
        "the other connection still serves"
    );
    bed.gateway.revoke_grant(&grant, &bed.act()).await.unwrap();
    assert_eq!(code(read(&token).await), Code::ProviderAccountNotConnected);
    bed.clock.advance_millis(3_600_001);
    assert_eq!(code(read(&token).await), Code::AuthExpired);
}

#[tokio::test]
async fn legacy_mode_lets_a_connection_stand_for_a_credential() {
    // sec: IN-3
    use gitflare_core::gateway::{Query, ReadCredential, ReadRequest};
    for enforced in [true, false] {
        let mut settings = GatewaySettings::default();
        settings.enforce_platform_auth = enforced;
        let bed = Bed::with(settings).await;
        let tenant = bed.tenant("Customer", "company").await;
        let connection = bed.connection(&tenant, "github").await;
        let read = async |id: &str| {
            bed.gateway
                .read(ReadRequest {
                    fault: None,
                    endpoint: Endpoint::Repository,
                    credential: ReadCredential::Connection(id.to_owned()),
                    provider: Some("github".into()),
                    repository: Some("1".into()),
                    item: None,
                    query: Query::default(),
                    if_none_match: None,
                    method: "GET",
                    path: "/v1/x".into(),
                    request_id: bed.request_id.clone(),
                })
                .await
        };
        if enforced {
            assert_eq!(code(read(&connection).await), Code::AuthRequired);
        } else {
            let reply = read(&connection).await.unwrap();
            assert_eq!(
                reply.data.report().redacted_secrets,
                1,
                "filtered whatever the mode"
            );
            assert_eq!(
                code(read("conn_1").await),
                Code::ProviderAccountNotConnected
            );
        }
    }
}

#[tokio::test]
async fn no_page_is_served_once_a_revocation_has_returned() {
    // sec: CA-4
    let bed = Arc::new(Bed::new().await);
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    for _ in 0..1000 {
        let grant = bed.grant(&tenant, &client.0, &connection, &[]).await;
        let token = bed.token(&client).await;
        let reader = tokio::spawn({
            let (bed, token) = (Arc::clone(&bed), token.clone());
            async move {
                let mut served = 0;
                while branches(&bed, &token).await.is_ok() {
                    served += 1;
                    tokio::task::yield_now().await;
                }
                served
            }
        });
        tokio::task::yield_now().await;
        bed.gateway.revoke_grant(&grant, &bed.act()).await.unwrap();
        assert_eq!(
            code(branches(&bed, &token).await),
            Code::ProviderAccountNotConnected
        );
        // What was in flight has ended; the reader saw the end too.
        reader.await.unwrap();
    }
}

async fn branches(
    bed: &Bed,
    token: &str,
) -> gitflare_core::Result<gitflare_core::gateway::UnifiedReply> {
    bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
        .await
}

#[tokio::test]
async fn a_clock_that_jumps_revives_nothing_that_was_revoked() {
    // sec: DU-7
    const HOUR: i64 = 3_600_000;
    let (bed, token, client, ..) = simple().await;
    let first = branches(&bed, &token).await.unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let revoked = bed.token(&client).await;
    let context = bed.gateway.token_context(Some(&revoked)).await.unwrap();
    bed.gateway
        .revoke_token(context.token.id.as_str(), &bed.act())
        .await
        .unwrap();
    for jump in [-HOUR, 2 * HOUR, -2 * HOUR, HOUR, -HOUR] {
        bed.clock.advance_millis(jump);
        assert_eq!(code(branches(&bed, &revoked).await), Code::AuthExpired);
        // Lifetimes follow the wall clock; new objects can be made whatever it says.
        let fresh = bed.token(&client).await;
        assert!(branches(&bed, &fresh).await.is_ok(), "after {jump} ms");
    }
    let query = [("cursor", cursor.as_str())];
    let page = bed
        .read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("1"),
            &query,
        )
        .await;
    assert!(page.is_ok(), "before its end again, a cursor works again");
}
