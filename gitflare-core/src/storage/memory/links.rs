//! Link flows in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State};
use crate::{
    Code, ConnectionId, CredentialHash, FlowId, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        CleanupJob, CleanupKind, LinkFlow, LinkStore, PostedKey, PostedOutcome, UnclaimedAccount,
    },
};

/// A flow and what it waits for.
#[derive(Debug)]
pub(super) struct KeptFlow {
    flow: LinkFlow,
    state: Option<CredentialHash>,
    account: Option<(UnclaimedAccount, CredentialHash)>,
    /// Whether the provider has posted the code.
    posted: bool,
    failure: Option<Code>,
}

impl KeptFlow {
    pub(super) fn verifier_mut(&mut self) -> &mut Vec<u8> {
        &mut self.flow.sealed_verifier
    }

    /// Ends the flow, if it is a tenant's; what came back of it goes with the next purge.
    pub(super) fn end_of(&mut self, tenant: &TenantId, at: Timestamp) {
        if self.flow.tenant_id.as_ref() == Some(tenant) {
            self.flow.expires_at = self.flow.expires_at.min(at);
        }
    }

    pub(super) fn account_mut(&mut self) -> Option<&mut UnclaimedAccount> {
        self.account.as_mut().map(|(account, _)| account)
    }
}

impl State {
    fn queue_unclaimed(&mut self, kept: KeptFlow, now: Timestamp) {
        let Some((unclaimed, _)) = kept.account else {
            return;
        };
        self.enqueue(CleanupJob {
            kind: CleanupKind::RevokeTokens,
            subject: unclaimed.connection_id.as_str().to_owned(),
            provider: kept.flow.provider,
            connection_id: unclaimed.connection_id,
            tenant_id: None,
            api_base_url: None,
            tokens: unclaimed.tokens,
            attempts: 0,
            next_attempt_at: now,
            created_at: now,
        });
    }
}

#[async_trait]
impl LinkStore for MemoryStorage {
    async fn insert(&self, flow: LinkFlow, state: CredentialHash) -> Result<()> {
        let kept = KeptFlow {
            flow: flow.clone(),
            state: Some(state),
            account: None,
            posted: false,
            failure: None,
        };
        self.state().links.insert(flow.id, kept);
        Ok(())
    }

    async fn find(&self, id: &FlowId) -> Result<Option<LinkFlow>> {
        Ok(self.state().links.get(id).map(|kept| kept.flow.clone()))
    }

    async fn take_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let mut links = self.state();
        let kept = links
            .links
            .values_mut()
            .find(|kept| kept.state.as_ref() == Some(state));
        Ok(kept.and_then(|kept| {
            kept.state = None;
            (now < kept.flow.expires_at).then(|| kept.flow.clone())
        }))
    }

    async fn post_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let mut links = self.state();
        let mut all = links.links.values_mut();
        let kept = all.find(|kept| kept.state.as_ref() == Some(state) && !kept.posted);
        Ok(kept.and_then(|kept| {
            kept.posted = true;
            (now < kept.flow.expires_at).then(|| kept.flow.clone())
        }))
    }

    async fn fail_posted(&self, id: &FlowId, code: Code) -> Result<()> {
        if let Some(kept) = self.state().links.get_mut(id) {
            kept.failure = Some(code);
        }
        Ok(())
    }

    async fn note_stray(&self, provider: ProviderId, at: Timestamp) -> Result<()> {
        self.state().strays.insert(provider, at);
        Ok(())
    }

    async fn last_stray(&self, provider: ProviderId) -> Result<Option<Timestamp>> {
        Ok(self.state().strays.get(&provider).copied())
    }

    async fn find_posted(
        &self,
        key: PostedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>> {
        let state = self.state();
        let waiting = state.links.values().filter(|kept| {
            let flow = &kept.flow;
            let is_meant = match key {
                PostedKey::State(state) => kept.state.as_ref() == Some(state),
                PostedKey::Browser(browser, provider) => {
                    flow.browser.as_ref() == Some(browser) && flow.provider == provider
                }
            };
            is_meant && kept.state.is_some() && now < flow.expires_at
        });
        let found = waiting.max_by_key(|kept| {
            let flow = &kept.flow;
            (kept.posted, flow.created_at, flow.id.clone())
        });
        Ok(found.map(|kept| {
            let outcome = match (kept.failure, &kept.account) {
                (Some(code), _) => PostedOutcome::Failed(code),
                (None, Some(_)) => PostedOutcome::Linked,
                (None, None) => PostedOutcome::Awaited,
            };
            (kept.flow.clone(), outcome)
        }))
    }

    async fn return_posted(&self, id: &FlowId, code: CredentialHash) -> Result<bool> {
        let mut state = self.state();
        let Some(kept) = state.links.get_mut(id) else {
            return Ok(false);
        };
        let is_first = kept.state.take().is_some();
        if let (true, Some((_, known))) = (is_first, &mut kept.account) {
            *known = code;
        }
        Ok(is_first)
    }

    async fn put_account(
        &self,
        id: &FlowId,
        account: UnclaimedAccount,
        code: CredentialHash,
        expires_at: Timestamp,
    ) -> Result<()> {
        if let Some(kept) = self.state().links.get_mut(id) {
            kept.account = Some((account, code));
            kept.flow.expires_at = expires_at;
        }
        Ok(())
    }

    async fn take_account(
        &self,
        id: &FlowId,
        code: &CredentialHash,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, UnclaimedAccount)>> {
        let mut state = self.state();
        let Some(kept) = state.links.get_mut(id) else {
            return Ok(None);
        };
        let is_meant = kept.account.as_ref().is_some_and(|(_, of)| of == code);
        if !is_meant || kept.flow.expires_at <= now {
            return Ok(None);
        }
        let flow = kept.flow.clone();
        Ok(kept.account.take().map(|(account, _)| (flow, account)))
    }

    async fn finish(&self, id: &FlowId, connection: &ConnectionId) -> Result<()> {
        if let Some(kept) = self.state().links.get_mut(id) {
            kept.flow.connection_id = Some(connection.clone());
        }
        Ok(())
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let mut state = self.state();
        let ended: Vec<_> = state
            .links
            .iter()
            .filter(|(_, kept)| kept.flow.expires_at < now)
            .map(|(id, _)| id.clone())
            .take(limit)
            .collect();
        for id in &ended {
            if let Some(kept) = state.links.remove(id) {
                state.queue_unclaimed(kept, now);
            }
        }
        Ok(ended.len())
    }
}
