//! GitHub's published description of its API, standing in for GitHub: it takes nothing that it does
//! not describe, and answers with its own examples. It comes from the package registry; where that
//! cannot be reached the test says so.

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
};

use gitflare_core::{
    Limit, PageRequest, Secret,
    model::{EventName, PullRequestFilter},
    provider::{CommitId, DeploymentFilter, NewHook, Provider, RefSelector, TreePath, TreeQuery},
};
use gitflare_providers::{
    Http,
    conformance::{Reply, StandIn},
    github::Github,
};
use serde_json::Value;
use url::Url;

use crate::github::{SHA, git_ref, repo, support::call_with};

/// The package, and the descriptions in it that count: github.com, and the oldest and the newest
/// Enterprise Server that it knows.
const PACKAGE: &str = "@octokit/openapi@23.0.2";
const DESCRIPTIONS: &[&str] = &["api.github.com.json", "ghes-3.17.json", "ghes-3.19.json"];

/// The folder of the descriptions, fetched once for all runs.
fn folder() -> Option<PathBuf> {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("octokit-openapi-23.0.2");
    let generated = kept.join("node_modules/@octokit/openapi/generated");
    if DESCRIPTIONS
        .iter()
        .all(|name| generated.join(name).is_file())
    {
        return Some(generated);
    }
    fs::create_dir_all(&kept).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", PACKAGE]);
    let why = match install.current_dir(&kept).output() {
        Ok(output) if output.status.success() => return Some(generated),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    assert!(env::var_os("CI").is_none(), "{PACKAGE}: {why}");
    println!("skipped: {PACKAGE} cannot be had: {why}");
    None
}

/// A description that judges requests.
struct Description {
    document: Value,
}

impl Description {
    /// Follows references.
    fn resolve<'d>(&'d self, mut value: &'d Value) -> &'d Value {
        while let Some(reference) = value["$ref"].as_str() {
            value = self.document.pointer(&reference[1..]).unwrap();
        }
        value
    }

    /// The operation that a path belongs to: of several the one that says most of it itself.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let sent: Vec<_> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<_> = template.split('/').collect();
            let same = parts.len() == sent.len()
                && parts
                    .iter()
                    .zip(&sent)
                    .all(|(part, sent)| part.starts_with('{') && !sent.is_empty() || part == sent);
            same.then(|| parts.iter().filter(|part| !part.starts_with('{')).count())
        };
        let paths = self.document["paths"].as_object().unwrap().iter();
        let best = paths
            .filter_map(|(template, item)| Some((fits(template)?, item.get(method)?)))
            .max_by_key(|(literal, _)| *literal)?;
        Some(best.1)
    }

    /// What is wrong with a request, or the example of its answer.
    fn judge(&self, method: &str, target: &str, body: &str) -> Result<Reply, String> {
        let url = Url::parse(&format!("http://x.example{target}")).unwrap();
        let path = url.path().strip_prefix("/api/v3").unwrap();
        // The numeric form is GitHub's own; the description knows the one by name.
        let path = match path.strip_prefix("/repositories/") {
            Some(rest) => format!("/repos/o/{rest}"),
            None => path.to_owned(),
        };
        let operation = self
            .operation(&method.to_lowercase(), &path)
            .ok_or("no such operation")?;
        let none = Vec::new();
        let parameters: Vec<_> = operation["parameters"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for (name, value) in url.query_pairs() {
            let parameter = parameters
                .iter()
                .find(|parameter| parameter["name"] == *name)
                .ok_or(format!("no parameter {name}"))?;
            let schema = self.resolve(&parameter["schema"]);
            if schema["type"] == "integer" && value.parse::<u64>().is_err() {
                return Err(format!("{name}={value} is no integer"));
            }
            if let Some(words) = schema["enum"].as_array()
                && !words.iter().any(|word| *word == *value)
            {
                return Err(format!("{name}={value} is none of {words:?}"));
            }
        }
        let missing = parameters.iter().find(|parameter| {
            let name = parameter["name"].as_str().unwrap();
            parameter["required"] == true && !url.query_pairs().any(|(sent, _)| sent == name)
        });
        if let Some(parameter) = missing {
            return Err(format!("{} is missing", parameter["name"]));
        }
        if !body.is_empty() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let members = &self.resolve(&content["schema"])["properties"];
            let sent: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
            for name in sent.as_object().ok_or("no object")?.keys() {
                members.get(name).ok_or(format!("no member {name}"))?;
            }
        }
        let responses = operation["responses"].as_object().unwrap();
        let (status, response) = responses
            .iter()
            .find(|(status, _)| status.starts_with('2'))
            .ok_or("no answer")?;
        let examples = &self.resolve(response)["content"]["application/json"]["examples"];
        let example = examples.as_object().and_then(|all| all.values().next());
        let answer = example.map(|example| self.resolve(example)["value"].to_string());
        Ok(Reply::new(
            status.parse().unwrap(),
            answer.unwrap_or_default(),
        ))
    }
}

/// Everything that the adapter can be asked.
async fn ask_everything(github: &Github, call: &gitflare_core::provider::Call) {
    let repo = repo();
    let first = || PageRequest::first(Limit::MAX);
    github.viewer(call).await.unwrap();
    github.repositories(call, first()).await.unwrap();
    github.repository(call, &repo).await.unwrap();
    github.find_repository(call, "mill/loom").await.unwrap();
    github.branches(call, &repo, first()).await.unwrap();
    let weave = git_ref("weave/new");
    for branch in [None, Some(&weave)] {
        github.commits(call, &repo, branch, first()).await.unwrap();
    }
    let commit = CommitId::parse(SHA).unwrap();
    github.commit_diff(call, &repo, &commit).await.unwrap();
    for state in [
        PullRequestFilter::Open,
        PullRequestFilter::Closed,
        PullRequestFilter::Merged,
        PullRequestFilter::All,
    ] {
        github
            .pull_requests(call, &repo, state, first())
            .await
            .unwrap();
    }
    github.pull_request_diff(call, &repo, 12).await.unwrap();
    github.contributors(call, &repo, first()).await.unwrap();
    github.tags(call, &repo, first()).await.unwrap();
    github.releases(call, &repo, first()).await.unwrap();
    for at in [
        RefSelector::DefaultBranch,
        RefSelector::Branch(weave.clone()),
        RefSelector::Ref(git_ref("v1")),
        RefSelector::Ref(git_ref(SHA)),
    ] {
        let mut page = first();
        loop {
            let checks = github.checks(call, &repo, &at, page).await.unwrap();
            let Some(next) = checks.next else { break };
            page = PageRequest {
                limit: Limit::MAX,
                position: Some(next),
            };
        }
        for (path, recursive) in [(None, true), (None, false), (Some("subdir"), false)] {
            let query = TreeQuery {
                at: at.clone(),
                path: path.map(|path| TreePath::parse("path", path).unwrap()),
                recursive,
            };
            // Its one example of a tree is every folder, so no path needs to lead anywhere.
            let listed = github.file_tree(call, &repo, &query, first()).await;
            assert!(listed.is_ok() || path.is_some(), "{listed:?}");
        }
    }
    for environment in [None, Some("live".to_owned())] {
        let filter = DeploymentFilter {
            environment,
            state: None,
        };
        github
            .deployments(call, &repo, &filter, first())
            .await
            .unwrap();
    }
    let (hooks, secret) = (github.hooks().unwrap(), Secret::from("a secret"));
    let hook = NewHook {
        url: "https://gateway.example/hooks",
        secret: &secret,
        events: EventName::ALL,
    };
    let id = hooks.create(call, &repo, &hook).await.unwrap();
    hooks.delete(call, &repo, &id).await.unwrap();
}

#[tokio::test]
async fn every_request_is_one_that_github_describes_and_its_examples_are_understood() {
    let Some(folder) = folder() else { return };
    for name in DESCRIPTIONS {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let description = Description {
            document: serde_json::from_str(&text).unwrap(),
        };
        let faults = Arc::new(Mutex::new(Vec::new()));
        let found = Arc::clone(&faults);
        let replay = StandIn::answering(move |method, target, body| {
            description
                .judge(method, target, body)
                .unwrap_or_else(|fault| {
                    found
                        .lock()
                        .unwrap()
                        .push(format!("{method} {target}: {fault}"));
                    Reply::new(418, "")
                })
        })
        .await;
        let http: Http = replay.http();
        let github = Github::new(http, &format!("{}/api/v3", replay.url())).unwrap();
        for credential in ["gho_an-oauth-apps", "ghu_a-github-apps"] {
            ask_everything(&github, &call_with(credential)).await;
        }
        assert_eq!(*faults.lock().unwrap(), Vec::<String>::new(), "{name}");
        assert!(replay.asked().len() > 60, "{name}");
    }
}
