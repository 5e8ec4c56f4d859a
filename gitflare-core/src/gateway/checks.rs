//! The checks that come before a request's parameters, in the contract's order: credential,
//! admission, then what [`policy::decide`] judges (provider, authorization, scope, connection,
//! policy, repository, capability). Every unified read and every subscription runs these two
//! functions and no other check of its own; nothing here writes, and no provider is called.

use std::time::Instant;

use super::{Audience, Gateway, Query, ReadCredential, ReadRequest, record::UsageDraft};
use crate::{
    ConnectionId, CredentialHash, GrantId, Result, Scopes,
    policy::{self, Approved, Facts, Permit, Presented, RequestedProvider},
    provider::{Endpoint, ProviderId, Support, TreePath},
    storage::{Access, Connection, RepositoryKey, SealedTokens, Share},
};

/// A request with what its credential and its provider turned out to be.
pub(super) struct Identified {
    credential: Resolved,
    provider: RequestedProvider,
}

/// Result of resolving a credential.
enum Resolved {
    Nothing,
    Unknown,
    Token(Box<Access>),
    Connection(Option<Box<Share>>),
}

/// The outcome of all checks that come before a request's parameters.
pub(super) struct Permitted<'a> {
    /// The token and its grants; `None` in legacy mode, where a connection's id is the credential.
    pub(super) access: Option<&'a Access>,
    /// The connections that may serve it, and the approved repository.
    pub(super) permit: Permit<'a>,
    /// The provider that was named, with what it says of the endpoint; `None` for all of them.
    pub(super) provider: Option<(ProviderId, Support)>,
}

impl Gateway {
    /// The request with its repository spelt as approvals, cursors and subscriptions have it: every
    /// spelling of an id names the same one.
    pub(super) fn spelt(&self, mut request: ReadRequest) -> ReadRequest {
        if let (Some(id), Some(repository)) = (&request.provider, &request.repository)
            && let Ok(provider) = self.enabled(id)
            && let Some(repository) = provider.respelt(repository)
        {
            request.repository = Some(repository);
        }
        request
    }

    /// Finds out who asks, and counts the read. What is wrong with the credential is judged in
    /// [`Gateway::permit`].
    ///
    /// # Errors
    /// `RATE_LIMITED` when the token reads too often; the storage's own.
    pub(super) async fn identify(
        &self,
        request: &ReadRequest,
        draft: &mut UsageDraft<'_>,
    ) -> Result<Identified> {
        let provider = self.requested_provider(request);
        let key = match (provider, request.repository.as_deref()) {
            (RequestedProvider::Known(provider, _), Some(key)) => {
                Some(RepositoryKey { provider, key })
            }
            _ => None,
        };
        if let RequestedProvider::Known(provider, _) = provider {
            draft.provider = Some(provider);
        }
        let began = Instant::now();
        let credential = self.resolve_credential(&request.credential, key).await;
        draft.lookup = Some(began.elapsed());
        let credential = credential?;
        if let Resolved::Token(access) = &credential {
            draft.attribute_to(access);
            let token = &access.token;
            self.admission.admit(&token.id, &token.client_id)?;
        }
        Ok(Identified {
            credential,
            provider,
        })
    }

    /// Decides what the request may do.
    ///
    /// # Errors
    /// The code of the first check that fails, in the contract's order.
    pub(super) fn permit<'a>(
        &self,
        request: &'a ReadRequest,
        identified: &'a Identified,
        draft: &mut UsageDraft<'_>,
    ) -> Result<Permitted<'a>> {
        let (presented, access) = match &identified.credential {
            Resolved::Nothing => (Presented::Nothing, None),
            Resolved::Unknown => (Presented::Unknown, None),
            Resolved::Token(access) => (Presented::Token(access), Some(&**access)),
            Resolved::Connection(share) => (Presented::Connection(share.as_deref()), None),
        };
        let permit = policy::decide(&Facts {
            endpoint: request.endpoint,
            presented,
            provider: identified.provider,
            // Sent twice it names none; the parameters are judged later.
            connection: request.query.value("connectionId").ok().flatten(),
            repository: request.repository.as_deref(),
            path_is_blocked: self.blocks_path(request.endpoint, &request.query),
            now: draft.at,
        })?;
        if let Some(Approved::Listed(repo)) = &permit.repository {
            draft.repository = Some(repo.id.clone());
        }
        Ok(Permitted {
            access,
            permit,
            provider: match identified.provider {
                RequestedProvider::Known(id, support) => Some((id, support)),
                RequestedProvider::None | RequestedProvider::Unknown => None,
            },
        })
    }

    /// The provider that the path names, or for a list over all the query.
    fn requested_provider(&self, request: &ReadRequest) -> RequestedProvider {
        let id = match (&request.provider, request.endpoint) {
            (Some(id), _) => id.as_str(),
            (None, Endpoint::Repositories) => match request.query.peek("provider") {
                Some(id) => id,
                None => return RequestedProvider::None,
            },
            (None, _) => return RequestedProvider::None,
        };
        match self.enabled(id) {
            Ok(provider) => {
                RequestedProvider::Known(provider.id(), provider.support(request.endpoint))
            }
            Err(_) => RequestedProvider::Unknown,
        }
    }

    /// Reads what the credential stands for.
    async fn resolve_credential(
        &self,
        credential: &ReadCredential,
        key: Option<RepositoryKey<'_>>,
    ) -> Result<Resolved> {
        match credential {
            ReadCredential::Bearer(text) | ReadCredential::ToolBearer(text) => {
                let audience = match credential {
                    ReadCredential::ToolBearer(_) => Audience::Tools,
                    _ => Audience::Api,
                };
                let hash = CredentialHash::of_presented(audience.token(), text.expose());
                let access = match hash {
                    Some(hash) => self.find_access(&hash, key).await?,
                    None => None,
                };
                Ok(access.map_or(Resolved::Unknown, |access| Resolved::Token(access.into())))
            }
            ReadCredential::Connection(id) if !self.settings.enforce_platform_auth => {
                let found = match ConnectionId::parse(id) {
                    Ok(id) => self.storage.connections().find_with_tokens(&id).await?,
                    Err(_) => None,
                };
                Ok(Resolved::Connection(found.map(|(connection, tokens)| {
                    Box::new(self.whole_share(connection, tokens))
                })))
            }
            ReadCredential::None | ReadCredential::Connection(_) => Ok(Resolved::Nothing),
        }
    }

    /// A token with all that decides about it. One of a public client that is no longer let in is as
    /// one of a client that was deleted.
    pub(super) async fn find_access(
        &self,
        hash: &CredentialHash,
        key: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        let mut found = self.storage.tokens().find_access(hash, key).await?;
        if let Some(access) = &mut found
            && let Some(public_id) = &access.client_public_id
            && !self.public_clients.let_in(public_id)
        {
            access.client_is_active = false;
        }
        Ok(found)
    }

    /// A connection that stands for a grant over all that it can read: in legacy mode, and for the
    /// people whose connection it is.
    pub(super) fn whole_share(&self, connection: Connection, tokens: SealedTokens) -> Share {
        Share {
            grant_id: GrantId::generate(&*self.clock, &*self.random),
            permissions: Scopes::all(),
            expires_at: None,
            approves_all: true,
            approved: None,
            connection,
            tokens,
        }
    }

    /// Whether the firewall blocks the folder that a tree is asked for.
    fn blocks_path(&self, endpoint: Endpoint, query: &Query) -> bool {
        endpoint == Endpoint::FileTree
            && query
                .peek("path")
                .and_then(|path| TreePath::parse("path", path).ok())
                .is_some_and(|path| {
                    let path = path.as_str();
                    self.filter.blocks(path) || self.filter.blocks(&format!("{path}/"))
                })
    }
}
