//! The sign-ins of a public client. Each has tokens of its own, but a person shares with the client as
//! such: what one sign-in may see must not come to the others.

use super::{AuditContext, ConsentContext, Gateway};
use crate::{
    Result,
    storage::{AuditAction, Grant, Sharing},
};

impl Gateway {
    /// Ends the sign-ins that a public client has had so far, where this one sees more repositories:
    /// all of them read what is shared last, and what was approved on one page is not for whoever holds
    /// the tokens of another (OA-7, MC-4).
    pub(super) async fn end_narrower(
        &self,
        context: &ConsentContext,
        sharing: &Sharing,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        let live = context.authorization.as_ref();
        let Some(live) = live.filter(|_| context.client.public_id.is_some()) else {
            return Ok(());
        };
        let is_covered = |grant: &Grant| {
            let mut had = context.grants.iter();
            had.any(|had| had.connection_id == grant.connection_id && had.covers(grant))
        };
        if sharing.grants.iter().all(is_covered) {
            return Ok(());
        }
        let audit = self.audit_success(act, AuditAction::AuthorizationRevoke, &live.id);
        let authorizations = self.storage.authorizations();
        authorizations.revoke(&live.id, sharing.at, audit).await?;
        Ok(())
    }
}
