//! What an access token says of itself. Tokens of Microsoft Entra for Azure DevOps are JSON Web Tokens
//! (RFC 7519); nothing here proves one: what it says chooses among refusals, and the address of a refresh.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// A claim that is a text; `None` without it, and for what is no JSON Web Token.
pub(super) fn claim(token: &str, name: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims[name].as_str().map(str::to_owned)
}

/// Whether a token says what it may do, and this scope is not among it, under any of its wider forms.
pub(super) fn lacks(token: &str, scope: &str) -> bool {
    let Some(scopes) = claim(token, "scp") else {
        return false;
    };
    let allows = |word: &str| {
        // The resource may stand in front.
        let word = word.rsplit('/').next().unwrap_or(word);
        let wider = word.strip_prefix(scope);
        word == "user_impersonation"
            || wider.is_some_and(|rest| ["", "_write", "_manage", "_full"].contains(&rest))
    };
    !scopes.split(' ').any(allows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_lacks_what_it_lists_without_naming_it() {
        for (claims, lacking) in [
            (r#"{"scp": "vso.profile"}"#, true),
            (r#"{"scp": "vso.profile vso.code_status"}"#, true),
            (r#"{"scp": "vso.profile vso.code"}"#, false),
            (r#"{"scp": "499b84ac/vso.code_write"}"#, false),
            (r#"{"scp": "user_impersonation"}"#, false),
            // Service principals have roles; then nothing is known.
            (r#"{"roles": ["x"]}"#, false),
            (r#"{"scp": 7}"#, false),
            ("no JSON", false),
        ] {
            assert_eq!(lacks(&token(claims), "vso.code"), lacking, "{claims}");
        }
        for other in ["", "pat", "a.b", "a.%.c"] {
            assert!(!lacks(other, "vso.code"), "{other}");
        }
    }
}
