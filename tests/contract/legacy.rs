//! A connection's id beside a token, and in place of one in legacy mode.

use crate::contract::support::{
    PLANTED_SECRET, Seed, Server, ServerOptions, commit_of, connection, linking, tenant,
};

const HELLO: &str = "/v1/repositories/local/octo%2Fhello";

#[test]
fn connection_id_chooses_among_the_tokens_own() {
    // sec: IN-3
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let foreign = connection(&admin, &tenant(&admin, "company"));
    let reader = server.client().with_bearer(&seed.token);
    let own = format!("{HELLO}/tags?connectionId={}", seed.connection);
    assert_eq!(reader.get(&own).status, 200);
    for other in [foreign.as_str(), "conn_unknown"] {
        let answer = reader.get(&format!("{HELLO}/tags?connectionId={other}"));
        assert_eq!(
            answer.refusal(),
            (403, "PROVIDER_ACCOUNT_NOT_CONNECTED".into()),
            "{other}"
        );
    }
    // With platform auth enforced no connection stands for a credential.
    for client in [
        server.client().with("x-connection-id", &seed.connection),
        server.client().with("x-connection-id", "conn_unknown"),
    ] {
        assert_eq!(
            client.get(&format!("{HELLO}/tags")).refusal(),
            (401, "AUTH_REQUIRED".into())
        );
    }
    assert_eq!(
        server.client().get(&own).refusal(),
        (401, "AUTH_REQUIRED".into())
    );
}

#[test]
fn in_legacy_mode_a_connection_stands_for_a_credential() {
    // sec: IN-3
    let server = Server::with(ServerOptions {
        gateway: linking::legacy_mode(),
        ..ServerOptions::default()
    });
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let tags = format!("{HELLO}/tags");
    let by_header = server.client().with("x-connection-id", &seed.connection);
    assert_eq!(by_header.get(&tags).status, 200);
    let by_query = server
        .client()
        .get(&format!("{tags}?connectionId={}", seed.connection));
    assert_eq!(by_query.status, 200);
    let both = by_header.clone().with_bearer("nonsense").get(&tags);
    assert_eq!(
        both.refusal(),
        (401, "INVALID_CREDENTIALS".into()),
        "bearer rules"
    );
    let unknown = server
        .client()
        .with("x-connection-id", "conn_unknown")
        .get(&tags);
    assert_eq!(
        unknown.refusal(),
        (403, "PROVIDER_ACCOUNT_NOT_CONNECTED".into())
    );
    assert_eq!(
        server.client().get(&tags).refusal(),
        (401, "AUTH_REQUIRED".into())
    );
    assert_eq!(
        server.client().get("/health").ok()["flags"]["enforcePlatformAuth"],
        false
    );
    let diff = by_header.get(&format!("{HELLO}/commits/{}/diff", commit_of("main")));
    assert!(
        !String::from_utf8(diff.body)
            .unwrap()
            .contains(PLANTED_SECRET)
    );
}
