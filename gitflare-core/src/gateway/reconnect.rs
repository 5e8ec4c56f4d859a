//! Reconnect links: an app mails one to a customer whose account has to be connected again. Mail is kept,
//! forwarded and fetched by scanners, so a link shows nothing and changes nothing. It opens a page on which
//! its holder can only sign in at the provider again; the account that comes back is the proof (TN-4).

use subtle::ConstantTimeEq;

use super::{
    AuditContext, Gateway, Workspace,
    sessions::from_hex,
    workspace::{blocked, display_name},
};
use crate::{
    Error, Result, Timestamp, UserId,
    storage::{AuditAction, AuthorizationStatus, Client, Proof, Session},
};

/// How long a link works, in seconds: a week, in which people read their mail.
const LINK_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Begins what is signed. What signs a link to the consent page begins with a client's id.
const PURPOSE: &str = "reconnect";

/// A signed link for a customer who has to connect an account again.
#[derive(Clone, Debug)]
pub struct ReconnectLink {
    /// The app's own id of the customer, `customer_ref`.
    pub customer_ref: String,
    /// `reconnect_exp`.
    pub expires_at: Timestamp,
    /// `reconnect_sig`, in hex.
    pub signature: String,
}

impl Gateway {
    /// Signs a link by which the customer connects an account again, in any browser, for a week. The
    /// account keeps its id, and what was approved stays. A new embed secret ends all links of an app.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` as for [`Gateway::find_customer`]; `INVALID_REQUEST` when the approval
    /// has ended, or the customer has no `customer_ref`.
    pub async fn sign_reconnect(
        &self,
        user: &UserId,
        client: &str,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<ReconnectLink> {
        let (client, authorization) = self.own_customer(user, client, id).await?;
        if authorization.status == AuthorizationStatus::Revoked {
            return Err(Error::invalid_request(
                "`authorizationId` names an approval that has ended: ask the customer again.",
            ));
        }
        let customer_ref = self.customer_ref(&authorization).await?.ok_or_else(|| {
            Error::invalid_request(
                "`authorizationId` names a customer without a `customer_ref`: no link leads there.",
            )
        })?;
        let ends = self.clock.now().as_seconds() + LINK_SECONDS;
        let expires_at = Timestamp::from_seconds(ends)
            .ok_or_else(|| Error::internal("the clock is out of range"))?;
        let mac = self
            .reconnect_mac(&client, &customer_ref, &ends.to_string())
            .await?;
        let audit = self.audit_success(act, AuditAction::LinkSign, &authorization.id);
        self.storage.audit().append(audit).await?;
        Ok(ReconnectLink {
            customer_ref,
            expires_at,
            signature: hex::encode(mac),
        })
    }

    /// Opens a client's workspace for the holder of a link, in one of these sessions or a new one. It
    /// shows what that session has proven, nothing for a new one. Opening a link again is no fault.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` for a link that is not the client's own or has ended.
    pub async fn open_reconnect(
        &self,
        client: &Client,
        customer_ref: &str,
        expires: &str,
        signature: &str,
        sessions: &[Session],
    ) -> Result<Workspace> {
        // Agents have no customers, and nothing that signs.
        if client.public_id.is_some() {
            return Err(bad_link());
        }
        let ends = expires.parse::<i64>().map_err(|_| bad_link())?;
        let sent = from_hex(signature).ok_or_else(bad_link)?;
        let expected = self.reconnect_mac(client, customer_ref, expires).await?;
        if !bool::from(expected.ct_eq(&sent)) || ends <= self.clock.now().as_seconds() {
            return Err(bad_link());
        }
        let tenants = self.storage.tenants();
        let tenant = tenants.find_customer(&client.id, customer_ref).await?;
        let tenant = tenant.ok_or_else(bad_link)?;
        let known = self.session_of(client, &tenant.id, sessions).await?;
        let (session, begun) = match known {
            Some(session) => (session, None),
            None => {
                let begun = self.begin_embed(client, &tenant.id, None, None).await?;
                (begun.session.clone(), Some(begun))
            }
        };
        let proofs = self.storage.proofs();
        proofs.insert(&session.id, Proof::Reconnect).await?;
        Ok(Workspace {
            customer_name: display_name(&tenant.name),
            tenant,
            session,
            begun,
        })
    }

    async fn reconnect_mac(
        &self,
        client: &Client,
        customer_ref: &str,
        expires: &str,
    ) -> Result<[u8; 32]> {
        let fields = [PURPOSE, client.id.as_str(), customer_ref, expires];
        self.customer_mac(client, &fields).await
    }
}

fn bad_link() -> Error {
    blocked("This link is damaged, or has ended: ask the app that sent it for a new one.")
}
