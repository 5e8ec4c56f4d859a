//! Changes as text: of a commit, between two, of a pull request, which is a redirect to the former; and
//! where two commits parted.

use gitflare_core::{Result, model::Diff};

use super::{
    lists::{DIFFSTAT, page},
    no_commit, no_pull_request, objects,
    reads::revision,
};
use crate::kit::{Answer, Call, Repo};

/// The best common ancestor of two commits with two dots between them.
pub(super) async fn merge_base(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let (git, spec) = (&call.world.git, call.name("spec"));
    let found = match spec.split_once("..") {
        Some((one, other)) => git.compare(repo, one, other).await?,
        None => None,
    };
    let sha = found.and_then(|found| found.diff.base_sha);
    let commit = git.commit(repo, &sha.unwrap_or_default()).await?;
    Ok(match commit {
        Some(commit) => Answer::json(200, &objects::commit(call.world, repo, &commit)),
        None => no_commit(spec),
    })
}

/// The change that a spec names: a commit against its first parent, a commit against one that it has
/// among its ancestors, or a pull request's commits.
async fn change(call: &Call<'_>, repo: &Repo) -> Result<Option<Diff>> {
    let spec = call.name("spec");
    let two = spec.split_once("..");
    if let (Some((head, base)), None) = (two, call.query("from_pullrequest_id")) {
        let found = call.world.git.compare(repo, base, head).await?;
        return Ok(found.map(|found| found.diff));
    }
    let sha = match call.query("from_pullrequest_id") {
        Some(number) => {
            let story = call.world.story(repo).await?;
            story.pull(number).map(|pull| pull.diff_of.clone())
        }
        None => revision(call, repo, spec).await?.map(|commit| commit.sha),
    };
    match sha {
        Some(sha) => call.world.git.diff(repo, &sha).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn diff(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(mut diff) = change(call, repo).await? else {
        return Ok(no_commit(call.name("spec")));
    };
    if call.query("binary") == Some("false") {
        diff.files.retain(|file| file.binary != Some(true));
    }
    Ok(Answer::of(200, "text/plain", objects::diff_text(&diff)))
}

/// The same as mail, with the commit's message in front.
pub(super) async fn patch(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(diff) = change(call, repo).await? else {
        return Ok(no_commit(call.name("spec")));
    };
    let head = diff.head_sha.as_deref().unwrap_or_default();
    Ok(match call.world.git.commit(repo, head).await? {
        Some(commit) => Answer::of(200, "text/plain", objects::patch_text(&commit, &diff)),
        None => no_commit(head),
    })
}

pub(super) async fn diffstat(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(match change(call, repo).await? {
        Some(diff) => {
            let rows = diff.files.iter().map(objects::diffstat).collect();
            page(call, DIFFSTAT, rows)
        }
        None => no_commit(call.name("spec")),
    })
}

/// The way to a pull request's diff, diffstat or patch.
pub(super) async fn of_pull_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let what = call.request.path.rsplit('/').next().unwrap_or_default();
    let to = format!(
        "{}?from_pullrequest_id={}&topic=true",
        objects::pull_diff(call.world, repo, pull, what),
        pull.number
    );
    Ok(Answer::empty(302).with("location", to))
}
