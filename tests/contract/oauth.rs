//! Token issuing on both routes, in both body types, and what a token says of itself.

use serde_json::{Value, json};

use crate::contract::support::{
    ADMIN_KEY, Request, Response, Seed, Server, client, connection, tenant, text,
};

const BOTH: [&str; 2] = ["/oauth/token", "/v1/platform/tokens"];

/// How a token request is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Json,
    Form,
}

fn ask(server: &Server, target: &str, body: Body, members: &[(&str, &str)]) -> Response {
    fill(server.client().request("POST", target), body, members).send()
}

fn fill(request: Request, body: Body, members: &[(&str, &str)]) -> Request {
    match body {
        Body::Json => {
            let members = members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)));
            request.json(&Value::Object(members.collect()))
        }
        Body::Form => {
            let pairs: Vec<_> = members
                .iter()
                .map(|(name, value)| {
                    format!("{name}={}", value.replace(' ', "+").replace(':', "%3A"))
                })
                .collect();
            request.form(&pairs.join("&"))
        }
    }
}

/// The word of RFC 6749 where that shape is due, after checking the shape.
fn word(target: &str, body: Body, answer: &Response) -> Option<String> {
    let json = answer.json();
    let is_rfc = target == "/oauth/token" && body == Body::Form;
    assert_eq!(json.get("gitflare_error").is_some(), is_rfc, "{json}");
    answer.code();
    is_rfc.then(|| {
        assert!(json["error_description"].is_string(), "{json}");
        text(&json["error"])
    })
}

#[test]
fn client_credentials_buy_a_token_on_both_routes() {
    // sec: TK-12
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    for target in BOTH {
        for body in [Body::Json, Body::Form] {
            let members = [
                ("grant_type", "client_credentials"),
                ("client_id", &seed.client_id),
                ("client_secret", &seed.client_secret),
                ("scope", "read:commits read:tags"),
                ("unknown", "ignored"),
            ];
            let answer = ask(&server, target, body, &members);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("content-encoding"), None);
            let token = answer.ok();
            let secret = text(&token["accessToken"]);
            assert!(secret.starts_with("sggat_"));
            assert_eq!(
                token,
                json!({
                    "id": token["id"],
                    "accessToken": secret,
                    "tokenType": "Bearer",
                    "expiresAt": token["expiresAt"],
                    "expiresInSeconds": 3600,
                    "tenantId": seed.company,
                    "clientId": seed.client_id,
                    "authorizationId": token["authorizationId"],
                    "issuedBy": "client_credentials",
                    "permissions": ["read:commits", "read:tags"],
                    "connectionIds": [seed.connection],
                    "access_token": secret,
                    "token_type": "Bearer",
                    "expires_in": 3600,
                    "scope": "read:commits read:tags",
                }),
                "{target} {body:?}"
            );
            assert!(text(&token["id"]).starts_with("atk_"));
            assert!(text(&token["expiresAt"]).ends_with('Z'));
        }
    }
}

#[test]
fn refusals_have_the_code_and_on_oauth_token_the_word_of_the_rfc() {
    // sec: TK-5, TK-12
    let server = Server::start();
    let (id, secret) = client(&server.admin());
    let (other, _) = client(&server.admin());
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    for target in BOTH {
        for body in [Body::Json, Body::Form] {
            let check = |members: &[(&str, &str)], status: u16, code: &str, expected: &str| {
                let answer = ask(&server, target, body, members);
                let what = format!("{target} {body:?} {members:?}");
                let word = word(target, body, &answer);
                // RFC 6749 knows 400 and 401 only.
                let status = if word.is_some() && status == 403 {
                    400
                } else {
                    status
                };
                assert_eq!(answer.refusal(), (status, code.to_owned()), "{what}");
                if let Some(word) = word {
                    assert_eq!(word, expected, "{what}");
                }
                let challenge = (status == 401).then_some(r#"Basic realm="gitflare""#);
                assert_eq!(answer.header("www-authenticate"), challenge, "{what}");
            };
            let with = |name, value| -> Vec<(&str, &str)> {
                good.iter()
                    .copied()
                    .filter(|(key, _)| *key != name)
                    .chain([(name, value)])
                    .collect()
            };
            let without = |name| -> Vec<(&str, &str)> {
                good.iter()
                    .copied()
                    .filter(|(key, _)| *key != name)
                    .collect()
            };
            check(
                &without("grant_type"),
                400,
                "INVALID_REQUEST",
                "invalid_request",
            );
            check(
                &with("grant_type", "password"),
                400,
                "INVALID_REQUEST",
                "unsupported_grant_type",
            );
            check(
                &without("client_id"),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &with("client_id", "client_unknown"),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &with("client_id", "no id at all"),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &with("client_id", &other),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &with("client_secret", "wrong"),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &without("client_secret"),
                401,
                "INVALID_CREDENTIALS",
                "invalid_client",
            );
            check(
                &with("scope", "read:everything"),
                400,
                "INVALID_REQUEST",
                "invalid_scope",
            );
            check(
                &with("tenant_id", "tenant_unknown"),
                403,
                "APPROVAL_REQUIRED",
                "invalid_grant",
            );
            check(
                &with("customer_ref", "nobody"),
                403,
                "APPROVAL_REQUIRED",
                "invalid_grant",
            );
        }
    }
}

#[test]
fn an_unknown_client_and_a_wrong_secret_are_told_apart_by_nobody() {
    // sec: TK-5
    let server = Server::start();
    let (id, _) = client(&server.admin());
    let body = |id: &str| {
        let members = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", "x"),
        ];
        let mut body = ask(&server, "/oauth/token", Body::Json, &members).json();
        body["error"]["request_id"].take();
        body
    };
    assert_eq!(body(&id), body("client_unknown"));
}

#[test]
fn client_credentials_may_come_as_http_basic() {
    let server = Server::start();
    let (id, secret) = client(&server.admin());
    let base64 = |text: &str| {
        use std::fmt::Write;
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        text.as_bytes()
            .chunks(3)
            .fold(String::new(), |mut out, chunk| {
                let bits = chunk
                    .iter()
                    .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
                    << (8 * (3 - chunk.len()));
                for place in 0..4 {
                    let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
                    let _ = write!(
                        out,
                        "{}",
                        if place <= chunk.len() {
                            char::from(letter)
                        } else {
                            '='
                        }
                    );
                }
                out
            })
    };
    let basic = format!("Basic {}", base64(&format!("{id}:{secret}")));
    let grant = ("grant_type", "client_credentials");
    for (members, status) in [
        (vec![grant], 200),
        (vec![grant, ("client_id", id.as_str())], 200),
        (vec![grant, ("client_id", "client_other")], 400),
        (vec![grant, ("client_secret", secret.as_str())], 400),
    ] {
        for body in [Body::Json, Body::Form] {
            let request = server
                .client()
                .request("POST", "/oauth/token")
                .header("authorization", &basic);
            let answer = fill(request, body, &members).send();
            assert_eq!(answer.status, status, "{body:?} {members:?}");
        }
    }
    let wrong = format!("Basic {}", base64(&format!("{id}:wrong")));
    let request = server
        .client()
        .request("POST", "/oauth/token")
        .header("authorization", &wrong);
    let answer = fill(request, Body::Form, &[grant]).send();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"], "invalid_client");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Basic realm="gitflare""#)
    );
}

#[test]
fn a_form_parameter_is_sent_once_and_an_empty_one_is_left_out() {
    let server = Server::start();
    let (id, secret) = client(&server.admin());
    let form = |body: &str| {
        server
            .client()
            .request("POST", "/oauth/token")
            .form(body)
            .send()
    };
    let good = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    assert_eq!(form(&format!("{good}&scope=&customer_ref=")).status, 200);
    for body in [
        format!("{good}&client_id={id}"),
        format!("{good}&scope=a&scope=b"),
        format!("{good}&x=%zz"),
        format!("{good}&x=%ff"),
        format!("{good}{}", "&a=1".repeat(98)),
    ] {
        let answer = form(&body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()));
        assert_eq!(answer.json()["error"], "invalid_request");
    }
}

#[test]
fn a_token_request_is_json_or_a_form() {
    let server = Server::start();
    for target in BOTH {
        for content_type in ["text/plain", "multipart/form-data; boundary=x", ""] {
            let request = server.client().request("POST", target);
            let answer = request.body(content_type, b"{}".to_vec()).send();
            assert_eq!(
                answer.refusal(),
                (415, "INVALID_REQUEST".into()),
                "{content_type}"
            );
        }
        let twice = br#"{"grant_type":"client_credentials","grant_type":"x"}"#.to_vec();
        let answer = server
            .client()
            .request("POST", target)
            .body("application/json", twice)
            .send();
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()));
        let answer = server.client().post(target, &json!({"grant_type": 7}));
        assert_eq!(answer.message(), "`grant_type` must be a string.");
    }
}

#[test]
fn a_token_carries_the_grants_of_one_customer_only() {
    // sec: TK-9
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let second = tenant(&admin, "company");
    let connection = connection(&admin, &second);
    let grant = json!({
        "tenantId": second, "clientId": seed.client_id, "connectionId": connection,
        "permissions": ["read:profile"], "repositories": "all",
    });
    let grant = text(&admin.post("/v1/platform/grants", &grant).ok()["grant"]["id"]);
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", seed.client_id.as_str()),
        ("client_secret", seed.client_secret.as_str()),
    ];
    for target in BOTH {
        let answer = ask(&server, target, Body::Json, &good);
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_REQUEST".into()),
            "two customers, none named"
        );
        for (company, connection, scopes) in [
            (&seed.company, &seed.connection, 15),
            (&second, &connection, 1),
        ] {
            let members = [&good[..], &[("tenant_id", company.as_str())]].concat();
            let token = ask(&server, target, Body::Json, &members).ok();
            assert_eq!(token["tenantId"], json!(company));
            assert_eq!(token["connectionIds"], json!([connection]));
            assert_eq!(token["permissions"].as_array().unwrap().len(), scopes);
        }
    }
    let members = [&good[1..], &[("grant_id", grant.as_str())]].concat();
    let token = ask(&server, "/v1/platform/tokens", Body::Json, &members).ok();
    assert_eq!(token["connectionIds"], json!([connection]));
    let answer = ask(&server, "/oauth/token", Body::Json, &members);
    assert_eq!(
        answer.message(),
        "`grant_type` is missing.",
        "grant_id is the platform route's"
    );
    let (other, other_secret) = client(&admin);
    let foreign = [
        ("client_id", other.as_str()),
        ("client_secret", &other_secret),
        ("grant_id", &grant),
    ];
    let random = [
        ("client_id", other.as_str()),
        ("client_secret", &other_secret),
        ("grant_id", "grant_unknown"),
    ];
    let bodies = [foreign, random].map(|members| {
        let mut body = ask(&server, "/v1/platform/tokens", Body::Json, &members).json();
        body["error"]["request_id"].take();
        body
    });
    // sec: TN-2
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0]["error"]["code"], "INVALID_REQUEST");
}

#[test]
fn a_token_knows_its_own_context() {
    // sec: TK-11
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let me = "/v1/platform/client/me";
    let answer = server.client().with_bearer(&seed.token).get(me);
    let body = answer.ok();
    assert_eq!(body["token"]["id"], json!(seed.token_id));
    assert_eq!(body["client"]["id"], json!(seed.client_id));
    assert_eq!(body["tenant"]["id"], json!(seed.company));
    let names: Vec<_> = body["token"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        [
            "authorizationId",
            "clientId",
            "connectionIds",
            "createdAt",
            "expiresAt",
            "id",
            "issuedBy",
            "lastUsedAt",
            "permissions",
            "revokedAt",
            "tenantId"
        ]
    );
    let shown = String::from_utf8(answer.body).unwrap();
    for secret in [&seed.token, &seed.client_secret, ADMIN_KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert_eq!(
        server.client().get(me).refusal(),
        (401, "AUTH_REQUIRED".into())
    );
    let unknown = server.client().with_bearer("sggat_x").get(me);
    assert_eq!(unknown.refusal(), (401, "INVALID_CREDENTIALS".into()));
    let revoked = server
        .admin()
        .delete(&format!("/v1/platform/tokens/{}", seed.token_id));
    assert_eq!(revoked.status, 204);
    let dead = server.client().with_bearer(&seed.token).get(me);
    assert_eq!(dead.refusal(), (401, "AUTH_EXPIRED".into()));
}

#[test]
fn a_request_without_client_credentials_is_told_to_authenticate() {
    // RFC 6749, section 5.2; RFC 7662, section 2.3.
    let server = Server::start();
    for target in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        let bodies = [
            "grant_type=client_credentials&token=x",
            "token=x",
            "scope=a",
        ];
        for body in bodies {
            for authorization in [None, Some("Basic !!!"), Some("Basic ")] {
                let mut request = server.client().request("POST", target).form(body);
                if let Some(value) = authorization {
                    request = request.header("authorization", value);
                }
                let answer = request.send();
                assert_eq!(answer.status, 401, "{target} {body} {authorization:?}");
                assert_eq!(answer.json()["error"], "invalid_client", "{target} {body}");
                assert_eq!(answer.code(), "INVALID_CREDENTIALS");
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.starts_with("Basic "), "{challenge}");
            }
        }
        // Nor is one whose secret is missing or wrong told what else is.
        for body in ["client_id=client_x", "client_id=client_x&client_secret=y"] {
            let answer = server.client().request("POST", target).form(body).send();
            assert_eq!(answer.status, 401, "{target} {body}");
            assert_eq!(answer.json()["error"], "invalid_client", "{target} {body}");
        }
    }
}
