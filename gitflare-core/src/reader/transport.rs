//! Where typed reads are answered: by a gateway of this process, or by something that reaches one
//! elsewhere. Which reads there are, and how they are spelt, is the business of the readers.

use std::{future::Future, ops::Deref};

use serde::de::DeserializeOwned;

use crate::{
    Error, Result, Secret,
    filter::FirewallReport,
    gateway::{Gateway, PageInfo, Payload, Query, ReadCredential, ReadRequest},
    provider::{Endpoint, ProviderId, RateLimit},
};

/// A read, with each part as HTTP spells it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The provider's segment of the path, decoded.
    pub provider: Option<String>,
    /// The repository's segment of the path, decoded.
    pub repository: Option<String>,
    /// The commit's or pull request's segment of the path, decoded.
    pub item: Option<String>,
    /// The path, encoded.
    pub path: String,
    /// The query's pairs, decoded.
    pub query: Vec<(String, String)>,
    /// The validators of what the caller has, as `If-None-Match` writes them.
    pub if_none_match: Option<String>,
}

/// The answer to a read.
#[derive(Debug)]
pub struct Told<T> {
    /// The resources, filtered; `None` when the caller has them already.
    pub value: Option<T>,
    /// Continuation of the list; `None` for what is not a list with cursors.
    pub page_info: Option<PageInfo>,
    /// Report of the firewall's work; `None` where the answer does not carry it.
    pub firewall: Option<FirewallReport>,
    /// Sources that could not be read.
    pub errors: Vec<Error>,
    /// The last rate limit that each upstream reported, where it is known.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
    /// The validator of a file.
    pub etag: Option<String>,
}

/// Answers typed reads.
pub trait Transport: Clone + Send + Sync {
    /// Answers a read of this operation. `pick` takes the resource out of a gateway's payload; a
    /// transport that reads JSON has no need of it.
    ///
    /// # Errors
    /// As [`Gateway::read`].
    fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        endpoint: Endpoint,
        asked: Asked,
        pick: fn(Payload) -> Option<T>,
    ) -> impl Future<Output = Result<Told<T>>> + Send;
}

/// A gateway of this process, borrowed or shared, read with one access token.
#[derive(Clone, Debug)]
pub struct InProcess<G> {
    pub(super) gateway: G,
    pub(super) token: Secret<String>,
}

impl<G: Deref<Target = Gateway> + Clone + Send + Sync> Transport for InProcess<G> {
    async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        endpoint: Endpoint,
        asked: Asked,
        pick: fn(Payload) -> Option<T>,
    ) -> Result<Told<T>> {
        let request = ReadRequest {
            fault: None,
            endpoint,
            credential: ReadCredential::Bearer(self.token.clone()),
            provider: asked.provider,
            repository: asked.repository,
            item: asked.item,
            query: Query::new(asked.query),
            if_none_match: asked.if_none_match,
            method: "GET",
            path: asked.path,
            request_id: self.gateway.new_request_id(),
        };
        let reply = self.gateway.read(request).await?;
        let firewall = Some(reply.data.report());
        let value = match reply.status() {
            304 => None,
            _ => Some(pick(reply.data.into_value()).ok_or_else(other_resource)?),
        };
        Ok(Told {
            value,
            page_info: reply.page_info,
            firewall,
            errors: reply.errors.unwrap_or_default(),
            rate_limits: reply.rate_limits,
            etag: reply.etag,
        })
    }
}

pub(super) fn other_resource() -> Error {
    Error::internal("a read was answered with another resource")
}
