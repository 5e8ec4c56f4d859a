//! Why a recorded call was answered as it was: its usage row, held against the table of checks in
//! `steps.rs`. The call is not made again and nothing is asked of a provider; where what is recorded
//! does not decide between two checks, both stay open.

use std::time::Duration;

use serde::Serialize;

use super::{
    Gateway, Query,
    calls::UsageCall,
    steps::{STEPS, Step, StepRefusal},
};
use crate::{
    Code, Error, RequestId, Result, Scope, Timestamp, UserId,
    model::words,
    provider::Endpoint,
    storage::{AccessToken, ListRange, TokenFilter, UsageQuery, UsageRow},
};

/// How long after a request's id its row may begin: the head of a request is read before its body.
const LATEST: Duration = Duration::from_secs(120);
/// By how much a clock that is set back may lie behind the id.
const EARLIEST: Duration = Duration::from_secs(2);
/// A message of an agent's protocol may make several reads; most that are looked at.
const MAX_ROWS: usize = 10;

words! {
    /// What became of a check.
    StepOutcome {
        /// It was passed.
        Passed = "passed",
        /// It refused the call.
        Failed = "failed",
        /// The call had ended before it.
        NotReached = "not_reached",
        /// What is recorded does not tell.
        Unknown = "unknown",
    }
}

/// One check of an explained call.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExplainedStep {
    /// The name of the check, such as `scope`.
    pub step: &'static str,
    /// What the check asks.
    pub asks: &'static str,
    /// What became of it.
    pub outcome: StepOutcome,
}

/// A recorded call with what became of each check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The call as it was recorded.
    pub call: UsageCall,
    /// The scope that the operation needs.
    pub scope: Scope,
    /// The checks that the operation has, in the order in which they are made.
    pub steps: Vec<ExplainedStep>,
    /// The check that refused the call; null when it was answered, or when what is recorded does not
    /// tell.
    pub failed_step: Option<&'static str>,
    /// What was wrong; null when the call was answered.
    pub reason: Option<&'static str>,
    /// What mends it; null when the call was answered.
    pub fix: Option<&'static str>,
}

impl Gateway {
    /// Explains a call of one of the person's apps, or one that read the person's company.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed `request_id`, `RESOURCE_NOT_FOUND` for a call that is not
    /// theirs or left no row.
    pub async fn explain(&self, user: &UserId, query: &Query) -> Result<Explanation> {
        let id = request_id(query)?;
        match self.seen_usage(user).await? {
            Some(seen) => self.explain_among(seen, id).await,
            None => Err(not_recorded()),
        }
    }

    /// Explains any call.
    ///
    /// # Errors
    /// As [`Gateway::explain`].
    pub async fn explain_any(&self, query: &Query) -> Result<Explanation> {
        let id = request_id(query)?;
        self.explain_among(UsageQuery::default(), id).await
    }

    async fn explain_among(&self, seen: UsageQuery, id: RequestId) -> Result<Explanation> {
        // The id says when: no more than minutes of the log are read.
        let made = id.made_at().ok_or_else(not_recorded)?;
        let earliest = made.as_millis() - i64::try_from(EARLIEST.as_millis()).unwrap_or(0);
        let query = UsageQuery {
            from: Some(Timestamp::from_millis(earliest)),
            to: Some(made.after(LATEST)),
            request_id: Some(id),
            ..seen
        };
        let usage = self.storage.usage();
        usage.flush().await?;
        let (rows, _) = usage.list(&query, 0, MAX_ROWS).await?;
        let refused = rows.iter().position(|row| row.error_code.is_some());
        let row = rows.into_iter().nth(refused.unwrap_or(0));
        let row = row.ok_or_else(not_recorded)?;
        let token = self.token_behind(&row).await?;
        let call = self.name_calls(vec![row]).await?.pop();
        explanation(call.ok_or_else(not_recorded)?, token.as_ref())
    }

    /// The token of a call; `None` once it is deleted.
    async fn token_behind(&self, row: &UsageRow) -> Result<Option<AccessToken>> {
        let filter = TokenFilter {
            id: Some(row.token_id.clone()),
            ..TokenFilter::default()
        };
        let one = ListRange {
            after: None,
            limit: 1,
        };
        Ok(self.storage.tokens().list(&filter, one).await?.pop())
    }
}

fn request_id(query: &Query) -> Result<RequestId> {
    RequestId::parse(query.required("request_id")?)
}

fn not_recorded() -> Error {
    Error::not_found("recorded call").with_message(
        "There is no such recorded call. Calls without an access token leave no record.",
    )
}

fn explanation(call: UsageCall, token: Option<&AccessToken>) -> Result<Explanation> {
    let endpoint = Endpoint::parse(call.row.endpoint_key)
        .ok_or_else(|| Error::internal("a usage row of no operation"))?;
    let steps: Vec<&Step> = STEPS.iter().filter(|it| (it.concerns)(endpoint)).collect();
    let code = call.row.error_code.and_then(Code::parse);
    let suspects = code.map_or_else(Vec::new, |code| suspects(&steps, &call.row, code, token));
    let outcome = |at: usize| match (code, suspects.as_slice()) {
        (None, _) => StepOutcome::Passed,
        (Some(_), []) => StepOutcome::Unknown,
        (Some(_), [(only, _)]) if at == *only => StepOutcome::Failed,
        (Some(_), [(first, _), ..]) if at < *first => StepOutcome::Passed,
        (Some(_), [.., (last, _)]) if at > *last => StepOutcome::NotReached,
        (Some(_), _) => StepOutcome::Unknown,
    };
    let (failed_step, told) = match (code, suspects.as_slice()) {
        (Some(_), [(at, refusal)]) => (Some(steps[*at].key), Some((refusal.reason, refusal.fix))),
        (Some(code), _) => (None, Some((code.row().meaning, UNDECIDED))),
        (None, _) => (None, None),
    };
    Ok(Explanation {
        scope: endpoint.scope(),
        steps: steps
            .iter()
            .enumerate()
            .map(|(at, step)| ExplainedStep {
                step: step.key,
                asks: step.asks,
                outcome: outcome(at),
            })
            .collect(),
        failed_step,
        reason: told.map(|(reason, _)| reason),
        fix: told.map(|(_, fix)| fix),
        call,
    })
}

const UNDECIDED: &str = "What is recorded does not tell which check it was. Make the call again, or give the request id to the operator: the server's log has the cause.";

/// The checks that may have refused a call with that code, by their number.
fn suspects(
    steps: &[&'static Step],
    call: &UsageRow,
    code: Code,
    token: Option<&AccessToken>,
) -> Vec<(usize, &'static StepRefusal)> {
    // Milliseconds that have begun are counted: 0 is no call at all.
    let was_upstream = call.upstream_ms > 0;
    let mut found: Vec<_> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.is_upstream == was_upstream)
        .filter_map(|(at, step)| {
            let refusal = step.refusals.iter().find(|it| it.code == code)?;
            Some((at, refusal))
        })
        .collect();
    if let (Code::AuthExpired, [token_step, connection_step], Some(token)) =
        (code, found.as_slice(), token)
    {
        let only = match had_ended(token, call) {
            true => *token_step,
            false => *connection_step,
        };
        found = vec![only];
    }
    found
}

/// Whether the token had ended when the call was judged.
fn had_ended(token: &AccessToken, call: &UsageRow) -> bool {
    let answered = call.at.after(Duration::from_millis(call.duration_ms));
    token.expires_at <= call.at || token.revoked_at.is_some_and(|at| at <= answered)
}
