//! One commit with and without the firewall, side by side. It exists in a sandbox alone, where the
//! unfiltered side comes from the sandbox's own sample.

use gitflare_core::{Code, Error};
use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    super::{
        exchange::Exchange,
        guided::Leak,
        pages::{
            View,
            testapp::{DiffView, SideRow},
        },
        refusal::Refusal,
        reply::Reply,
    },
    caller::Caller,
    message,
    repository::Target,
    visit::{BrowserState, require_on},
};

/// `GET /testapp/diff`
pub(crate) async fn diff(x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let none = || Error::new(Code::ResourceNotFound, "Only a sandbox has this page.");
    let leak = &x.app().guided().ok_or_else(none)?.leak;
    let first = || {
        Error::new(
            Code::AuthRequired,
            "Connect the test app first: open /testapp.",
        )
    };
    let token = BrowserState::of(&x).disconnect().ok_or_else(first)?;
    let caller = Caller::new(&x)?;
    let list = caller
        .call(
            Method::GET,
            "/v1/repositories?limit=100",
            Some(&token),
            None,
        )
        .await?;
    let target = Target::all_of(&list.body["data"])
        .find(|target| target.name.as_deref() == Some(leak.repository.as_str()))
        .ok_or_else(|| {
            let text = format!("Approve {} first, then look at it here.", leak.repository);
            Error::new(Code::RepositoryNotApproved, text)
        })?;
    let path = target.path(&format!("/commits/{}/diff", leak.commit));
    let answer = caller.call(Method::GET, &path, Some(&token), None).await?;
    if answer.status != 200 {
        let text = format!("The diff could not be read: {}", message(&answer.body));
        return Err(Error::new(Code::UpstreamUnavailable, text).into());
    }
    let data = &answer.body["data"];
    let count = |name: &str| data["firewall"][name].as_u64().unwrap_or_default();
    DiffView {
        repository: leak.repository.as_str().into(),
        commit: leak.commit.clone(),
        blocked: count("blockedFiles"),
        redacted: count("redactedSecrets"),
        rows: rows(leak, data),
    }
    .reply(StatusCode::OK)
}

/// Each file of the commit with what came of it.
fn rows(leak: &Leak, data: &Value) -> Vec<SideRow> {
    let sent = data["files"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |(path, patch): &(String, String)| SideRow {
        path: path.as_str().into(),
        raw: patch.clone(),
        sent: sent
            .iter()
            .find(|file| file["path"] == path.as_str())
            .map(|file| file["patch"].as_str().unwrap_or_default().to_owned()),
    };
    leak.files.iter().map(row).collect()
}
