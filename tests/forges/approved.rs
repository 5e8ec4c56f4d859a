//! A list of approved repositories: full from the first page on, in the order of approval, with the
//! rows that a read of one gives, for one upstream call where the provider answers many ids.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::stand::Stand;

/// How many repositories the customer has approved, of those that the account has.
const APPROVED: usize = 25;
const PERMISSIONS: [&str; 4] = [
    "read:repositories",
    "read:branches",
    "read:commits",
    "read:releases",
];

/// An app whose customer has approved some repositories of one account.
struct Reader<'s> {
    stand: &'s Stand,
    provider: &'static str,
    token: String,
    /// The approved repositories' ids, in the order of approval.
    ids: Vec<String>,
}

impl<'s> Reader<'s> {
    async fn of(stand: &'s Stand, provider: &'static str) -> Self {
        let all = stand
            .get(&format!("/v1/repositories?provider={provider}&limit=100"))
            .await;
        let mut ids: Vec<String> = all.rows().iter().map(|row| text(&row["id"])).collect();
        assert!(ids.len() > APPROVED, "{provider}: {}", ids.len());
        // In no order that a provider lists them by.
        ids.reverse();
        ids.swap(0, 7);
        ids.truncate(APPROVED);
        // GitFlic finds projects by their names alone.
        let name_of = |id: &String| {
            let rows = all.rows();
            let row = rows.iter().find(|row| text(&row["id"]) == *id);
            row.map(|row| text(&row["fullName"]))
        };
        let approved: Vec<_> = match provider {
            "gitflic" => ids.iter().filter_map(name_of).collect(),
            _ => ids.clone(),
        };
        let tenant = stand.tenant("company").await;
        let forge = stand.forge(provider);
        let token = forge.personal_token("anna-berg").unwrap();
        let credential = json!({"provider": provider, "tenantId": tenant, "accessToken": token});
        let connection = stand
            .admin(Method::POST, "/v1/connections/manual", Some(&credential))
            .await;
        assert_eq!(connection.status, 201, "{}", connection.body);
        let connection = &connection.body["connection"]["id"];
        let owner = stand.tenant("developer").await;
        let app = json!({"tenantId": owner, "name": "App", "allowedRedirectUris": [], "defaultPermissions": PERMISSIONS});
        let app = stand
            .admin(Method::POST, "/v1/platform/clients", Some(&app))
            .await;
        let client = &app.body["client"]["id"];
        let grant = json!({
            "tenantId": tenant, "clientId": client, "connectionId": connection,
            "permissions": PERMISSIONS, "repositories": approved,
        });
        let grant = stand
            .admin(Method::POST, "/v1/platform/grants", Some(&grant))
            .await;
        assert_eq!(grant.status, 201, "{}", grant.body);
        let asked = json!({"grant_type": "client_credentials", "client_id": client, "client_secret": app.body["clientSecret"]});
        let bought = stand
            .bare(Method::POST, "/oauth/token", None, Some(&asked))
            .await;
        Self {
            stand,
            provider,
            token: text(&bought.body["accessToken"]),
            ids,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self
            .stand
            .bare(Method::GET, path, Some(&self.token), None)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The pages of the list, ten rows each.
    async fn pages(&self) -> Vec<Value> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!(
                "/v1/repositories?provider={}&limit=10{cursor}",
                self.provider
            );
            let page = self.get(&path).await;
            let next = page["page_info"]["next_cursor"].as_str();
            let next = next.map(|next| format!("&cursor={next}"));
            pages.push(page);
            match next {
                Some(next) => cursor = next,
                None => return pages,
            }
        }
    }

    /// The calls that the upstream got since the last time: those that ask for many, and all.
    async fn calls(&self) -> (u64, u64) {
        let calls = self
            .stand
            .control(self.provider, Method::GET, "/__calls", &Value::Null)
            .await;
        self.stand
            .control(self.provider, Method::DELETE, "/__calls", &Value::Null)
            .await;
        let count = |many: &dyn Fn(&str) -> bool| {
            let all = calls.as_object().unwrap().iter();
            all.filter(|(key, _)| many(key))
                .map(|(_, count)| count.as_u64().unwrap())
                .sum()
        };
        let asks_many = |key: &str| {
            key == "POST /api/graphql"
                || key == "GET /2.0/repositories/acme"
                || key.ends_with("/_apis/git/repositories")
        };
        (count(&asks_many), count(&|_| true))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn rows(pages: &[Value]) -> Vec<Value> {
    let rows = pages
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap());
    rows.cloned().collect()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_full_from_the_first_page_on_and_tells_what_a_read_of_one_tells() {
    let stand = Stand::start(&[]).await;
    for provider in ["github", "gitlab", "bitbucket", "azure"] {
        let reader = Reader::of(&stand, provider).await;
        reader.calls().await;
        let pages = reader.pages().await;
        let sizes: Vec<_> = pages
            .iter()
            .map(|page| page["data"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, [10, 10, 5], "{provider}");
        for page in &pages {
            assert_eq!(page["errors"], json!([]), "{provider}");
        }
        let listed = rows(&pages);
        assert_eq!(
            ids(&listed),
            reader.ids,
            "{provider}: the order of approval"
        );
        let (many, all) = reader.calls().await;
        let is_empty = |row: &&Value| text(&row["fullName"]).contains("empty");
        let empty = listed.iter().filter(is_empty).count() as u64;
        assert_eq!(many, 3, "{provider}: one call a page");
        assert!(
            all <= 3 + empty,
            "{provider}: {all} calls, {empty} empty ones"
        );
        for row in &listed {
            let one = reader
                .get(&format!("/v1/repositories/{provider}/{}", text(&row["id"])))
                .await;
            assert_eq!(one["data"], *row, "{provider}: field by field");
        }
        // A host without such an API, or one that forbids it, costs calls and no row.
        let path = match provider {
            "bitbucket" => "/2.0/repositories/".to_owned(),
            "azure" => {
                let project = reader.ids[0].split('~').nth(1).unwrap();
                format!("/acme/{project}/_apis/git/repositories")
            }
            _ => "/api/graphql".to_owned(),
        };
        for mut fault in [
            json!({"kind": "status", "status": 404}),
            json!({"kind": "missing-scope"}),
            json!({"kind": "garbage"}),
        ] {
            fault["path"] = json!(path);
            if !path.contains("graphql") {
                // Reads of one are below that path, too: the first call is that of the list.
                fault["count"] = json!(1);
            }
            stand
                .control(provider, Method::POST, "/__faults", &fault)
                .await;
            let singly = rows(&reader.pages().await);
            assert_eq!(singly, listed, "{provider}: {fault}");
            stand
                .control(provider, Method::DELETE, "/__faults", &Value::Null)
                .await;
        }
        let gone = &listed[3];
        let name = text(&gone["fullName"]).replace("/Web Shop/", "/");
        let removed = json!({"repository": name});
        stand
            .control(provider, Method::POST, "/__remove", &removed)
            .await;
        let pages = reader.pages().await;
        assert_eq!(rows(&pages).len(), APPROVED - 1, "{provider}");
        let errors = pages[0]["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{provider}: {errors:?}");
        assert_eq!(errors[0]["code"], "REPOSITORY_NOT_FOUND");
        let message = text(&errors[0]["message"]);
        assert!(message.contains(&text(&gone["fullName"])), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_made_again_by_somebody_else_is_never_read() {
    let stand = Stand::start(&[]).await;
    let reader = Reader::of(&stand, "gitflic").await;
    let id = reader.ids[0].clone();
    let by_id = format!("/v1/repositories/gitflic/{id}");
    let name = text(&reader.get(&by_id).await["data"]["fullName"]);
    let by_name = format!("/v1/repositories/gitflic/{}", name.replace('/', "%2F"));
    reader.get(&format!("{by_name}/branches")).await;
    let body = json!({"repository": name, "name": "elsewhere", "replace": true});
    stand
        .control("gitflic", Method::POST, "/__rename", &body)
        .await;
    let refused = async |stand: &Stand, path: String| {
        let answer = stand.bare(Method::GET, &path, Some(&reader.token), None);
        assert_eq!(answer.await.code(), "REPOSITORY_NOT_FOUND", "{path}");
    };
    // The first says its project and is held to it; from then on nothing is read by that name.
    for below in [
        "/releases",
        "/branches",
        "/commits",
        "/labels",
        "/forks",
        "",
    ] {
        refused(&stand, format!("{by_id}{below}")).await;
        refused(&stand, format!("{by_name}{below}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_branch_is_known_from_the_approval() {
    let stand = Stand::start(&[]).await;
    let reader = Reader::of(&stand, "github").await;
    let (token, id) = (reader.token.clone(), reader.ids[0].clone());
    // Another process has looked at nothing yet, and GitHub's list does not say it.
    let stand = stand.restarted().await;
    let path = format!("/v1/repositories/github/{id}/branches");
    let answer = stand.bare(Method::GET, &path, Some(&token), None).await;
    let rows = answer.rows();
    let default: Vec<_> = rows.iter().map(|row| row["default"].as_bool()).collect();
    let count = |value: bool| default.iter().filter(|it| **it == Some(value)).count();
    assert_eq!(
        (count(true), count(false)),
        (1, rows.len() - 1),
        "{rows:#?}"
    );
}
