//! What an app tells customers of itself: changed in the API and on the dashboard, shown where they
//! decide, and served by nobody but this server. A logo is a file of the dashboard's form too.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::contract::{
    accounts,
    support::consent::{ConsentFixture, body, field},
};

/// A PNG of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn customers_see_who_asks_and_why() {
    // sec: CS-6, TN-2
    let fixture = ConsentFixture::start();
    let id = fixture.client_id();
    let path = format!("/v1/developer/apps/{id}/profile");
    let change = |who: &crate::contract::support::Client, body: &serde_json::Value| {
        who.request("PATCH", &path).json(body).send()
    };
    let ada = &fixture.developer;
    assert_eq!(ada.get(&path).ok()["profile"]["website"], json!(null));
    let told = change(
        ada,
        &json!({
            "website": "https://acme.example",
            "privacyUrl": "https://acme.example/privacy",
            "purposes": {"read:commits": "Charts of how you deliver."},
            "logo": PNG,
        }),
    )
    .ok();
    assert_eq!(
        told["profile"]["purposes"]["read:commits"],
        "Charts of how you deliver."
    );
    let logo = format!("/app/logos/{id}");
    assert!(told["logoUrl"].as_str().unwrap().ends_with(&logo), "{told}");
    let (page, _) = fixture.customer("42", &[]);
    for part in [
        format!("src=\"{logo}\""),
        "href=\"https://acme.example\"".to_owned(),
        "href=\"https://acme.example/privacy\"".to_owned(),
        "Charts of how you deliver.".to_owned(),
    ] {
        assert!(page.html.contains(&part), "{part}: {}", page.html);
    }
    let image = page.browser.get(&logo);
    assert_eq!(
        (image.status, image.header("content-type")),
        (200, Some("image/png"))
    );
    assert_eq!(image.body, STANDARD.decode(PNG).unwrap());
    assert_eq!(image.header("x-content-type-options"), Some("nosniff"));

    for (member, value) in [
        ("website", json!("http://acme.example")),
        ("privacyUrl", json!("javascript:alert(1)")),
        ("purposes", json!({"read:everything": "x"})),
        ("logo", json!(STANDARD.encode("<svg onload=alert(1)>"))),
    ] {
        let answer = change(ada, &json!({member: value}));
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_REQUEST".into()),
            "{member}"
        );
        assert!(
            answer.message().contains(&format!("`{member}")),
            "{}",
            answer.message()
        );
    }
    let eve = accounts::developer(&fixture.server, "eve@mail.example");
    assert_eq!(
        change(&eve, &json!({"website": "https://evil.example"})).status,
        404
    );
    assert_eq!(eve.get(&path).status, 404);

    let dashboard = body(&ada.get("/app/dashboard"));
    assert!(
        dashboard.contains("value=\"https://acme.example\""),
        "{dashboard}"
    );
    let gone = change(ada, &json!({"website": "", "logo": ""})).ok();
    assert_eq!(
        (&gone["profile"]["website"], &gone["logoUrl"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(
        gone["profile"]["privacyUrl"],
        "https://acme.example/privacy"
    );
    assert_eq!(page.browser.get(&logo).status, 404);
}

/// A form of parts, with a file in the field `logo`.
fn parts(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    body.extend(
        b"--b0\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n",
    );
    body.extend(file);
    body.extend(b"\r\n--b0--\r\n");
    body
}

#[test]
fn a_logo_is_sent_by_the_dashboards_form() {
    // sec: CS-1, HT-1
    let fixture = ConsentFixture::start();
    let id = fixture.client_id();
    let ada = accounts::signed_in(&fixture.server, "ada@mail.example");
    let origin = format!("http://{}", ada.host());
    let csrf = field(&body(&ada.get("/app/dashboard")), "name=\"csrf\" value=\"");
    let path = format!("/app/developer/apps/{id}/profile");
    let send = |fields: &[(&str, &str)], file: &[u8]| {
        ada.request("POST", &path)
            .header("origin", &origin)
            .body("multipart/form-data; boundary=b0", parts(fields, file))
            .send()
    };
    let typed = [
        ("csrf", csrf.as_str()),
        ("website", "https://acme.example"),
        ("purpose.read:commits", "Charts of how you deliver."),
    ];
    let png = STANDARD.decode(PNG).unwrap();
    let logo = format!("/app/logos/{id}");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    for wrong in [svg, vec![0x89; 40_000], vec![0x89; 200_000]] {
        let answer = send(&typed, &wrong);
        assert_eq!(answer.status, 400);
        let page = body(&answer);
        for kept in [
            "This must be a PNG of at most 32 KiB and 512 pixels a side.",
            "value=\"https://acme.example\"",
            "value=\"Charts of how you deliver.\"",
        ] {
            assert!(page.contains(kept), "{kept}: {page}");
        }
    }
    assert_eq!(ada.get(&logo).status, 404);
    assert_eq!(send(&[("csrf", "stale")], &png).status, 403);
    assert_eq!(send(&typed, &png).status, 303);
    let image = ada.get(&logo);
    assert_eq!((image.status, image.body), (200, png));
    // Nothing chosen changes nothing of it; the box takes it away.
    assert_eq!(send(&typed, b"").status, 303);
    assert_eq!(ada.get(&logo).status, 200);
    let gone = [&typed[..], &[("removeLogo", "on")]].concat();
    assert_eq!(send(&gone, b"").status, 303);
    assert_eq!(ada.get(&logo).status, 404);
}
