//! Who claims an account that was linked, and whether it may. What it becomes is decided where accounts
//! are linked.

use crate::{
    CredentialHash, FlowId, TenantId, UserId,
    storage::{Handover, LinkFlow, LinkKind},
};

/// Session that claims an account. Every member has been proven.
#[derive(Debug)]
pub struct LinkClaim<'a> {
    /// The id of the flow, as the start answered it.
    pub flow_id: &'a FlowId,
    /// The completion code, as presented.
    pub completion_code: &'a str,
    /// The tenant that is to own the connection.
    pub tenant_id: &'a TenantId,
    /// User who has signed in; `None` for a customer.
    pub user_id: Option<&'a UserId>,
    /// The consent or page that claims.
    pub workspace: Option<&'a str>,
    /// The browser that claims, by its flow cookie.
    pub browser: Option<CredentialHash>,
}

impl LinkClaim<'_> {
    /// Whether a claim is by whom the flow was started for. A flow that nobody had signed in for is
    /// anybody's who holds its code; where the code stood in an address, only in the browser that had
    /// it there, or a page that leads on would hand the account to a stranger (PC-3).
    pub(super) fn is_entitled(&self, flow: &LinkFlow) -> bool {
        let same_tenant = flow
            .tenant_id
            .as_ref()
            .is_none_or(|id| id == self.tenant_id);
        let same_user = flow
            .user_id
            .as_ref()
            .is_none_or(|id| Some(id) == self.user_id);
        let same_workspace = flow.workspace.as_deref() == self.workspace;
        let is_addressed = flow.kind == LinkKind::Api && flow.handover == Handover::Redirect;
        let same_browser = match (&flow.browser, &self.browser) {
            (Some(started), Some(claims)) => started.matches(claims),
            (Some(_), None) => false,
            (None, _) => true,
        };
        same_tenant && same_user && same_workspace && (same_browser || !is_addressed)
    }
}
