//! The schemas of answers whose shape depends on more than a type: a unified read has a page, a
//! firewall report and a list of errors exactly where its endpoint has them.

use gitflare_core::{
    Canonical,
    filter::FirewallReport,
    gateway::PageInfo,
    model::{
        Branch, Check, Comment, Commit, Comparison, Content, Contributor, Deployment, Diff, Label,
        Person, PullRequest, Release, Repository, Review, Subscription, Tag, TreeEntry, Viewer,
    },
    provider::Endpoint,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::super::bodies::{Unified, testapp::Report};

/// The body of a unified read.
pub(super) fn unified(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Schema {
    match endpoint {
        Endpoint::Profile => list::<Viewer>(endpoint, generator),
        Endpoint::Repositories => list::<Repository>(endpoint, generator),
        Endpoint::Repository => one::<Repository>(generator),
        Endpoint::Branches => list::<Branch>(endpoint, generator),
        Endpoint::Commits => list::<Commit>(endpoint, generator),
        Endpoint::CommitDiff | Endpoint::PullRequestDiff => one::<Diff>(generator),
        Endpoint::PullRequests => list::<PullRequest>(endpoint, generator),
        Endpoint::Contributors => list::<Contributor>(endpoint, generator),
        Endpoint::Tags => list::<Tag>(endpoint, generator),
        Endpoint::Releases => list::<Release>(endpoint, generator),
        Endpoint::Checks => list::<Check>(endpoint, generator),
        Endpoint::Deployments => list::<Deployment>(endpoint, generator),
        Endpoint::FileTree => list::<TreeEntry>(endpoint, generator),
        Endpoint::Forks => list::<Repository>(endpoint, generator),
        Endpoint::Labels => list::<Label>(endpoint, generator),
        Endpoint::Stargazers | Endpoint::Watchers | Endpoint::Assignees => {
            list::<Person>(endpoint, generator)
        }
        Endpoint::Commit => one::<Commit>(generator),
        Endpoint::PullRequest => one::<PullRequest>(generator),
        Endpoint::PullRequestCommits => list::<Commit>(endpoint, generator),
        Endpoint::Reviews => list::<Review>(endpoint, generator),
        Endpoint::Comments => list::<Comment>(endpoint, generator),
        Endpoint::Contents => one::<Content>(generator),
        Endpoint::Compare => one::<Comparison>(generator),
        // Subscribing; the list of operations may grow.
        _ => one::<Subscription>(generator),
    }
}

/// A page of `/v1/account/repositories`, which is paged like `/v1/repositories`.
pub(super) fn account_repositories(generator: &mut SchemaGenerator) -> Schema {
    unified(Endpoint::Repositories, generator)
}

/// The report of the test app.
pub(super) fn probe_report(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Report>()
}

/// Any object: this document itself.
pub(super) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": true})
}

fn one<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    with::<T>(generator, &[])
}

fn list<T: JsonSchema>(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Schema {
    let errors = ("errors", generator.subschema_for::<Vec<Canonical<'_>>>());
    let mut beside = Vec::new();
    if endpoint.is_paged() {
        beside.push(("page_info", generator.subschema_for::<PageInfo>()));
    }
    if endpoint.reports_firewall() {
        beside.push(("firewall", generator.subschema_for::<FirewallReport>()));
    }
    beside.push(errors);
    with::<Vec<T>>(generator, &beside)
}

/// The envelope with exactly these members beside `data`, each of them always there.
fn with<T: JsonSchema>(generator: &mut SchemaGenerator, beside: &[(&str, Schema)]) -> Schema {
    let mut schema = Unified::<'static, T>::json_schema(generator);
    let mut required = vec!["data"];
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| name == "data" || beside.iter().any(|(kept, _)| kept == name));
        for (name, of) in beside {
            let described = properties.get(*name).and_then(|it| it.get("description"));
            let mut of = of.clone().to_value();
            if let (Some(Value::String(text)), Some(members)) = (described, of.as_object_mut()) {
                members.insert("description".to_owned(), text.clone().into());
            }
            properties.insert((*name).to_owned(), of);
            required.push(name);
        }
    }
    schema.insert("required".to_owned(), json!(required));
    schema
}
