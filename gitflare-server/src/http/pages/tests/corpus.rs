//! Two hundred hostile texts in every field that comes from outside: no page may grow an element,
//! an attribute or a handler from any of them.

use super::{
    markup::{Start, starts},
    samples::Words,
};

/// What stands around a payload when it is tried.
const PREFIXES: &[&str] = &[
    "",
    "\"",
    "'",
    "\">",
    "'>",
    "</title>",
    "</textarea>",
    "--><",
    "\u{0}",
    "&lt;",
];

const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    " onmouseover=alert(1) x=",
    " autofocus onfocus=alert(1) ",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
    "<form action=https://evil.example><input name=csrf>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<style>*{background:url(https://evil.example)}</style>",
    "{{7*7}}{% include \"x\" %}${alert(1)}",
    "<!--<img src=x onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "\u{ff1c}script\u{ff1e}alert(1)\u{ff1c}/script\u{ff1e}",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "`${alert(1)}`<xmp><plaintext>",
];

fn payloads() -> Vec<String> {
    let of = |prefix: &&str| {
        let prefix = (*prefix).to_owned();
        PAYLOADS
            .iter()
            .map(move |payload| format!("{prefix}{payload}"))
    };
    PREFIXES.iter().flat_map(of).collect()
}

/// The page's skeleton: elements and the names of their attributes.
fn skeleton(starts: &[Start]) -> Vec<(&str, Vec<&str>)> {
    starts
        .iter()
        .map(|start| {
            let names = start.attributes.iter().map(|(name, _)| name.as_str());
            (start.name.as_str(), names.collect())
        })
        .collect()
}

#[test]
fn no_text_from_outside_becomes_markup() {
    // sec: CS-8
    let payloads = payloads();
    assert_eq!(payloads.len(), 200);
    let calm = Words {
        of: &|_| "calm".to_owned(),
        repositories: 3,
    }
    .samples();
    let calm: Vec<_> = calm
        .iter()
        .filter(|sample| sample.html.contains("calm"))
        .map(|sample| (sample.name, starts(sample.name, &sample.html)))
        .collect();
    for payload in &payloads {
        let hostile = Words {
            of: &|_| payload.clone(),
            repositories: 3,
        }
        .samples();
        for (name, calm) in &calm {
            let sample = hostile.iter().find(|it| it.name == *name).unwrap();
            let hostile = starts(name, &sample.html.replace('\0', ""));
            assert_eq!(
                skeleton(&hostile),
                skeleton(calm),
                "{name} with {payload:?}"
            );
            for start in &hostile {
                for (key, value) in &start.attributes {
                    let leads = matches!(key.as_str(), "href" | "src" | "action" | "formaction");
                    let is_ours = value.starts_with('/') && !value.starts_with("//")
                        || value.starts_with('#');
                    // The app's own pages, which it has named and we have checked.
                    let is_apps = start
                        .attribute("rel")
                        .is_some_and(|rel| rel.contains("noopener"))
                        && value.starts_with("https://acme.example")
                        || value.starts_with("https://panel.example/");
                    assert!(!leads || is_ours || is_apps, "{name}: {key}={value}");
                }
            }
        }
    }
}
