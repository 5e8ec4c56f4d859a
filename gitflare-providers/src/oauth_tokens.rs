//! The answer of a provider's token endpoint (RFC 6749, sections 5.1 and 5.2), as providers really
//! send it: members of either type, errors with status 200. What cannot be read beside a readable
//! access token is unknown, and costs nothing else.

use std::time::Duration;

use gitflare_core::{
    Code, Error, Secret,
    provider::{OauthRefusal, ProviderTokens},
};
use serde_json::Value;

use crate::upstream_error::Refusal;

/// Words by which providers refuse a code or a refresh token for good.
const REJECTED: &[&str] = &[
    "invalid_grant",
    "bad_verification_code",
    "bad_refresh_token",
    // The person has to do something at the provider first (OpenID Connect Core 1.0, 3.1.2.6; Entra).
    "interaction_required",
    "login_required",
    "consent_required",
];
/// Words by which they refuse our registration.
const UNREGISTERED: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "incorrect_client_credentials",
];
/// How Entra begins to say that an account is none of an organization: numbers 50020, 500200 and 500202.
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>
const PERSONAL: &str = "AADSTS50020";
const WORK_ACCOUNT: &str = "sign in with a work or school account.";
/// No provider lets tokens live longer; more is a mistake and counts as this much.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The tokens in an answer, or why there are none. GitHub sends its errors with status 200, so the
/// body is asked before the status.
pub(crate) fn read_tokens(
    refusal: &Refusal<'_>,
    body: &[u8],
    rejected: Code,
) -> Result<ProviderTokens, OauthRefusal> {
    let (name, status) = (refusal.provider().name(), refusal.status());
    let failed = |error| Err(OauthRefusal::Failed(error));
    let Ok(wire) = serde_json::from_slice::<Value>(body) else {
        return failed(match status {
            200..=299 => refusal.error(
                Code::UpstreamUnavailable,
                format!("{name} gave no usable answer."),
            ),
            _ => refusal.shared(),
        });
    };
    let text = |member: &str| wire[member].as_str().filter(|text| !text.is_empty());
    let token = |member| text(member).map(|text| Secret::new(text.to_owned()));
    // Bitbucket's words for a refresh token that is over.
    let is_dead_refresh_token = |word: &str| {
        word == "invalid_request"
            && rejected == Code::AuthExpired
            && text("error_description").is_some_and(|text| text.contains("Invalid refresh_token"))
    };
    let is_personal = text("error_description").is_some_and(|text| text.starts_with(PERSONAL));
    match (text("error"), token("access_token")) {
        (None, Some(access_token)) if (200..300).contains(&status) => Ok(ProviderTokens {
            access_token,
            refresh_token: token("refresh_token"),
            lifetime: lifetime(&wire["expires_in"]),
            // Bitbucket once sent the second.
            scopes: scopes(match &wire["scope"] {
                Value::Null => &wire["scopes"],
                scope => scope,
            }),
        }),
        (Some(word), _)
            if REJECTED.contains(&word) || is_dead_refresh_token(word) || is_personal =>
        {
            let message = match rejected {
                _ if is_personal => format!("{name} takes no personal accounts: {WORK_ACCOUNT}"),
                Code::AuthExpired => {
                    format!("{name} no longer accepts this connection; its owner must reconnect.")
                }
                _ => format!("{name} no longer accepts this sign-in; start again."),
            };
            Err(OauthRefusal::Rejected(refusal.error(rejected, message)))
        }
        (Some(word), _) if UNREGISTERED.contains(&word) => failed(refusal.error(
            Code::InvalidCredentials,
            format!("{name} does not accept the gateway's OAuth client; check its client id and secret."),
        )),
        (Some("unverified_user_email"), _) => failed(refusal.error(
            Code::InvalidRequest,
            format!("The account's e-mail address is not verified at {name}."),
        )),
        // `redirect_uri_mismatch`, `invalid_scope` and the like: our registration is not what we
        // say. Those of a proxy in front have statuses that speak for themselves.
        (Some(_), _) if status < 500 && status != 429 => failed(
            Error::internal(format!(
                "{name} refuses the gateway's OAuth request (status {status}): check callback URL, scopes and client"
            ))
            .with_provider(refusal.provider()),
        ),
        _ if status >= 400 => failed(refusal.shared()),
        _ => failed(refusal.error(
            Code::UpstreamUnavailable,
            format!("{name} sent no access token."),
        )),
    }
}

/// Seconds as a number, or as text: Microsoft's older endpoints send `"3599"`. `None` when absent or
/// unreadable.
/// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>
fn lifetime(wire: &Value) -> Option<Duration> {
    let seconds = match wire {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_u64().or_else(|| {
            let fraction = number.as_f64().filter(|seconds| *seconds >= 0.0)?;
            Some(fraction as u64)
        })?,
    };
    Some(Duration::from_secs(seconds).min(LONGEST_LIFE))
}

/// One text with spaces (RFC 6749, section 3.3) or, at GitHub, commas between them; or a list.
fn scopes(wire: &Value) -> Vec<String> {
    let texts: Vec<&str> = match wire {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    };
    let scopes = texts.iter().flat_map(|text| text.split([' ', ',']));
    scopes
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use gitflare_core::provider::ProviderId;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::http::Reply;

    fn read(status: u16, body: &str, rejected: Code) -> Result<ProviderTokens, OauthRefusal> {
        let reply = reply(status, body);
        let refusal = Refusal::new(ProviderId::GITHUB, &reply, &[]);
        read_tokens(&refusal, &reply.body, rejected)
    }

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            has_list: false,
        }
    }

    #[test]
    fn tokens_are_read_with_their_life_and_scopes() {
        for (body, lifetime, refresh, scopes) in [
            (
                r#"{"access_token":"a","scope":"repo,read:user","token_type":"bearer"}"#,
                None,
                None,
                vec!["repo", "read:user"],
            ),
            (
                r#"{"access_token":"a","scope":"","expires_in":28800,"refresh_token":"r"}"#,
                Some(28_800),
                Some("r"),
                vec![],
            ),
            (
                r#"{"access_token":"a","scope":["vso.code","vso.hooks"],"expires_in":"7200","refresh_token":"r"}"#,
                Some(7_200),
                Some("r"),
                vec!["vso.code", "vso.hooks"],
            ),
            (
                r#"{"access_token":"a","scopes":"account repository"}"#,
                None,
                None,
                vec!["account", "repository"],
            ),
            // What cannot be read is unknown.
            (
                r#"{"access_token":"a","scope":7,"expires_in":"soon","refresh_token":{},"error":null}"#,
                None,
                None,
                vec![],
            ),
            (
                r#"{"access_token":"a","expires_in":-1,"refresh_token":"r"}"#,
                None,
                Some("r"),
                vec![],
            ),
            (
                r#"{"access_token":"a","scope":"read_user read_api","expires_in":7200.5,"refresh_token":""}"#,
                Some(7_200),
                None,
                vec!["read_user", "read_api"],
            ),
        ] {
            let tokens = read(200, body, Code::InvalidRequest).unwrap();
            assert_eq!(tokens.access_token.expose(), "a", "{body}");
            assert_eq!(
                tokens.lifetime.map(|life| life.as_secs()),
                lifetime,
                "{body}"
            );
            let refreshed = tokens
                .refresh_token
                .as_ref()
                .map(|token| token.expose().as_str());
            assert_eq!(refreshed, refresh, "{body}");
            assert_eq!(tokens.scopes, scopes, "{body}");
        }
    }

    #[test]
    fn a_refusal_is_for_good_or_not_by_its_word() {
        // sec: PC-7 PC-9
        let canary = r#","error_description":"canary""#;
        for (status, body, is_rejected, code) in [
            // GitHub's refusals come with 200.
            (
                200,
                r#"{"error":"bad_verification_code"#,
                true,
                Code::AuthExpired,
            ),
            (
                200,
                r#"{"error":"bad_refresh_token"#,
                true,
                Code::AuthExpired,
            ),
            (400, r#"{"error":"invalid_grant"#, true, Code::AuthExpired),
            (
                400,
                r#"{"error":"interaction_required"#,
                true,
                Code::AuthExpired,
            ),
            (
                400,
                r#"{"error":"invalid_request"#,
                false,
                Code::InternalError,
            ),
            (
                200,
                r#"{"error":"incorrect_client_credentials"#,
                false,
                Code::InvalidCredentials,
            ),
            (
                401,
                r#"{"error":"invalid_client"#,
                false,
                Code::InvalidCredentials,
            ),
            (
                200,
                r#"{"error":"redirect_uri_mismatch"#,
                false,
                Code::InternalError,
            ),
            (
                400,
                r#"{"error":"invalid_scope"#,
                false,
                Code::InternalError,
            ),
            (
                200,
                r#"{"error":"unverified_user_email"#,
                false,
                Code::InvalidRequest,
            ),
            (
                503,
                r#"{"error":"invalid"#,
                false,
                Code::UpstreamUnavailable,
            ),
            (200, r#"{"x":"y"#, false, Code::UpstreamUnavailable),
        ] {
            let body = format!("{body}\"{canary}}}");
            let refusal = read(status, &body, Code::AuthExpired).unwrap_err();
            let rejected = matches!(refusal, OauthRefusal::Rejected(_));
            let error = refusal.into_error();
            assert_eq!(
                (rejected, error.code()),
                (is_rejected, code),
                "{status} {body}"
            );
            assert!(!error.message().contains("canary"), "{}", error.message());
        }
        for (status, body) in [(502, "<html>"), (200, "<html>"), (200, ""), (500, "{}")] {
            let refusal = read(status, body, Code::AuthExpired).unwrap_err();
            assert!(
                matches!(refusal, OauthRefusal::Failed(_)),
                "{status} {body}"
            );
            assert_eq!(
                refusal.into_error().code(),
                Code::UpstreamUnavailable,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_personal_account_is_told_which_one_to_take() {
        for word in ["invalid_grant", "invalid_request", "access_denied"] {
            let body = format!(
                r#"{{"error":"{word}","error_description":"AADSTS50020: User account 'canary@mail.example' does not exist"}}"#
            );
            let refusal = read(400, &body, Code::InvalidRequest).unwrap_err();
            assert!(matches!(refusal, OauthRefusal::Rejected(_)), "{word}");
            let error = refusal.into_error();
            assert_eq!(error.code(), Code::InvalidRequest);
            assert!(error.message().contains("work or school"), "{error}");
            assert!(!error.message().contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_refresh_token_that_is_over_is_known_by_bitbuckets_words_too() {
        let body = r#"{"error":"invalid_request","error_description":"Invalid refresh_token"}"#;
        for (asked, is_rejected) in [(Code::AuthExpired, true), (Code::InvalidRequest, false)] {
            let refusal = read(400, body, asked).unwrap_err();
            let rejected = matches!(refusal, OauthRefusal::Rejected(_));
            assert_eq!(rejected, is_rejected, "{asked:?}");
        }
    }
}
