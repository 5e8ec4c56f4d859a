//! Branches and tags: lists of both, how far a branch is from another, what an annotated tag says, and
//! the commit that a version leads to.

use gitflare_core::{
    Result,
    model::{Branch, Commit},
};
use serde_json::{Value, json};

use super::{
    error,
    lists::{tokens, whole},
    no_commit, objects,
};
use crate::kit::{Answer, Call, Repo};

/// Branches and tags whose names begin with `filter`.
pub(super) async fn refs(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let peels = call.query("peelTags") == Some("true");
    let mut rows = Vec::new();
    for branch in call.world.git.branches(repo).await? {
        rows.push(objects::branch(call.world, repo, &branch));
    }
    for tag in call.world.git.tags(repo).await? {
        rows.push(objects::tag(call.world, repo, &tag, peels));
    }
    let filter = format!("refs/{}", call.query("filter").unwrap_or_default());
    rows.retain(|row| {
        row["name"]
            .as_str()
            .is_some_and(|name| name.starts_with(&filter))
    });
    Ok(tokens(call, rows))
}

/// The commit that a version leads to, whose kind is a branch unless it is said. `prefix` stands in
/// front of the two parameters.
pub(super) async fn version(
    call: &Call<'_>,
    repo: &Repo,
    prefix: &str,
) -> Result<std::result::Result<Commit, Answer>> {
    let query = |name: &str| call.query(&format!("{prefix}{name}"));
    find(call, repo, query("version"), query("versionType")).await
}

/// The same by a name, the default branch's when `None`, and its kind.
pub(super) async fn find(
    call: &Call<'_>,
    repo: &Repo,
    name: Option<&str>,
    kind: Option<&str>,
) -> Result<std::result::Result<Commit, Answer>> {
    let name = name.unwrap_or(&repo.default_branch);
    let (git, kind) = (&call.world.git, kind.unwrap_or("branch"));
    let sha = match kind {
        "branch" => {
            let branches = git.branches(repo).await?.into_iter();
            branches
                .filter(|branch| branch.name == name)
                .map(|branch| branch.commit_sha)
                .next()
        }
        "tag" => {
            let tags = git.tags(repo).await?.into_iter();
            tags.filter(|tag| tag.name == name)
                .filter_map(|tag| tag.commit_sha)
                .next()
        }
        _ => Some(name.to_owned()),
    };
    let commit = match sha {
        Some(sha) => git.commit(repo, &sha).await?,
        None => None,
    };
    Ok(commit.ok_or_else(|| {
        let message = format!("TF401175: The version descriptor <{kind}: {name}> could not be resolved to a version in the repository.");
        error(404, "GitUnresolvableToCommitException", &message)
    }))
}

/// How far a branch is from the one to compare with, or all of them are.
pub(super) async fn stats(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branches = call.world.git.branches(repo).await?;
    if branches.is_empty() {
        let message = "VS403403: Cannot find any branches for the repository.";
        return Ok(error(400, "ArgumentException", message));
    }
    let base = match version(call, repo, "baseVersionDescriptor.").await? {
        Ok(commit) => commit,
        Err(answer) => return Ok(answer),
    };
    let Some(name) = call.query("name") else {
        let mut rows = Vec::new();
        for branch in &branches {
            rows.push(distance(call, repo, &base, branch).await?);
        }
        return Ok(whole(&rows));
    };
    Ok(match branches.iter().find(|branch| branch.name == name) {
        Some(branch) => Answer::json(200, &distance(call, repo, &base, branch).await?),
        None => {
            let message = format!("TF401175: The branch {name} could not be resolved.");
            error(404, "GitUnresolvableToCommitException", &message)
        }
    })
}

async fn distance(call: &Call<'_>, repo: &Repo, base: &Commit, branch: &Branch) -> Result<Value> {
    let git = &call.world.git;
    let found = git.compare(repo, &base.sha, &branch.commit_sha).await?;
    let commit = git.commit(repo, &branch.commit_sha).await?;
    let commit = commit.map(|commit| objects::commit(call.world, repo, &commit));
    let (ahead, behind) = found.map_or((None, None), |it| (it.ahead_by, it.behind_by));
    Ok(json!({
        "commit": commit, "name": branch.name, "aheadCount": ahead, "behindCount": behind,
        "isBaseVersion": branch.commit_sha == base.sha,
    }))
}

pub(super) async fn annotated_tag(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    for tag in call.world.git.tags(repo).await? {
        let row = objects::tag(call.world, repo, &tag, true);
        if row["objectId"] == id && row["peeledObjectId"].is_string() {
            let object = objects::annotated_tag(call.world, repo, &tag, &row);
            return Ok(Answer::json(200, &object));
        }
    }
    let message = "TF401175: There is no such annotated tag.";
    Ok(error(404, "GitObjectDoesNotExistException", message))
}

/// The best common ancestor of two commits, as a list.
pub(super) async fn merge_bases(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let (one, other) = (
        call.name("id"),
        call.query("otherCommitId").unwrap_or_default(),
    );
    let git = &call.world.git;
    for sha in [one, other] {
        if git.commit(repo, sha).await?.is_none() {
            return Ok(no_commit(sha));
        }
    }
    let found = git.compare(repo, one, other).await?;
    let base = found.and_then(|found| found.diff.base_sha);
    let commit = git.commit(repo, &base.unwrap_or_default()).await?;
    let rows = commit.map(|commit| objects::commit(call.world, repo, &commit));
    Ok(whole(&rows.into_iter().collect::<Vec<_>>()))
}
