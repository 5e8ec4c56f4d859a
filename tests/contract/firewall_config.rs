//! The firewall's configuration: read, changed, in force with the next request.

use serde_json::{Value, json};

use crate::contract::support::{Seed, Server, text};

#[test]
fn the_firewalls_configuration_is_read_changed_and_in_force_at_once() {
    // sec: IN-7
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let config = "/v1/security/firewall/config";
    let before = admin.get(config).ok();
    let names: Vec<_> = before.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        [
            "blockedFilePatterns",
            "enabled",
            "updatedAt",
            "updatedBy",
            "version"
        ]
    );
    assert_eq!(
        (&before["version"], &before["updatedAt"]),
        (&json!(1), &Value::Null)
    );
    let tree = |path: &str| {
        let target = format!("/v1/repositories/local/octo%2Fhello/file-tree?recursive=true{path}");
        let body = server.client().with_bearer(&seed.token).get(&target).ok();
        let rows = body["data"].as_array().unwrap().iter();
        rows.map(|row| text(&row["path"])).collect::<Vec<_>>()
    };
    assert!(!tree("").contains(&".env".to_owned()));
    let answer = admin.post(config, &json!({"blockedFilePatterns": ["*.md"]}));
    assert_eq!(answer.status, 200);
    let after = answer.ok();
    assert_eq!(after["blockedFilePatterns"], json!(["*.md"]));
    assert_eq!(
        (&after["version"], &after["updatedBy"]),
        (&json!(2), &json!("admin"))
    );
    assert_eq!(admin.get(config).ok(), after);
    let files = tree("");
    assert!(
        files.contains(&".env".to_owned()) && !files.contains(&"README.md".to_owned()),
        "{files:?}"
    );
    let long = "a".repeat(257);
    for (body, named) in [
        (json!({}), "enabled"),
        (json!({"enabled": "yes"}), "enabled"),
        (
            json!({"blockedFilePatterns": "*.pem"}),
            "blockedFilePatterns",
        ),
        (
            json!({"blockedFilePatterns": ["*.pem", 1]}),
            "blockedFilePatterns[1]",
        ),
        (
            json!({"blockedFilePatterns": ["[z-a"]}),
            "blockedFilePatterns[0]",
        ),
        (
            json!({"blockedFilePatterns": [long]}),
            "blockedFilePatterns[0]",
        ),
        (
            json!({"blockedFilePatterns": vec!["a"; 1001]}),
            "blockedFilePatterns",
        ),
    ] {
        let answer = admin.post(config, &body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{body}");
        assert!(answer.message().contains(named), "{}", answer.message());
        assert_eq!(admin.get(config).ok(), after, "what is in force stays");
    }
}

#[test]
fn a_thousand_patterns_of_256_bytes_can_be_sent() {
    // sec: SC-6
    let server = Server::start();
    let admin = server.admin();
    let config = "/v1/security/firewall/config";
    let patterns: Vec<_> = (0..1000)
        .map(|number| format!("{number:04}{}", "é".repeat(126)))
        .collect();
    let body = json!({"blockedFilePatterns": patterns});
    assert_eq!(admin.post(config, &body).status, 200);
    let escaped = body.to_string().replace('é', "\\u00e9").into_bytes();
    let request = admin.request("POST", config);
    let answer = request.body("application/json", escaped).send();
    assert_eq!(answer.status, 200);
    assert_eq!(
        admin.get(config).ok()["blockedFilePatterns"],
        json!(patterns)
    );
    let mut more = patterns;
    more.push("one.more".to_owned());
    let answer = admin.post(config, &json!({"blockedFilePatterns": more}));
    assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()));
}
