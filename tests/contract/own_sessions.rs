//! Where a person is signed in: seen and ended, in the API and on the account's page, by nobody else.

use serde_json::Value;

use crate::contract::{
    accounts::{cookie, form, signed_up},
    support::{
        Client, Server,
        consent::{body, field},
        text,
    },
};

const EMAIL: &str = "ada@mail.example";

/// A browser that has signed in.
fn browser(server: &Server) -> Client {
    let sent = format!("email={EMAIL}&password=a+password+of+some+length");
    let answer = form(&server.client(), "/app/login", &sent).send();
    assert_eq!(answer.status, 303);
    server.client().with("cookie", &cookie(&answer))
}

fn sessions(client: &Client) -> Vec<Value> {
    let listed = client.get("/v1/account/sessions").ok();
    listed["data"].as_array().unwrap().clone()
}

#[test]
fn a_person_sees_and_ends_their_sessions() {
    // sec: SE-5, TN-2
    let server = Server::start();
    signed_up(&server, EMAIL);
    signed_up(&server, "eve@mail.example");
    let (first, second) = (browser(&server), browser(&server));
    let listed = sessions(&second);
    // The sign-up has begun one too.
    assert_eq!(listed.len(), 3, "{listed:?}");
    let current: Vec<_> = listed.iter().filter(|it| it["isCurrent"] == true).collect();
    assert_eq!(current.len(), 1);
    assert!(
        listed[0]["isCurrent"] == true,
        "the newest first: {listed:?}"
    );
    let of_first = sessions(&first);
    let first_id = of_first.iter().find(|it| it["isCurrent"] == true).unwrap();
    let first_id = text(&first_id["id"]);

    let page = body(&second.get("/app/account"));
    assert_eq!(page.matches("This one").count(), 1);
    assert!(
        page.contains(&first_id) && !page.contains("sggst_"),
        "{page}"
    );
    let csrf = field(&page, "name=\"csrf\" value=\"");
    let end = format!("/app/account/sessions/{first_id}/end");
    assert_eq!(form(&second, &end, "csrf=wrong").send().status, 403);
    assert_eq!(sessions(&first).len(), 3, "nothing happened");
    let ended = form(&second, &end, &format!("csrf={csrf}")).send();
    assert_eq!(
        ended.header("location"),
        Some("/app/account?done=session-ended")
    );
    assert_eq!(first.get("/v1/account/sessions").status, 401);
    assert_eq!(sessions(&second).len(), 2);

    // Somebody else's is not there.
    let sent = "email=eve%40mail.example&password=a+password+of+some+length";
    let eve = server.client().with(
        "cookie",
        &cookie(&form(&server.client(), "/app/login", sent).send()),
    );
    let current = sessions(&second).remove(0);
    let page = body(&eve.get("/app/account"));
    let csrf_of_eve = field(&page, "name=\"csrf\" value=\"");
    let theirs = format!("/app/account/sessions/{}/end", text(&current["id"]));
    let refused = form(&eve, &theirs, &format!("csrf={csrf_of_eve}")).send();
    assert_eq!(refused.status, 404);

    let others = form(
        &second,
        "/app/account/sessions/end-others",
        &format!("csrf={csrf}"),
    )
    .send();
    assert_eq!(others.status, 303);
    assert_eq!(sessions(&second).len(), 1);
    assert_eq!(eve.get("/v1/account/sessions").status, 200);
}

#[test]
fn a_session_is_ended_by_its_id() {
    let server = Server::start();
    let ada = server.client().with_bearer(&signed_up(&server, EMAIL).0);
    let id = text(&sessions(&ada)[0]["id"]);
    assert_eq!(ada.delete("/v1/account/sessions/sess_nobody").status, 404);
    assert_eq!(
        ada.delete(&format!("/v1/account/sessions/{id}")).status,
        204
    );
    assert_eq!(ada.get("/v1/account/sessions").status, 401);
}

#[test]
fn a_password_is_changed_and_an_account_deleted_on_its_page() {
    // sec: SE-5
    let server = Server::start();
    let ada = server.client().with_bearer(&signed_up(&server, EMAIL).0);
    let browser = browser(&server);
    let page = body(&browser.get("/app/account"));
    let csrf = field(&page, "name=\"csrf\" value=\"");
    let change = |current: &str, new: &str| {
        let fields = format!("csrf={csrf}&currentPassword={current}&newPassword={new}");
        form(&browser, "/app/account/password", &fields).send()
    };
    let old = "a+password+of+some+length";
    for (current, new, status, said) in [
        (
            "not+this+one+at+all",
            "several+unrelated+words",
            401,
            "This is wrong.",
        ),
        (old, "short", 400, "This must have 12 to 128 characters."),
    ] {
        let refused = change(current, new);
        let page = body(&refused);
        assert_eq!(refused.status, status, "{page}");
        assert!(
            page.contains(said) && page.contains("field-problem"),
            "{page}"
        );
    }
    assert_eq!(ada.get("/v1/account/me").status, 200);
    let changed = change(old, "several+unrelated+words");
    assert_eq!(
        changed.header("location"),
        Some("/app/account?done=password")
    );
    assert_eq!(ada.get("/v1/account/me").status, 401, "other sessions end");
    let browser = server.client().with("cookie", &cookie(&changed));
    let page = body(&browser.get("/app/account?done=password"));
    assert!(page.contains("Your password is changed."), "{page}");

    let csrf = field(&page, "name=\"csrf\" value=\"");
    let delete = |fields: &str| form(&browser, "/app/account/delete", fields).send();
    assert_eq!(delete("csrf=stale").status, 403);
    let gone = delete(&format!("csrf={csrf}"));
    assert_eq!(gone.header("location"), Some("/"));
    let again = "email=ada@mail.example&password=several+unrelated+words";
    let refused = form(&server.client(), "/app/login", again).send();
    assert_eq!(refused.status, 401);
}
