//! What a customer keeps: the log of what was read, and the signed record of the approval, which an
//! independent program checks; and what an ended access still offers.

use std::process::Command;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::contract::{
    accounts::form,
    programs::programs,
    standard_clients::run,
    support::{
        Client,
        consent::{ConsentFixture, ConsentPage, READS, body, field, location},
        parameter, text,
    },
};

/// A customer who has approved one of their repositories, the app's token, and the management page.
struct Shared {
    fixture: ConsentFixture,
    app: Client,
    manage: String,
    page: ConsentPage,
    own: String,
}

fn shared() -> Option<Shared> {
    let fixture = ConsentFixture::start();
    let (page, _) = fixture.customer("42", &[]);
    let own = page.repositories().into_iter().next()?;
    let callback = location(&page.approve(READS, &[&own]));
    let token = fixture
        .token(&json!({"code": parameter(&callback, "code")}))
        .ok();
    let app = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let manage = format!("/app/company/apps/{}?customer_ref=42", fixture.client_id());
    let page = ConsentPage::open(&page.browser, &manage);
    Some(Shared {
        fixture,
        app,
        manage,
        page,
        own,
    })
}

impl Shared {
    /// A link of the management page to something beside it.
    fn link(&self, what: &str) -> String {
        let base = format!("/app/company/apps/{}/{what}?", self.fixture.client_id());
        let rest = field(&self.page.html, &format!("href=\"{base}"));
        assert!(!rest.is_empty(), "{what}: {}", self.page.html);
        format!("{base}{rest}")
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    }

    /// The commits of a repository, by its id.
    fn commits(&self, id: &str) -> u16 {
        let id = id.replace('/', "%2F");
        self.app
            .get(&format!("/v1/repositories/local/{id}/commits"))
            .status
    }
}

#[test]
fn a_customer_reads_and_keeps_what_was_read() {
    // sec: TN-4
    let Some(it) = shared() else { return };
    let list = it.app.get("/v1/repositories").ok();
    let (id, name) = (
        text(&list["data"][0]["id"]),
        text(&list["data"][0]["fullName"]),
    );
    assert_eq!(it.commits(&id), 200);
    assert_eq!(it.commits("nobody/knows"), 403);

    let reads = it.link("reads");
    let shown = body(&it.page.browser.get(&reads));
    assert_eq!(
        shown.matches("<tr><td").count(),
        2,
        "what was refused was not read: {shown}"
    );
    assert!(
        shown.contains(&name) && shown.contains("commits.list"),
        "{shown}"
    );
    let csv = it
        .page
        .browser
        .get(&reads.replace("/reads?", "/reads.csv?"));
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(
        csv.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let csv = body(&csv);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    let read = format!(",commits.list,local,\"{name}\",");
    assert!(lines[1..].iter().any(|line| line.contains(&read)), "{csv}");

    // The session's id alone opens nothing, and a stranger's own page has nothing.
    let stranger = ConsentPage::open(&it.fixture.server.client(), &it.manage);
    for client in [&it.fixture.server.client(), &stranger.browser] {
        assert_eq!(client.get(&reads).status, 403);
        assert_eq!(client.get(&it.link("record")).status, 403);
    }
    assert!(!stranger.html.contains("/reads?"), "{}", stranger.html);
    let own = format!(
        "/app/company/apps/{}/reads?session={}",
        it.fixture.client_id(),
        field(&stranger.html, "session=").split('&').next().unwrap()
    );
    assert_eq!(stranger.browser.get(&own).status, 403);
}

#[test]
fn a_record_of_consent_is_checked_without_the_server() {
    let Some(it) = shared() else { return };
    let server = &it.fixture.server;
    let signed = it.page.browser.get(&it.link("record"));
    assert!(
        signed
            .header("content-disposition")
            .unwrap()
            .contains("gitflare-consent.json")
    );
    let keys = server.client().get("/v1/platform/consent-keys").ok();
    let document = body(&server.client().get("/docs/records.md"));
    let program = programs(&document, "python").remove(0);

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("check.py", &program);
    write("consent-keys.json", &keys.to_string());
    let check = |record: &Value| {
        write("gitflare-consent.json", &record.to_string());
        let mut command = Command::new("python3");
        command
            .args(["check.py", "gitflare-consent.json", "consent-keys.json"])
            .current_dir(folder.path());
        command
    };
    let signed = signed.json();
    let Some(output) = run(&mut check(&signed)) else {
        return;
    };
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let app = &it.fixture.app["client"];
    assert_eq!(record["app"]["clientId"], app["id"]);
    assert_eq!(record["app"]["name"], app["name"]);
    assert_eq!(record["customer"]["customerRef"], "42");
    assert_eq!(record["issuer"], format!("http://{}", server.address));
    let share = &record["shares"][0];
    let scopes: Vec<_> = share["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["scope"])
        .collect();
    assert_eq!(json!(scopes), json!(READS));
    let id = it.own.split_once(':').unwrap().1;
    assert_eq!(share["repositories"][0]["id"], id);
    assert!(
        record["asOf"].is_string() && share["sharedSince"].is_string(),
        "{record}"
    );

    let mut altered = signed;
    let payload = text(&altered["payload"]);
    let (first, rest) = payload.split_at(20);
    let other = if rest.starts_with('A') { "B" } else { "A" };
    altered["payload"] = format!("{first}{other}{}", &rest[1..]).into();
    assert!(!check(&altered).output().unwrap().status.success());
}

#[test]
fn an_ended_access_offers_only_a_new_request() {
    let Some(it) = shared() else { return };
    let base = format!("/app/company/apps/{}", it.fixture.client_id());
    let send = |what: &str, more: &str| {
        let fields = format!("csrf={}&customer_ref=42{more}", it.page.csrf);
        form(&it.page.browser, &format!("{base}/{what}"), &fields).send()
    };
    location(&send("revoke", ""));
    let page = body(&it.page.browser.get(&it.manage));
    for gone in [
        "data-approve",
        "name=\"repositories\"",
        "name=\"permissions\"",
        "/revoke\"",
    ] {
        assert!(!page.contains(gone), "{gone}: {page}");
    }
    assert!(page.contains("To share again"), "{page}");
    assert!(
        page.contains("/reads?") && page.contains("/record?"),
        "{page}"
    );
    let choice = format!(
        "&permissions=read%3Acommits&repositories={}",
        it.own.replace(':', "%3A")
    );
    let again = send("update", &choice);
    assert_eq!(again.status, 400, "the page of before cannot bring it back");
    assert_eq!(
        it.app.get("/v1/repositories").refusal(),
        (401, "AUTH_EXPIRED".into())
    );
    // What was shared, and until when, can still be proven.
    let signed = it.page.browser.get(&it.link("record")).json();
    let payload = URL_SAFE_NO_PAD.decode(text(&signed["payload"])).unwrap();
    let record: Value = serde_json::from_slice(&payload).unwrap();
    let share = &record["shares"][0];
    assert!(record["endedAt"].is_string(), "{record}");
    assert_eq!(share["endedAt"], record["endedAt"]);
    let id = it.own.split_once(':').unwrap().1;
    assert_eq!(share["repositories"][0]["id"], id);
}

#[test]
fn a_workspace_without_an_approval_has_no_record() {
    let fixture = ConsentFixture::start();
    let (page, _) = fixture.customer("42", &[]);
    let manage = format!("/app/company/apps/{}?customer_ref=42", fixture.client_id());
    let page = ConsentPage::open(&page.browser, &manage);
    assert!(
        page.html.contains("/reads?") && !page.html.contains("/record?"),
        "{}",
        page.html
    );
    let link = field(&page.html, "/reads?");
    let link = format!("/app/company/apps/{}/record?{link}", fixture.client_id());
    let link = link.replace("&amp;", "&").replace("&#38;", "&");
    assert_eq!(page.browser.get(&link).status, 404);
}
