//! The authorization decision: may this credential read this, and through which connection? One
//! pure function over facts that were read before; the order of its checks is the contract's, and
//! the first that fails names the code. Parameters, cursor and upstream come after it.

#[cfg(test)]
mod tests;

use crate::{
    Code, Error, Result, Timestamp,
    provider::{Endpoint, ProviderId, RepoRef, Support},
    storage::{Access, AuthorizationStatus, Connection, ConnectionStatus, Share},
};

/// Kind of the presented credential.
#[derive(Clone, Copy, Debug)]
pub enum Presented<'a> {
    /// No credential was sent.
    Nothing,
    /// Something that is not a token of ours.
    Unknown,
    /// A token of ours, dead or alive.
    Token(&'a Access),
    /// A connection's id in legacy mode; `None` when there is no such connection.
    Connection(Option<&'a Share>),
}

/// The provider that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedProvider {
    /// No provider is named: the endpoint reads over all of them.
    None,
    /// An unknown or disabled provider.
    Unknown,
    /// An enabled provider, with what it says of the endpoint.
    Known(ProviderId, Support),
}

/// Everything that decides about a read.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The requested operation.
    pub endpoint: Endpoint,
    /// The credential, with what it stands for.
    pub presented: Presented<'a>,
    /// The provider that was named.
    pub provider: RequestedProvider,
    /// Through which of the token's connections, where one was chosen.
    pub connection: Option<&'a str>,
    /// Repository as the client named it.
    pub repository: Option<&'a str>,
    /// Whether the firewall blocks the path that was asked for.
    pub path_is_blocked: bool,
    /// The moment of the request; expiries are judged by it.
    pub now: Timestamp,
}

/// A read that is allowed, and through which connections.
#[derive(Debug)]
pub struct Permit<'a> {
    /// The shares that may serve the read, oldest connection first: exactly one for a repository.
    pub shares: Vec<&'a Share>,
    /// The repository, for the endpoints under one.
    pub repository: Option<Approved<'a>>,
}

/// The approval that covers the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approved<'a> {
    /// Approved by its own id.
    Listed(RepoRef),
    /// Everything the connection can read is; what the client named may be an id or a name.
    Unlisted(&'a str),
}

/// Decides a read.
///
/// # Errors
/// The code of the first check that fails.
pub fn decide<'a>(facts: &Facts<'a>) -> Result<Permit<'a>> {
    let shares = match facts.presented {
        Presented::Nothing => {
            return Err(Error::new(
                Code::AuthRequired,
                "Send an access token as `Authorization: Bearer`.",
            ));
        }
        Presented::Unknown => {
            return Err(Error::new(
                Code::InvalidCredentials,
                "This is not an access token of this gateway.",
            ));
        }
        Presented::Token(access) => token_shares(facts, access)?,
        Presented::Connection(share) => {
            check_provider(facts.provider)?;
            share.into_iter().collect()
        }
    };
    let share = candidates(facts, shares)?;
    if facts.path_is_blocked {
        return Err(Error::new(
            Code::AccessBlockedByPolicy,
            "The firewall blocks this path.",
        ));
    }
    let permit = approve(facts, share)?;
    if let RequestedProvider::Known(provider, Support::None { .. }) = facts.provider {
        return Err(Error::unsupported(provider, facts.endpoint));
    }
    Ok(permit)
}

/// Token, provider, authorization and scope; then the grants that count.
fn token_shares<'a>(facts: &Facts<'a>, access: &'a Access) -> Result<Vec<&'a Share>> {
    check_live(access, facts.now)?;
    check_provider(facts.provider)?;
    match access.authorization {
        None => {
            return Err(Error::new(
                Code::ApprovalRequired,
                "No customer has approved this client yet.",
            ));
        }
        Some(AuthorizationStatus::Pending) => {
            return Err(Error::new(
                Code::ApprovalPending,
                "The customer has not decided about this client yet.",
            ));
        }
        // A revoked authorization has ended its tokens above.
        Some(AuthorizationStatus::Active | AuthorizationStatus::Revoked) => {}
    }
    let scope = facts.endpoint.scope();
    let live: Vec<&Share> = access
        .shares
        .iter()
        .filter(|share| {
            share.expires_at.is_none_or(|end| end > facts.now)
                && share.connection.status != ConnectionStatus::Revoked
                && access.token.connection_ids.contains(&share.connection.id)
        })
        .collect();
    let granted: Vec<&Share> = live
        .iter()
        .copied()
        .filter(|share| share.permissions.contains(scope))
        .collect();
    // A token whose every connection is gone lacks connections, not the scope.
    if !access.token.permissions.contains(scope) || (granted.is_empty() && !live.is_empty()) {
        return Err(insufficient_scope(facts.endpoint));
    }
    if let RequestedProvider::Known(provider, _) = facts.provider {
        let of_provider = |shares: &[&Share]| {
            shares
                .iter()
                .any(|share| share.connection.provider == provider)
        };
        if of_provider(&live) && !of_provider(&granted) {
            return Err(insufficient_scope(facts.endpoint));
        }
    }
    Ok(granted)
}

/// Whether a token works at all: `AUTH_EXPIRED` when it, its client or its authorization ended.
///
/// # Errors
/// `AUTH_EXPIRED`.
pub fn check_live(access: &Access, now: Timestamp) -> Result<()> {
    let token = &access.token;
    if token.revoked_at.is_some()
        || !access.client_is_active
        || access.authorization == Some(AuthorizationStatus::Revoked)
    {
        return Err(Error::new(
            Code::AuthExpired,
            "The access token has been revoked.",
        ));
    }
    if token.expires_at <= now {
        return Err(Error::new(
            Code::AuthExpired,
            "The access token has expired.",
        ));
    }
    Ok(())
}

fn check_provider(named: RequestedProvider) -> Result<()> {
    match named {
        RequestedProvider::Unknown => Err(Error::unknown_provider()),
        RequestedProvider::None | RequestedProvider::Known(..) => Ok(()),
    }
}

/// The shares of the provider and connection that were named.
fn candidates<'a>(facts: &Facts<'_>, shares: Vec<&'a Share>) -> Result<Vec<&'a Share>> {
    let named = match facts.provider {
        RequestedProvider::Known(provider, _) => Some(provider),
        RequestedProvider::None | RequestedProvider::Unknown => None,
    };
    let of_request = |connection: &Connection| {
        named.is_none_or(|provider| connection.provider == provider)
            && facts
                .connection
                .is_none_or(|id| connection.id.as_str() == id)
    };
    let candidates: Vec<&Share> = shares
        .into_iter()
        .filter(|share| of_request(&share.connection))
        .collect();
    let usable = |share: &&Share| share.connection.status == ConnectionStatus::Active;
    if candidates.iter().any(usable) {
        return Ok(candidates.into_iter().filter(usable).collect());
    }
    let error = if candidates
        .iter()
        .any(|share| share.connection.status == ConnectionStatus::NeedsReconnect)
    {
        Error::new(
            Code::AuthExpired,
            "The provider no longer accepts this connection; its owner must reconnect.",
        )
    } else {
        Error::new(
            Code::ProviderAccountNotConnected,
            "No account of this provider is connected for this token.",
        )
    };
    Err(match named {
        Some(provider) => error.with_provider(provider),
        None => error,
    })
}

/// The oldest connection that has the repository approved.
fn approve<'a>(facts: &Facts<'a>, shares: Vec<&'a Share>) -> Result<Permit<'a>> {
    let Some(key) = facts.repository else {
        return Ok(Permit {
            shares,
            repository: None,
        });
    };
    for share in shares {
        let repository = match &share.approved {
            Some(approved) => Approved::Listed(RepoRef {
                id: approved.id.clone(),
                full_name: Some(approved.full_name.clone()),
            }),
            None if share.approves_all => Approved::Unlisted(key),
            None => continue,
        };
        return Ok(Permit {
            shares: vec![share],
            repository: Some(repository),
        });
    }
    // No word about whether it exists (TK-8).
    Err(Error::new(
        Code::RepositoryNotApproved,
        "This repository is not approved for this token.",
    ))
}

fn insufficient_scope(endpoint: Endpoint) -> Error {
    Error::new(
        Code::InsufficientScope,
        format!("This needs the scope `{}`.", endpoint.scope()),
    )
}
