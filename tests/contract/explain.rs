//! Why a recorded call was refused: for the developer of the app that made it, for an admin, and for
//! nobody else. What each check is called is the core's test (`tests/gateway/order.rs`).

use serde_json::{Value, json};

use crate::contract::{
    accounts::developer,
    apps::create,
    support::{Server, consent::body, text},
};

#[test]
fn a_refused_call_is_explained_to_its_developer_and_to_an_admin() {
    // sec: TN-2
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let eve = developer(&server, "eve@mail.example");
    create(&eve, &json!({}));
    let app = create(&ada, &json!({}));
    let credentials = json!({
        "grant_type": "client_credentials",
        "client_id": app["client"]["id"],
        "client_secret": app["clientSecret"],
    });
    let token = server.client().post("/oauth/token", &credentials).ok();
    let token = text(&token["accessToken"]);
    let read = server.client().with_bearer(&token).get("/v1/me");
    assert_eq!(read.refusal(), (403, "APPROVAL_REQUIRED".into()));
    let id = read.header("x-request-id").unwrap();
    let path = format!("/v1/explain?request_id={id}");

    let explained = ada.get(&path).ok();
    assert_eq!(explained["call"]["requestId"], id);
    assert_eq!(explained["failedStep"], "approval");
    assert_eq!(explained["scope"], "read:profile");
    let steps = explained["steps"].as_array().unwrap();
    let outcome = |name: &str| {
        let step = steps.iter().find(|step| step["step"] == name);
        step.map_or(Value::Null, |step| step["outcome"].clone())
    };
    assert_eq!(outcome("token"), "passed");
    assert_eq!(outcome("approval"), "failed");
    assert_eq!(outcome("scope"), "not_reached");
    assert_eq!(outcome("cursor"), Value::Null, "it has no pages");
    assert_eq!(server.admin().get(&path).ok(), explained);

    assert_eq!(eve.get(&path).refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    let nobody = server.client().get(&path);
    assert_eq!(nobody.refusal(), (401, "AUTH_REQUIRED".into()));
    let guesser = server.client().with("x-admin-api-key", "wrong");
    assert_eq!(
        guesser.get(&path).refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    for (query, refusal) in [
        ("", (400, "INVALID_REQUEST")),
        ("?request_id=x", (400, "INVALID_REQUEST")),
        ("?request_id=gf_req_1", (404, "RESOURCE_NOT_FOUND")),
    ] {
        let (status, code) = refusal;
        let answer = ada.get(&format!("/v1/explain{query}"));
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{query}");
    }

    let page = ada.get("/app/developer/calls");
    let link = format!("/app/developer/explain?request_id={id}");
    assert!(body(&page).contains(&link));
    let page = ada.get(&link);
    assert_eq!(page.status, 200);
    assert!(body(&page).contains("Refused here"), "{}", body(&page));
    assert_eq!(eve.get(&link).status, 404);
}
