//! Where resources are: Azure's own clients know them by ids, and ask a host for its paths first.
//! What is not emulated has no place.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::lists::whole;
use crate::kit::{Answer, Call, people::Person};

/// Id, area, name and path of a resource below an organization.
const IN_ORGANIZATION: &[[&str; 4]] = &[
    [
        "00d9565f-ed9c-4a06-9a50-00e7896ccab4",
        "Location",
        "connectionData",
        "_apis/{resource}",
    ],
    [
        "e81700f7-3be2-46de-8624-2eb35882fcaa",
        "Location",
        "resourceAreas",
        "_apis/{resource}/{areaId}",
    ],
    [
        "603fe2ac-9723-48b9-88ad-09305aa6c6e1",
        "core",
        "projects",
        "_apis/{resource}/{*projectId}",
    ],
    [
        "fc50d02a-849f-41fb-8af1-0a5216103269",
        "hooks",
        "subscriptions",
        "_apis/{area}/{resource}/{subscriptionId}",
    ],
    [
        "225f7195-f9c7-4d14-ab28-a83f7ff77e1f",
        "git",
        "repositories",
        "{project}/_apis/{area}/{resource}/{repositoryId}",
    ],
    [
        "158c0340-bf6f-489c-9625-d572a1480d57",
        "git",
        "forks",
        "{project}/_apis/{area}/repositories/{repositoryNameOrId}/{resource}/{collectionId}",
    ],
    [
        "d5b216de-d8d5-4d32-ae76-51df755b16d3",
        "git",
        "branches",
        "{project}/_apis/{area}/repositories/{repositoryId}/stats/{resource}",
    ],
    [
        "5e8a8081-3851-4626-b677-9891cc04102e",
        "git",
        "annotatedTags",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{objectId}",
    ],
    [
        "7cf2abb6-c964-4f7e-9872-f78c66e72e9c",
        "git",
        "mergeBases",
        "{project}/_apis/{area}/repositories/{repositoryNameOrId}/commits/{commitId}/{resource}",
    ],
    [
        "01a46dea-7d46-4d40-bc84-319e7c260d99",
        "git",
        "pullRequests",
        "{project}/_apis/{area}/{resource}/{pullRequestId}",
    ],
    [
        "2d874a60-a811-4f62-9c9f-963a6ea0a55b",
        "git",
        "refs",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
        "git",
        "commits",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}",
    ],
    [
        "5bf884f5-3e07-42e9-afb8-1b872267bf16",
        "git",
        "changes",
        "{project}/_apis/{area}/repositories/{repositoryId}/commits/{commitId}/{resource}",
    ],
    [
        "428dd4fb-fda5-4722-af02-9313b80305da",
        "git",
        "statuses",
        "{project}/_apis/{area}/repositories/{repositoryId}/commits/{commitId}/{resource}",
    ],
    [
        "615588d5-c0c7-4b88-88f8-e625306446e8",
        "git",
        "commits",
        "{project}/_apis/{area}/repositories/{repositoryId}/diffs/{resource}",
    ],
    [
        "fb93c0db-47ed-4a31-8c20-47552878fb44",
        "git",
        "items",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "729f6437-6f92-44ec-8bee-273a7111063c",
        "git",
        "trees",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{sha1}",
    ],
    [
        "7b28e929-2c99-405d-9c5c-6167a06e6816",
        "git",
        "blobs",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{sha1}",
    ],
    [
        "9946fd70-0d40-406e-b686-b4744cbbcc37",
        "git",
        "pullRequests",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{pullRequestId}",
    ],
    [
        "52823034-34a8-4576-922c-8d8b77e9e4c4",
        "git",
        "pullRequestCommits",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/commits",
    ],
    [
        "4b6702c7-aa35-4b89-9c96-b9abf6d3e540",
        "git",
        "pullRequestReviewers",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/reviewers/{reviewerId}",
    ],
    [
        "ab6e2e5d-a0b7-4153-b64a-a4efe0d49449",
        "git",
        "pullRequestThreads",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads/{threadId}",
    ],
    [
        "d43911ee-6958-46b0-a42b-8445b8a0d004",
        "git",
        "iterations",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/{resource}/{iterationId}",
    ],
    [
        "4216bdcf-b6b1-4d59-8b82-c34cc183fc8b",
        "git",
        "changes",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/iterations/{iterationId}/{resource}",
    ],
    [
        "a5d28130-9cd2-40fa-9f08-902e7daa9efb",
        "git",
        "pullRequests",
        "{project}/_apis/{area}/{resource}",
    ],
    [
        "2b6869c4-cb25-42b5-b7a3-0d3e6be0a11a",
        "git",
        "deletedRepositories",
        "{project}/_apis/{area}/{resource}",
    ],
    [
        "a663da97-81db-4eb3-8b83-287670f63073",
        "git",
        "recycleBinRepositories",
        "{project}/_apis/{area}/recycleBin/repositories/{repositoryId}",
    ],
    [
        "876f70af-5792-485a-a1c7-d0a7b2f42bbb",
        "git",
        "refsFavorites",
        "{project}/_apis/{area}/favorites/refs/{favoriteId}",
    ],
    [
        "2c420070-a0a2-49cc-9639-c9f271c5ff07",
        "git",
        "policyConfigurations",
        "{project}/_apis/{area}/policy/configurations",
    ],
    [
        "6400dfb2-0bcb-462b-b992-5a57f8f1416c",
        "git",
        "commitsBatch",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "630fd2e4-fb88-4f85-ad21-13f3fd1fbca9",
        "git",
        "itemsBatch",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "616a5255-74b3-40f5-ae1d-bbae2eec8db5",
        "git",
        "stats",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "9393b4fb-4445-4919-972b-9ad16f442d83",
        "git",
        "suggestions",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    ],
    [
        "e7ea0883-095f-4926-b5fb-f24691c26fb9",
        "git",
        "pullRequestIterationCommits",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/iterations/{iterationId}/commits",
    ],
    [
        "75cf11c5-979f-4038-a76e-058a06adf2bf",
        "git",
        "pullRequestIterationStatuses",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/iterations/{iterationId}/statuses/{statusId}",
    ],
    [
        "b5f6bb4f-8d1e-4d79-8d11-4c9172c99c35",
        "git",
        "pullRequestStatuses",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/statuses/{statusId}",
    ],
    [
        "f22387e3-984e-4c52-9c6d-fbb8f14c812d",
        "git",
        "pullRequestLabels",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/labels/{labelIdOrName}",
    ],
    [
        "965d9361-878b-413b-a494-45d5b5fd8ab7",
        "git",
        "pullRequestAttachments",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/attachments/{fileName}",
    ],
    [
        "48a52185-5b9e-4736-9dc1-bb1e2feac80b",
        "git",
        "pullRequestProperties",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/properties",
    ],
    [
        "0a637fcc-5370-4ce8-b0e8-98091f5f9482",
        "git",
        "pullRequestWorkItems",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/workItems",
    ],
    [
        "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
        "git",
        "pullRequestThreadComments",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads/{threadId}/comments/{commentId}",
    ],
    [
        "5f2e2851-1389-425b-a00b-fb2adb3ef31b",
        "git",
        "pullRequestCommentLikes",
        "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads/{threadId}/comments/{commentId}/likes",
    ],
];

/// The same of what belongs to accounts.
const OF_ACCOUNTS: &[[&str; 4]] = &[
    [
        "f83735dc-483f-4238-a291-d45f6080a9af",
        "Profile",
        "Profiles",
        "_apis/profile/profiles/{id}",
    ],
    [
        "229a6a53-b428-4ffb-a835-e8f36b5b4b1e",
        "Account",
        "Accounts",
        "_apis/accounts",
    ],
];

/// The areas whose resources are at the root of the host.
const ACCOUNT_AREAS: &[[&str; 2]] = &[
    ["8ccfef3d-2b87-4e99-8ccb-66e343d2daa8", "Profile"],
    ["0d55247a-1c47-4462-9b1f-5e2125590ee6", "account"],
];
const AREAS: &[[&str; 2]] = &[
    ["4e080c62-fa21-4fbc-8fef-2a10a2b38049", "git"],
    ["79134c72-4a58-4b42-976c-04e7115f32bf", "core"],
];

fn locations(rows: &[[&str; 4]]) -> Answer {
    let row = |[id, area, name, template]: &[&str; 4]| {
        json!({
            "id": id, "area": area, "resourceName": name, "routeTemplate": template, "resourceVersion": 2,
            "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1",
        })
    };
    whole(&rows.iter().map(row).collect::<Vec<_>>())
}

pub(super) async fn of_organization(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(locations(IN_ORGANIZATION))
}

pub(super) async fn of_accounts(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(locations(OF_ACCOUNTS))
}

pub(super) async fn areas(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    let (root, name) = (call.world.web_url(), call.name("organization"));
    let at = |areas: &[[&str; 2]], url: &str| -> Vec<Value> {
        let areas = areas.iter();
        areas
            .map(|[id, name]| json!({"id": id, "name": name, "locationUrl": url}))
            .collect()
    };
    let mut rows = at(AREAS, &format!("{root}/{name}/"));
    rows.extend(at(ACCOUNT_AREAS, &format!("{root}/")));
    Ok(whole(&rows))
}
