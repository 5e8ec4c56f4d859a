//! Encrypted values in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State};
use crate::{
    Result, TenantId,
    keys::key_id,
    storage::{SealedPlace, SealedStore, SealedTokens, SealedValue},
};

/// Says of every value of a place: key, row, tenant, ciphertext.
type Visitor<'a> = &'a mut dyn FnMut(&str, &str, Option<&TenantId>, &mut Vec<u8>);

fn token(tokens: &mut SealedTokens, place: SealedPlace) -> Option<&mut Vec<u8>> {
    match place {
        SealedPlace::ConnectionAccessToken
        | SealedPlace::LinkAccessToken
        | SealedPlace::CleanupAccessToken => tokens.access_token.as_mut(),
        _ => tokens.refresh_token.as_mut(),
    }
}

impl State {
    fn visit(&mut self, place: SealedPlace, visit: Visitor<'_>) {
        match place {
            SealedPlace::ClientEmbedSecret => {
                for (id, sealed) in &mut self.embed_secrets {
                    let tenant = self.clients.get(id).map(|client| &client.tenant_id);
                    visit(id.as_str(), id.as_str(), tenant, sealed);
                }
            }
            SealedPlace::SubscriptionHookSecret | SealedPlace::SubscriptionSecret => {
                for (id, kept) in &mut self.subscriptions {
                    let row = kept.row_mut();
                    let sealed = match place {
                        SealedPlace::SubscriptionSecret => Some(&mut row.sealed_secret),
                        _ => row.sealed_hook_secret.as_mut(),
                    };
                    if let Some(sealed) = sealed {
                        visit(id.as_str(), id.as_str(), Some(&row.tenant_id), sealed);
                    }
                }
            }
            SealedPlace::ConnectionAccessToken | SealedPlace::ConnectionRefreshToken => {
                for (id, (connection, tokens)) in &mut self.connections {
                    if let Some(sealed) = token(tokens, place) {
                        let tenant = connection.tenant_id.as_ref();
                        visit(id.as_str(), id.as_str(), tenant, sealed);
                    }
                }
            }
            SealedPlace::RequestState => {
                for (hash, request) in &mut self.requests {
                    let key = hex::encode(hash.as_bytes());
                    if let Some(sealed) = &mut request.sealed_state {
                        visit(&key, &key, Some(&request.tenant_id), sealed);
                    }
                }
            }
            SealedPlace::LinkVerifier => {
                for (id, kept) in &mut self.links {
                    visit(id.as_str(), id.as_str(), None, kept.verifier_mut());
                }
            }
            SealedPlace::LinkAccessToken | SealedPlace::LinkRefreshToken => {
                for (id, kept) in &mut self.links {
                    let Some(account) = kept.account_mut() else {
                        continue;
                    };
                    if let Some(sealed) = token(&mut account.tokens, place) {
                        visit(id.as_str(), account.connection_id.as_str(), None, sealed);
                    }
                }
            }
            SealedPlace::CleanupAccessToken | SealedPlace::CleanupRefreshToken => {
                for ((kind, subject), job) in &mut self.cleanup {
                    let key = format!("{}:{subject}", kind.as_str());
                    let row = job.connection_id.as_str();
                    if let Some(sealed) = token(&mut job.tokens, place) {
                        visit(&key, row, job.tenant_id.as_ref(), sealed);
                    }
                }
            }
        }
    }
}

#[async_trait]
impl SealedStore for MemoryStorage {
    async fn list(
        &self,
        place: SealedPlace,
        primary: u8,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SealedValue>> {
        let mut values = Vec::new();
        self.state().visit(place, &mut |key, row, tenant, sealed| {
            if key_id(sealed) != Some(primary) && after.is_none_or(|after| key > after) {
                values.push(SealedValue {
                    place,
                    key: key.to_owned(),
                    row: row.to_owned(),
                    tenant: tenant.map_or("", TenantId::as_str).to_owned(),
                    sealed: sealed.clone(),
                });
            }
        });
        values.sort_by(|a, b| a.key.cmp(&b.key));
        values.truncate(limit);
        Ok(values)
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        let mut state = self.state();
        let mut replaced = 0;
        for (value, new) in values {
            state.visit(value.place, &mut |key, _, _, sealed| {
                if key == value.key && *sealed == value.sealed {
                    sealed.clone_from(&new);
                    replaced += 1;
                }
            });
        }
        Ok(replaced)
    }
}
