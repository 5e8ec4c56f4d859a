//! What the gateway promises above the contract's single endpoints: how pages walk over
//! connections, what a list over all providers answers, what tokens and grants carry, what is
//! recorded. Over memory storage and scripted providers, so that every corner can be reached.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod order;
mod paging;
mod reader;
mod records;
mod repositories;
mod rights;
mod support;
mod tokens;

use std::sync::{Arc, atomic::Ordering};

use gitflare_core::{
    Code, Error, Secret,
    gateway::{
        ExplainedStep, Explanation, FirewallUpdate, GatewaySettings, ListQuery, Query, Retention,
        StepOutcome, TokenRefusal, TokenRequest,
    },
    provider::{Endpoint, ProviderId},
    storage::{ListRange, Outcome, TokenFilter, UsageQuery},
};

use support::{Bed, json};

fn code<T>(result: gitflare_core::Result<T>) -> Code {
    match result {
        Ok(_) => panic!("expected a refusal"),
        Err(error) => error.code(),
    }
}

/// A bed with one customer, one GitHub connection and a grant over everything.
async fn simple() -> (Bed, String, (String, String), String, String) {
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &[]).await;
    let token = bed.token(&client).await;
    (bed, token, client, tenant, connection)
}

/// Asks for a token with a request that differs from the plain one.
async fn issue(
    bed: &Bed,
    client: &(String, String),
    change: impl FnOnce(&mut TokenRequest),
) -> Result<String, TokenRefusal> {
    let mut request = TokenRequest {
        grant_type: Some("client_credentials".into()),
        client_id: Some(client.0.clone()),
        client_secret: Some(Secret::from(client.1.as_str())),
        ..TokenRequest::default()
    };
    change(&mut request);
    let issued = bed.gateway.issue_token(request, &bed.request_id).await?;
    Ok(issued.access_token.expose().to_owned())
}
