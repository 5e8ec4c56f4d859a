//! The refresh token grant (RFC 6749, section 6), for public clients: each use brings an access token
//! and the next refresh token, and one that was used before ends all of them (MC-3).

use std::time::Duration;

use super::{
    Audience, AuditContext, Gateway, IssuedToken, TokenRefusal, TokenRequest, tokens::narrowed,
};
use crate::{
    ConnectionId, Credential, CredentialKind, PresentedMember, RequestId, Result, Scopes, Secret,
    Timestamp, TokenId,
    storage::{
        AccessToken, Actor, AuditAction, Client, IssuedBy, Outcome, Redeemed, RefreshFamily,
        Rotation,
    },
};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a refresh token is good for.
const IDLE: Duration = DAY.saturating_mul(30);
/// How long a sign-in lasts at most, however often it is refreshed.
const LIFETIME: Duration = DAY.saturating_mul(90);

/// What the next access token may read.
struct Reach {
    permissions: Scopes,
    connection_ids: Vec<ConnectionId>,
}

impl Gateway {
    /// The first refresh token beside an access token that a code has brought; none for a client
    /// that has a secret.
    pub(super) fn new_family(
        &self,
        client: &Client,
        token: &AccessToken,
        audience: Audience,
    ) -> (Option<Credential>, Option<RefreshFamily>) {
        let (Some(_), Some(authorization)) = (&client.public_id, &token.authorization_id) else {
            return (None, None);
        };
        let text = Credential::generate(CredentialKind::RefreshToken, &*self.random);
        let family =
            PresentedMember::parse(CredentialKind::RefreshToken, text.expose()).map(|member| {
                RefreshFamily {
                    id: member.family(),
                    current: member.hash(),
                    client_id: client.id.clone(),
                    tenant_id: token.tenant_id.clone(),
                    authorization_id: authorization.clone(),
                    is_for_tools: audience == Audience::Tools,
                    permissions: token.permissions,
                    connection_ids: token.connection_ids.clone(),
                    created_at: token.created_at,
                    expires_at: token.created_at.after(IDLE),
                }
            });
        (Some(text), family)
    }

    /// Redeems a refresh token: once, by the client that it was issued to.
    pub(super) async fn redeem_refresh_token(
        &self,
        client: Client,
        request: &TokenRequest,
        request_id: &RequestId,
    ) -> Result<IssuedToken, TokenRefusal> {
        let text = request.refresh_token.as_ref().ok_or_else(|| {
            TokenRefusal::invalid("invalid_request", "`refresh_token` is missing.")
        })?;
        let presented = PresentedMember::parse(CredentialKind::RefreshToken, text.expose());
        let presented = presented.ok_or_else(refused)?;
        let families = self.storage.refresh_tokens();
        let family = families.find(&presented.family()).await?;
        let family = family.ok_or_else(refused)?;
        let actor = Actor::Client(client.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let now = self.clock.now();
        let is_good = family.client_id == client.id && family.current.matches(&presented.hash());
        let reach = match is_good && now < family.expires_at {
            true => self.reach(&family, request, &act).await?,
            // It will not be issued. A used one ends what it has brought, whatever else is wrong.
            false => Reach {
                permissions: family.permissions,
                connection_ids: Vec::new(),
            },
        };
        let audience = Audience::of_family(family.is_for_tools);
        let token_text = Credential::generate(audience.token(), &*self.random);
        let next = Credential::successor(&presented, &*self.random);
        let token = self.refreshed_token(&family, reach, now);
        let rotation = Rotation {
            client_id: client.id,
            presented: presented.hash(),
            next: next.hash(),
            at: now,
            expires_at: now.after(IDLE).min(family.created_at.after(LIFETIME)),
            issued: self.audit_success(&act, AuditAction::TokenIssue, &token.id),
            replayed: self.audit(
                &act,
                AuditAction::RefreshReplay,
                family.authorization_id.as_str(),
                Outcome::Denied,
            ),
            token: token.clone(),
            token_hash: token_text.hash(),
        };
        match families.rotate(&family.id, rotation).await? {
            Redeemed::Issued => {
                Ok(IssuedToken::new(token, token_text).with_refresh_token(Some(next)))
            }
            Redeemed::Refused | Redeemed::Replayed => Err(refused()),
        }
    }

    fn refreshed_token(&self, family: &RefreshFamily, reach: Reach, now: Timestamp) -> AccessToken {
        AccessToken {
            id: TokenId::generate(&*self.clock, &*self.random),
            tenant_id: family.tenant_id.clone(),
            client_id: family.client_id.clone(),
            authorization_id: Some(family.authorization_id.clone()),
            issued_by: IssuedBy::RefreshToken,
            permissions: reach.permissions,
            connection_ids: reach.connection_ids,
            created_at: now,
            expires_at: now.after(self.settings.token_ttl),
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// What the next access token may read: no more than was approved at the sign-in, through what
    /// is still shared since then. A family of which nothing is shared any more is ended.
    async fn reach(
        &self,
        family: &RefreshFamily,
        request: &TokenRequest,
        act: &AuditContext<'_>,
    ) -> Result<Reach, TokenRefusal> {
        let audience = Audience::of_family(family.is_for_tools);
        if request.resource.is_some() && request.audience != Some(audience) {
            return Err(TokenRefusal::invalid(
                "invalid_target",
                "`resource` is not the one that was approved.",
            ));
        }
        let permissions = narrowed(family.permissions, request.scope.as_deref())?;
        let grants = self.active_grants(&family.authorization_id).await?;
        let connection_ids: Vec<_> = grants
            .into_iter()
            // One that was made anew is another decision.
            .filter(|grant| {
                grant.created_at <= family.created_at
                    && family.connection_ids.contains(&grant.connection_id)
            })
            .map(|grant| grant.connection_id)
            .collect();
        if connection_ids.is_empty() {
            let id = &family.authorization_id;
            let audit = self.audit_success(act, AuditAction::TokenRevoke, id);
            let families = self.storage.refresh_tokens();
            families.end(&family.id, self.clock.now(), audit).await?;
            return Err(refused());
        }
        Ok(Reach {
            permissions,
            connection_ids,
        })
    }

    /// Ends the family of a client's own refresh token; `false` when the text is none.
    pub(super) async fn end_own_family(
        &self,
        client: &Client,
        text: &Secret<String>,
        act: &AuditContext<'_>,
    ) -> Result<bool> {
        let member = PresentedMember::parse(CredentialKind::RefreshToken, text.expose());
        let Some(member) = member else {
            return Ok(false);
        };
        let families = self.storage.refresh_tokens();
        let found = families.find(&member.family()).await?;
        if let Some(family) = found.filter(|family| family.client_id == client.id) {
            let id = &family.authorization_id;
            let audit = self.audit_success(act, AuditAction::TokenRevoke, id);
            families.end(&family.id, self.clock.now(), audit).await?;
        }
        Ok(true)
    }
}

/// A refresh token that is unknown, used, over or another client's: nobody learns which.
fn refused() -> TokenRefusal {
    TokenRefusal::invalid(
        "invalid_grant",
        "`refresh_token` is unknown, used, expired or another client's: sign in again.",
    )
}
