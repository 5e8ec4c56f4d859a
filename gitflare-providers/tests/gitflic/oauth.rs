//! GitFlic's own way to tokens: what it is asked with, and what its answers and refusals become.

use std::time::{Duration, Instant};

use gitflare_core::{
    Clock, Code, Scope, Scopes, Secret, SystemClock,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, Provider, ProviderTokens, TokenRefresh,
    },
};
use gitflare_providers::{
    OauthConfig,
    conformance::{Reply, StandIn},
    gitflic::Gitflic,
};
use url::Url;

/// An adapter whose application is registered at a stand-in.
async fn upstream(reply: Reply) -> (StandIn, Gitflic) {
    let stand_in = StandIn::answering(move |_, _, _| reply.clone()).await;
    let callback = "https://gateway.example/v1/auth/gitflic/callback";
    let mut config = OauthConfig::new("app", callback);
    config.client_secret = Some(Secret::from("app-secret"));
    config.web_url = Some(stand_in.url());
    let api = format!("{}/rest-api", stand_in.url());
    let provider = Gitflic::new(stand_in.http(), &api, None).unwrap();
    let provider = provider.with_oauth(stand_in.http(), &api, config).unwrap();
    (stand_in, provider)
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn exchange(provider: &Gitflic) -> Result<ProviderTokens, OauthRefusal> {
    let exchange = CodeExchange {
        code: &Secret::from("the code"),
        code_verifier: &Secret::from("unused"),
        deadline: deadline(),
    };
    provider.oauth().unwrap().exchange(exchange).await
}

async fn refresh(provider: &Gitflic) -> Result<ProviderTokens, OauthRefusal> {
    let refresh = TokenRefresh {
        refresh_token: &Secret::from("old"),
        deadline: deadline(),
    };
    provider.oauth().unwrap().refresh(refresh).await
}

#[tokio::test]
async fn the_request_is_of_gitflics_own_form() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let oauth = provider.oauth().unwrap();
    assert!(oauth.posts_code());
    for (permissions, scope) in [
        (vec![Scope::ReadProfile], "USER_READ"),
        (vec![Scope::ReadCommits], "USER_READ,PROJECT_READ"),
        (
            vec![Scope::ReadCommits, Scope::EventsSubscribe],
            "USER_READ,PROJECT_READ,PROJECT_EDIT",
        ),
    ] {
        let request = AuthorizationRequest {
            state: &Secret::from("the state"),
            code_challenge: "unused",
            permissions: permissions.into_iter().collect::<Scopes>(),
        };
        let url = Url::parse(&oauth.authorization_url(&request).unwrap()).unwrap();
        let query: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(url.path(), "/oauth/authorize");
        let pairs = [
            ("scope", scope),
            ("client_id", "app"),
            (
                "redirect_url",
                "https://gateway.example/v1/auth/gitflic/callback",
            ),
            ("state", "the state"),
        ];
        assert_eq!(
            query,
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_code_is_exchanged_by_get_and_a_refresh_token_by_post() {
    let body = r#"{"accessToken": "new", "refreshToken": "next", "expires": 2592000}"#;
    let (stand_in, provider) = upstream(Reply::ok(body)).await;
    for tokens in [exchange(&provider).await, refresh(&provider).await] {
        let tokens = tokens.unwrap();
        assert_eq!(tokens.access_token.expose(), "new");
        assert_eq!(tokens.refresh_token.unwrap().expose(), "next");
        assert_eq!(tokens.lifetime, Some(Duration::from_secs(2_592_000)));
    }
    assert_eq!(
        stand_in.asked(),
        ["/api/token/access?code=the+code", "/api/token/refresh"]
    );
    let heads = stand_in.heads();
    assert!(heads[0].starts_with("get ") && heads[1].starts_with("post "));
    for head in heads {
        // `app:app-secret` as user and password.
        assert!(
            head.contains("authorization: basic yxbwomfwcc1zzwnyzxq="),
            "{head}"
        );
    }
}

#[tokio::test]
async fn the_end_of_a_token_is_read_in_every_form_and_never_too_late() {
    let month = 30 * 24 * 3600;
    let now = SystemClock.now();
    let at = |seconds: u64| now.after(Duration::from_secs(seconds)).to_string();
    let bare = |seconds| at(seconds).trim_end_matches('Z').to_owned();
    let hours = 3 * 3600;
    for (expires, seconds) in [
        (month.to_string(), Some(month)),
        (format!("\"{month}\""), Some(month)),
        (format!("\"{}\"", at(month)), Some(month)),
        // Moscow's or UTC: the earlier of the two.
        (format!("\"{}\"", bare(month)), Some(month - hours)),
        (format!("\"{}\"", bare(60)), Some(0)),
        ("\"soon\"".to_owned(), None),
        ("null".to_owned(), None),
        ("{}".to_owned(), None),
    ] {
        let body = format!(r#"{{"accessToken": "new", "expires": {expires}}}"#);
        let (_stand_in, provider) = upstream(Reply::ok(body)).await;
        let lifetime = exchange(&provider).await.unwrap().lifetime;
        let lifetime = lifetime.map(|life| life.as_secs());
        // The clock goes on meanwhile.
        let is_near = match (lifetime, seconds) {
            (Some(life), Some(seconds)) => life <= seconds && life + 60 > seconds,
            (life, seconds) => life == seconds,
        };
        assert!(is_near, "{expires}: {lifetime:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_for_good_or_not() {
    // sec: PC-7 PC-9
    let invalid = r#"{"title": "error.oauth.code.invalid", "message": "canary"}"#;
    for (reply, is_rejected, codes) in [
        (
            Reply::new(400, invalid),
            true,
            [Code::InvalidCredentials, Code::AuthExpired],
        ),
        (
            Reply::new(401, invalid),
            false,
            [Code::InvalidCredentials; 2],
        ),
        (
            Reply::new(400, "<html>"),
            false,
            [Code::UpstreamUnavailable; 2],
        ),
        (Reply::ok("<html>"), false, [Code::UpstreamUnavailable; 2]),
        (Reply::ok("{}"), false, [Code::UpstreamUnavailable; 2]),
        (Reply::new(429, "{}"), false, [Code::RateLimited; 2]),
        (
            Reply::new(503, "<html>"),
            false,
            [Code::UpstreamUnavailable; 2],
        ),
        (
            Reply::new(302, "").with("location", "/login"),
            false,
            [Code::UpstreamUnavailable; 2],
        ),
    ] {
        let shown = format!("{reply:?}");
        let (_stand_in, provider) = upstream(reply).await;
        let answers = [exchange(&provider).await, refresh(&provider).await];
        for (answer, code) in answers.into_iter().zip(codes) {
            let refusal = answer.unwrap_err();
            let rejected = matches!(refusal, OauthRefusal::Rejected(_));
            let error = refusal.into_error();
            assert_eq!((rejected, error.code()), (is_rejected, code), "{shown}");
            let told = format!("{error:?}");
            assert!(!error.message().contains("canary"), "{error}");
            assert!(
                !told.contains("the code") && !told.contains("old"),
                "{told}"
            );
        }
    }
}
