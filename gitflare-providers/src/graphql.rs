//! Many repositories in one GraphQL call, for providers that have such an API beside REST. A host that
//! refuses it, or answers otherwise, costs nothing but the call: the rows are read singly then.

use gitflare_core::{Result, provider::Call};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{upstream::Upstream, upstream_answer::Answer};

/// An answer whose `data` can be read.
#[derive(Debug, Deserialize)]
pub(crate) struct Response<T> {
    pub(crate) data: T,
    #[serde(default)]
    pub(crate) errors: Vec<Refused>,
}

/// Why a member of `data` is null.
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    /// GitHub's word for it.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The way to the member.
    #[serde(default)]
    pub(crate) path: Vec<Value>,
}

/// Asks a query for objects by their `ids`. `None` when this host does not answer it.
///
/// # Errors
/// What concerns the connection: a credential that is refused, a wait, no answer in time.
pub(crate) async fn ask(
    upstream: &Upstream,
    call: &Call,
    query: &str,
    ids: &[impl AsRef<str>],
) -> Result<Option<Answer>> {
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    let body = json!({"query": query, "variables": {"ids": ids}}).to_string();
    let Some(answer) = upstream.query(call, body).await? else {
        return Ok(None);
    };
    if answer.status() == 200 {
        return Ok(Some(answer));
    }
    match upstream.query_refused(call, &answer) {
        Some(error) => Err(error),
        None => Ok(None),
    }
}
