//! The authorization code grant, and what a client may ask of its own tokens: revocation (RFC 7009)
//! and introspection (RFC 7662).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    Audience, AuditContext, Gateway, Introspection, IssuedToken, TokenRefusal, TokenRequest,
};
use crate::{
    Credential, RequestId, Secret, TokenId,
    storage::{
        AccessToken, Actor, AuditAction, AuthorizationCode, Client, IssuedBy, Outcome, Redeemed,
        Redemption,
    },
};

impl Gateway {
    /// Redeems a code for a token: once, by the client it was issued to, with the redirect URI and
    /// the verifier that belong to it (TK-2 to TK-4, RU-4).
    pub(super) async fn redeem_code(
        &self,
        client: Client,
        request: &TokenRequest,
        request_id: &RequestId,
    ) -> Result<IssuedToken, TokenRefusal> {
        let missing =
            |name: &str| TokenRefusal::invalid("invalid_request", format!("`{name}` is missing."));
        let text = request.code.as_ref().ok_or_else(|| missing("code"))?;
        let redirect_uri = request.redirect_uri.as_deref();
        let redirect_uri = redirect_uri.ok_or_else(|| missing("redirect_uri"))?;
        let (audience, hash) = Audience::of_code(text.expose()).ok_or_else(refused)?;
        let code = self
            .storage
            .codes()
            .find(&hash)
            .await?
            .ok_or_else(refused)?;
        // A spent one ends what it bought, whatever else is wrong with the request (TK-3).
        if code.client_id == client.id && !code.is_spent {
            if code.redirect_uri != redirect_uri {
                return Err(TokenRefusal::invalid(
                    "invalid_grant",
                    "`redirect_uri` is not the one that the code was sent to: send the same text as to /oauth/authorize.",
                ));
            }
            if request.resource.is_some() && request.audience != Some(audience) {
                return Err(TokenRefusal::invalid(
                    "invalid_target",
                    "`resource` is not the one that was approved.",
                ));
            }
            check_verifier(&code, request.code_verifier.as_ref())?;
        }
        let text = Credential::generate(audience.token(), &*self.random);
        let token = self.token_of(&client, code);
        let actor = Actor::Client(client.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let (refresh_token, family) = self.new_family(&client, &token, audience);
        let redemption = Redemption {
            client_id: client.id,
            family,
            at: token.created_at,
            issued: self.audit_success(&act, AuditAction::TokenIssue, &token.id),
            replayed: self.audit(
                &act,
                AuditAction::CodeReplay,
                token.authorization_id.as_ref().map_or("", AsRef::as_ref),
                Outcome::Denied,
            ),
            token: token.clone(),
            token_hash: text.hash(),
        };
        match self.storage.codes().redeem(&hash, redemption).await? {
            Redeemed::Issued => Ok(IssuedToken::new(token, text).with_refresh_token(refresh_token)),
            Redeemed::Refused | Redeemed::Replayed => Err(refused()),
        }
    }

    fn token_of(&self, client: &Client, code: AuthorizationCode) -> AccessToken {
        let now = self.clock.now();
        AccessToken {
            id: TokenId::generate(&*self.clock, &*self.random),
            tenant_id: code.tenant_id,
            client_id: client.id.clone(),
            authorization_id: Some(code.authorization_id),
            issued_by: IssuedBy::AuthorizationCode,
            permissions: code.permissions,
            connection_ids: code.connection_ids,
            created_at: now,
            expires_at: now.after(self.settings.token_ttl),
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// Revokes a client's own token; a refresh token with all that its family has brought. Any other is left alone, and nobody learns of it (RFC 7009).
    ///
    /// # Errors
    /// `invalid_client`.
    pub async fn revoke_own_token(
        &self,
        credentials: &TokenRequest,
        text: &Secret<String>,
        request_id: &RequestId,
    ) -> Result<(), TokenRefusal> {
        let client = self.authenticate(credentials).await?;
        let actor = Actor::Client(client.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        if self.end_own_family(&client, text, &act).await? {
            return Ok(());
        }
        let Some(token) = self.own_token(&client, text).await? else {
            return Ok(());
        };
        self.revoke_token(token.id.as_str(), &act).await?;
        Ok(())
    }

    /// What a client's own token stands for; `None` for any other (RFC 7662).
    ///
    /// # Errors
    /// `invalid_client`.
    pub async fn introspect_own_token(
        &self,
        credentials: &TokenRequest,
        text: &Secret<String>,
    ) -> Result<Option<Introspection>, TokenRefusal> {
        let client = self.authenticate(credentials).await?;
        match self.own_token(&client, text).await? {
            Some(_) => Ok(self
                .introspect(text.expose())
                .await?
                .map(Introspection::from)),
            None => Ok(None),
        }
    }

    async fn own_token(
        &self,
        client: &Client,
        text: &Secret<String>,
    ) -> Result<Option<AccessToken>, TokenRefusal> {
        let access = match Audience::hash_of_any(text.expose()) {
            Some(hash) => self.find_access(&hash, None).await?,
            None => None,
        };
        let token = access.map(|access| access.token);
        Ok(token.filter(|token| token.client_id == client.id))
    }
}

/// A challenge demands its verifier, and a verifier its challenge: whoever leaves out one of them
/// may be somebody who has stolen the code (TK-4).
fn check_verifier(
    code: &AuthorizationCode,
    verifier: Option<&Secret<String>>,
) -> Result<(), TokenRefusal> {
    let invalid = |message| Err(TokenRefusal::invalid("invalid_grant", message));
    match (&code.code_challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => invalid("`code_verifier` is missing."),
        (None, Some(_)) => invalid("`code_verifier` was sent, but the code has no challenge."),
        (Some(challenge), Some(verifier)) => {
            let text = verifier.expose();
            let is_formed = (43..=128).contains(&text.len())
                && text.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
                });
            let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text));
            let matches: bool = digest.as_bytes().ct_eq(challenge.as_bytes()).into();
            match is_formed && matches {
                true => Ok(()),
                false => invalid("`code_verifier` does not belong to the code's challenge."),
            }
        }
    }
}

/// A code that is unknown, spent, over or another client's: nobody learns which.
fn refused() -> TokenRefusal {
    TokenRefusal::invalid(
        "invalid_grant",
        "`code` is unknown, spent, expired or another client's.",
    )
}
