//! The programs that a person has let read: public clients, each in a workspace of the person's own. They
//! are changed and ended on the page of each, like every approval; apps and their customers stand in
//! `customers.rs`.

use super::Gateway;
use crate::{
    Result, Scopes, Timestamp, UserId,
    storage::{Authorization, AuthorizationStatus, Client, ClientStatus},
};

/// The most that are listed.
const MOST: usize = 100;

/// A public client that a person has approved.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The client, as it described itself last.
    pub client: Client,
    /// The scopes that were approved, over all accounts together.
    pub permissions: Scopes,
    /// When the approval was begun.
    pub since: Timestamp,
    /// When it last read through one of the accounts; `None` when it has not.
    pub last_used_at: Option<Timestamp>,
}

impl Gateway {
    /// The public clients that may read for a person now, at most 100 of them.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn agents(&self, user: &UserId) -> Result<Vec<Agent>> {
        let own = self.storage.users().own_authorizations(user).await?;
        let mut agents = Vec::new();
        for id in own.iter().take(MOST) {
            if let Some(authorization) = self.storage.authorizations().find(id).await? {
                agents.extend(self.agent(authorization).await?);
            }
        }
        Ok(agents)
    }

    async fn agent(&self, authorization: Authorization) -> Result<Option<Agent>> {
        let client = self
            .storage
            .clients()
            .find(&authorization.client_id)
            .await?;
        let client = client.filter(|client| client.status == ClientStatus::Active);
        let (Some(client), AuthorizationStatus::Active) = (client, authorization.status) else {
            return Ok(None);
        };
        let mut last_used_at = None;
        for grant in self.active_grants(&authorization.id).await? {
            let linked = self
                .storage
                .connections()
                .find(&grant.connection_id)
                .await?;
            last_used_at = last_used_at.max(linked.and_then(|linked| linked.last_used_at));
        }
        Ok(Some(Agent {
            client,
            permissions: authorization.permissions,
            since: authorization.created_at,
            last_used_at,
        }))
    }
}
