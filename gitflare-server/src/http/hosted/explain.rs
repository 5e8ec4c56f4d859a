//! The dashboard's page of one call: which checks it passed, and which one refused it. It makes the
//! same gateway call as `GET /v1/explain`, and makes no call again.

use gitflare_core::{Code, gateway::Explanation};
use http::StatusCode;

use super::{
    super::{
        exchange::Exchange,
        pages::{
            View,
            calls::milliseconds,
            explain::{ExplainView, StepRow},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::{person, second},
};

/// `GET /app/developer/explain`
pub(crate) async fn show(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    let explanation = x.gateway().explain(&x.user()?.user, &query).await?;
    let client = explanation.call.row.client_id.as_str();
    let app = match x.gateway().live_client(client).await {
        Ok(client) => Some(client.name),
        Err(error) if error.code() == Code::ResourceNotFound => None,
        Err(error) => return Err(error.into()),
    };
    view(&explanation, app.as_deref(), person(&x).await?).reply(StatusCode::OK)
}

fn view(explanation: &Explanation, app: Option<&str>, user: SafeText) -> ExplainView {
    let call = &explanation.call.row;
    let customer = &explanation.call.customer_name;
    let repository = explanation.call.repository_name.as_ref();
    ExplainView {
        user,
        app: SafeText::new(app.unwrap_or("(deleted)")),
        customer: SafeText::new(customer.as_deref().unwrap_or("(deleted)")),
        repository: repository
            .or(call.repository_id.as_ref())
            .map(|name| SafeText::new(name)),
        request_id: call.request_id.as_str().to_owned(),
        at: second(call.at),
        method: call.method,
        path: SafeText::new(&call.path),
        endpoint_key: call.endpoint_key,
        scope: explanation.scope.as_str(),
        client_id: call.client_id.as_str().to_owned(),
        tenant_id: call.tenant_id.as_str().to_owned(),
        status: call.status,
        error_code: call.error_code,
        duration: milliseconds(call.duration_ms),
        upstream: milliseconds(call.upstream_ms),
        reason: explanation.reason,
        fix: explanation.fix,
        steps: explanation
            .steps
            .iter()
            .map(|it| StepRow {
                step: it.step,
                asks: it.asks,
                outcome: it.outcome,
            })
            .collect(),
    }
}
