//! Files by their path: what is known of one in headers, and its bytes. A link is the text that it has.

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{
    Result,
    model::{TreeEntry, TreeEntryType},
};
use serde_json::json;

use crate::kit::{Answer, Call, Repo};

fn not_found(what: &str) -> Answer {
    Answer::message(404, &format!("404 {what} Not Found"))
}

/// A file at a ref: the commit, its entry and its bytes.
async fn find(
    call: &Call<'_>,
    repo: &Repo,
) -> Result<std::result::Result<(String, TreeEntry, Vec<u8>), Answer>> {
    let git = &call.world.git;
    let Some(name) = call.query("ref") else {
        let body = json!({"error": "ref is missing, ref is empty"});
        return Ok(Err(Answer::json(400, &body)));
    };
    let name = if name == "HEAD" {
        &repo.default_branch
    } else {
        name
    };
    let Some(sha) = git.resolve(repo, name).await? else {
        return Ok(Err(not_found("Commit")));
    };
    let path = call.name("path");
    let Ok(entries) = git.tree(repo, &sha, Some(path), false).await else {
        return Ok(Err(not_found("File")));
    };
    let own = entries.into_iter().find(|entry| entry.path == path);
    let is_file =
        |entry: &TreeEntry| matches!(entry.kind, TreeEntryType::File | TreeEntryType::Symlink);
    let object = git.object(repo, &sha, Some(path))?;
    Ok(match (own.filter(is_file), object) {
        (Some(entry), Some(object)) => Ok((sha, entry, object.data)),
        _ => Err(not_found("File")),
    })
}

fn with_headers(mut answer: Answer, sha: &str, entry: &TreeEntry, size: usize) -> Answer {
    let is_executable = entry.mode.as_deref() == Some("100755");
    for (name, value) in [
        ("x-gitlab-blob-id", entry.sha.clone().unwrap_or_default()),
        ("x-gitlab-commit-id", sha.to_owned()),
        ("x-gitlab-last-commit-id", sha.to_owned()),
        ("x-gitlab-file-name", entry.name.clone()),
        ("x-gitlab-size", size.to_string()),
        ("x-gitlab-execute-filemode", is_executable.to_string()),
    ] {
        answer = answer.with(name, value);
    }
    answer
}

pub(super) async fn about(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let (sha, entry, data) = match find(call, repo).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let body = json!({
        "file_name": entry.name, "file_path": entry.path, "size": data.len(), "encoding": "base64",
        "content": STANDARD.encode(&data), "ref": call.query("ref"), "blob_id": entry.sha, "commit_id": sha,
        "last_commit_id": sha, "execute_filemode": entry.mode.as_deref() == Some("100755"),
    });
    Ok(with_headers(
        Answer::json(200, &body),
        &sha,
        &entry,
        data.len(),
    ))
}

pub(super) async fn raw(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(match find(call, repo).await? {
        Ok((sha, entry, data)) => {
            let size = data.len();
            let answer = Answer::of(200, "application/octet-stream", data);
            with_headers(answer, &sha, &entry, size)
        }
        Err(answer) => answer,
    })
}
