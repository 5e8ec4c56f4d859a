//! The gateway's own throttling (RL-1): reads by token and address, failures by client and address.

use serde_json::json;

use crate::contract::support::{Response, Seed, Server, ServerOptions, client};

#[track_caller]
fn assert_limited(answer: &Response) {
    assert_eq!(answer.refusal(), (429, "RATE_LIMITED".to_owned()));
    let body = answer.json();
    let error = body.get("gitflare_error").unwrap_or(&body["error"]);
    assert_eq!(error["source"], "gitflare");
    assert_eq!(error["retryable"], true);
    let seconds = error["retry_after_seconds"].as_u64().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(
        answer.header("retry-after"),
        Some(seconds.to_string().as_str())
    );
}

fn limited(reads_per_minute: u32) -> Server {
    Server::with(ServerOptions {
        reads_per_minute,
        ..ServerOptions::default()
    })
}

#[test]
fn a_token_reads_as_often_as_the_limit_says() {
    // sec: RL-1
    let server = limited(5);
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = server.client().with_bearer(&seed.token);
    for _ in 0..5 {
        assert_eq!(reader.get("/v1/me").status, 200);
    }
    assert_limited(&reader.get("/v1/me"));
    assert_limited(&reader.get("/v1/repositories/local/solo/branches"));
}

#[test]
fn an_address_reads_four_times_as_often() {
    // sec: RL-1
    let server = limited(5);
    for _ in 0..20 {
        assert_eq!(
            server.client().with_bearer("nonsense").get("/v1/me").status,
            401
        );
    }
    assert_limited(&server.client().get("/v1/me"));
    assert_eq!(
        server.client().get("/health").status,
        200,
        "only reads are counted"
    );
}

#[test]
fn a_forwarded_address_is_counted_only_behind_a_trusted_proxy() {
    // sec: HT-7
    let flood = |server: &Server| -> usize {
        (0..30)
            .filter(|n| {
                let client = server
                    .client()
                    .with("x-forwarded-for", &format!("192.0.2.{n}"));
                client.get("/v1/me").status == 429
            })
            .count()
    };
    assert_eq!(flood(&limited(5)), 10, "everybody is the peer");
    for (proxy, refused) in [("127.0.0.1", 0), ("127.0.0.0/8", 0), ("10.0.0.0/8", 10)] {
        let behind = Server::with(ServerOptions {
            reads_per_minute: 5,
            trusted_proxies: vec![proxy.parse().unwrap()],
            ..ServerOptions::default()
        });
        assert_eq!(flood(&behind), refused, "{proxy}");
    }
}

#[test]
fn zero_switches_the_read_limits_off() {
    let server = limited(0);
    for _ in 0..100 {
        assert_eq!(server.client().get("/v1/me").status, 401);
    }
}

#[test]
fn ten_failures_stop_a_client_for_a_while() {
    // sec: RL-1
    for target in ["/oauth/token", "/v1/platform/tokens"] {
        let server = Server::start();
        let (id, secret) = client(&server.admin());
        let (other, other_secret) = client(&server.admin());
        let ask = |id: &str, secret: &str| {
            let body = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
            server.client().post(target, &body)
        };
        for _ in 0..10 {
            assert_eq!(
                ask(&id, "wrong").refusal(),
                (401, "INVALID_CREDENTIALS".into())
            );
            assert_eq!(
                ask(&other, &other_secret).status,
                200,
                "successes are not counted"
            );
        }
        assert_limited(&ask(&id, "wrong"));
        assert_limited(&ask(&id, &secret));
        assert_eq!(ask(&other, &other_secret).status, 200);
    }
}

#[test]
fn a_limited_form_gets_its_own_shape() {
    let server = Server::start();
    let ask = || {
        server
            .client()
            .request("POST", "/oauth/token")
            .form("grant_type=client_credentials&client_id=client_1&client_secret=x")
            .send()
    };
    for _ in 0..10 {
        assert_eq!(ask().status, 401);
    }
    let answer = ask();
    assert_limited(&answer);
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
}

#[test]
fn many_clients_of_one_address_fail_forty_times() {
    // sec: RL-1
    let server = Server::start();
    let ask = |n: usize| {
        let body = json!({"grant_type": "client_credentials", "client_id": format!("client_{n}"), "client_secret": "x"});
        server.client().post("/oauth/token", &body)
    };
    for n in 0..40 {
        assert_eq!(ask(n).status, 401);
    }
    assert_limited(&ask(40));
}

#[test]
fn ten_wrong_admin_keys_stop_an_address_for_a_while() {
    // sec: RL-1
    let server = Server::start();
    for _ in 0..10 {
        let answer = server
            .client()
            .with("x-admin-api-key", "wrong")
            .get("/v1/platform/tenants");
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
    }
    assert_limited(
        &server
            .client()
            .with("x-admin-api-key", "wrong")
            .get("/v1/connections"),
    );
    assert_limited(&server.admin().get("/v1/platform/tenants"));
}
