//! What goes wrong at one provider has its code within its time, and the others do not notice.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::stand::{HOSTS, Stand, storefront};

/// A fault, the code it must lead to, and the seconds to wait if any.
fn faults() -> Vec<(Value, &'static str, Option<u64>)> {
    vec![
        (
            json!({"kind": "slow", "milliseconds": 30_000}),
            "UPSTREAM_TIMEOUT",
            None,
        ),
        (json!({"kind": "trickle"}), "UPSTREAM_TIMEOUT", None),
        (json!({"kind": "reset"}), "UPSTREAM_UNAVAILABLE", None),
        (json!({"kind": "cut"}), "UPSTREAM_UNAVAILABLE", None),
        (json!({"kind": "garbage"}), "UPSTREAM_UNAVAILABLE", None),
        (json!({"kind": "huge"}), "UPSTREAM_UNAVAILABLE", None),
        (
            json!({"kind": "status", "status": 500}),
            "UPSTREAM_UNAVAILABLE",
            None,
        ),
        (
            json!({"kind": "status", "status": 502}),
            "UPSTREAM_UNAVAILABLE",
            None,
        ),
        (
            json!({"kind": "status", "status": 503}),
            "UPSTREAM_UNAVAILABLE",
            None,
        ),
        (
            json!({"kind": "status", "status": 504}),
            "UPSTREAM_TIMEOUT",
            None,
        ),
        (json!({"kind": "expired-token"}), "AUTH_EXPIRED", None),
        (json!({"kind": "sso"}), "ACCESS_BLOCKED_BY_POLICY", None),
        (json!({"kind": "missing-scope"}), "INSUFFICIENT_SCOPE", None),
        (
            json!({"kind": "rate-limit", "retryAfter": "40"}),
            "RATE_LIMITED",
            Some(40),
        ),
        (
            json!({"kind": "rate-limit", "retryAfter": "date"}),
            "RATE_LIMITED",
            Some(30),
        ),
        (
            json!({"kind": "rate-limit", "retryAfter": "reset"}),
            "RATE_LIMITED",
            Some(30),
        ),
        (
            json!({"kind": "rate-limit", "retryAfter": "none"}),
            "RATE_LIMITED",
            Some(60),
        ),
        (
            json!({"kind": "rate-limit", "retryAfter": "secondary"}),
            "RATE_LIMITED",
            Some(60),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_code_in_time_and_stays_where_it_is() {
    // sec: SR-8
    for (fault, code, seconds) in faults() {
        // A limited account is left alone for a while, so each fault gets a stand of its own.
        let stand = Stand::start(&[("GITFLARE_UPSTREAM_TIMEOUT_MS", "1000")]).await;
        for (at, provider) in HOSTS.iter().enumerate() {
            // What GitFlic does not tell: how long to wait, and why access was denied.
            let (code, seconds) = match (*provider, &fault) {
                ("gitflic", fault) if fault["kind"] == "sso" => ("INSUFFICIENT_SCOPE", None),
                ("gitflic", fault)
                    if ["reset", "none", "secondary"]
                        .contains(&fault["retryAfter"].as_str().unwrap_or("")) =>
                {
                    (code, None)
                }
                _ => (code, seconds),
            };
            let healthy = HOSTS.get(at + 1).copied().unwrap_or("local");
            stand
                .control(provider, Method::POST, "/__faults", &fault)
                .await;
            let started = Instant::now();
            let answer = stand.read(provider, "/branches").await;
            assert!(
                started.elapsed() < Duration::from_millis(3500),
                "{fault}: {:?}",
                started.elapsed()
            );
            assert_eq!(answer.code(), code, "{provider} {fault}: {}", answer.body);
            let error = &answer.body["error"];
            assert_eq!(error["source"], "provider", "{fault}");
            assert_eq!(error["provider"], *provider, "{fault}");
            if let Some(seconds) = seconds {
                let told = error["retry_after_seconds"].as_u64().unwrap_or(0);
                assert!(
                    (seconds - 2..=seconds + 1).contains(&told),
                    "{provider} {fault}: {error}"
                );
                assert_eq!(answer.headers["retry-after"], told.to_string());
            }
            if fault["retryAfter"] == "reset" && *provider != "gitflic" {
                // What is left of the provider's limit is stated on this error too.
                let left = answer.headers["ratelimit"].to_str().unwrap();
                assert!(
                    left.starts_with(&format!("\"{provider}\";r=0;t=")),
                    "{left}"
                );
            }
            if answer.status != 504 && fault["kind"] != "reset" && fault["kind"] != "cut" {
                let known = error["upstream_status"].is_number() || fault["kind"] == "huge";
                assert!(known, "{fault}: {error}");
            }
            let other = stand.read(healthy, "/branches").await;
            assert_eq!(
                other.status, 200,
                "{healthy} noticed {fault}: {}",
                other.body
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_wait_that_the_provider_names_is_waited_out() {
    let stand = Stand::start(&[]).await;
    for provider in HOSTS {
        let fault = json!({"kind": "rate-limit", "retryAfter": "1", "count": 1});
        stand
            .control(provider, Method::POST, "/__faults", &fault)
            .await;
        let answer = stand.read(provider, "/branches").await;
        // An account of GitFlic has no calls to spare.
        if provider == "gitflic" {
            assert_eq!(answer.code(), "RATE_LIMITED", "{}", answer.body);
            assert_eq!(answer.body["error"]["retry_after_seconds"], 1);
        } else {
            assert_eq!(answer.status, 200, "{provider}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_a_provider_refuses_is_told_with_its_status_and_request_id() {
    let stand = Stand::start(&[]).await;
    for provider in HOSTS {
        let name = storefront(provider);
        // A page to sign in at, and a denial, where others say that the token has ended.
        let status = match provider {
            "azure" => 203,
            "gitflic" => 403,
            _ => 401,
        };
        let fault = json!({"kind": "expired-token"});
        stand
            .control(provider, Method::POST, "/__faults", &fault)
            .await;
        // The viewers of all accounts, the list of all repositories, and reads of one provider.
        for path in [
            "/v1/me".to_owned(),
            "/v1/repositories".to_owned(),
            format!("/v1/repositories?provider={provider}"),
            format!("/v1/repositories/{provider}/{name}"),
            format!("/v1/repositories/{provider}/{name}/checks"),
        ] {
            let answer = stand.get(&path).await;
            let mut all = answer.body["errors"].as_array().into_iter().flatten();
            let error = match answer.status.as_u16() {
                200 => all.find(|error| error["provider"] == provider).unwrap(),
                _ => &answer.body["error"],
            };
            assert_eq!(error["code"], "AUTH_EXPIRED", "{path}: {}", answer.body);
            assert_eq!(error["upstream_status"], status, "{path}: {error}");
            let named = error["provider_request_id"].as_str();
            assert!(named.is_some_and(|id| !id.is_empty()), "{path}: {error}");
        }
        stand
            .control(provider, Method::DELETE, "/__faults", &Value::Null)
            .await;
    }
}
