//! The use cases' futures run on any thread: a server spawns them.

use super::*;

fn sendable<T: Send>(_: impl FnOnce(&'static Gateway) -> T) {}

#[test]
fn every_use_case_can_be_spawned() {
    sendable(|gateway| async {
        let request_id = gateway.new_request_id();
        let act = AuditContext {
            actor: &Actor::Admin,
            request_id: &request_id,
        };
        let _ = gateway.list_tenants(&ListQuery::default()).await;
        let _ = gateway
            .list_clients(&ClientFilterText::default(), &ListQuery::default())
            .await;
        let _ = gateway
            .list_grants(&GrantFilterText::default(), &ListQuery::default())
            .await;
        let _ = gateway
            .list_tokens(&TokenFilterText::default(), &ListQuery::default())
            .await;
        let _ = gateway
            .list_connections(&ConnectionFilterText::default(), &ListQuery::default())
            .await;
        let _ = gateway
            .issue_token(TokenRequest::default(), &request_id)
            .await;
        let _ = gateway
            .update_firewall(FirewallUpdate::default(), &act)
            .await;
        let _ = gateway.revoke_grant("grant_1", &act).await;
        let repositories = RequestedRepositories::All;
        let request = NewGrantRequest {
            tenant_id: String::new(),
            client_id: String::new(),
            connection_id: String::new(),
            permissions: Vec::new(),
            repositories,
            expires_at: None,
        };
        let _ = gateway.create_grant(request, &act).await;
    });
    sendable(|gateway| async {
        let request = ReadRequest {
            endpoint: crate::provider::Endpoint::Profile,
            credential: ReadCredential::None,
            provider: None,
            repository: None,
            item: None,
            query: Query::default(),
            fault: None,
            if_none_match: None,
            method: "GET",
            path: String::new(),
            request_id: gateway.new_request_id(),
        };
        gateway.read(request).await
    });
}
