//! Texts that hold a secret where a name tells it, and once more where nothing does.

use super::rows::{HEX, Random};
use crate::Redactor;

/// Where a name tells the secret.
const TOLD: &[(&str, &str)] = &[
    ("a.py", "password = \"{}\"\n"),
    ("a.sh", "export API_TOKEN={}\n"),
    ("a.yml", "client_secret: {}\n"),
    ("a.json", "{\"apiKey\": \"{}\",\n"),
    ("a.go", "const token = \"{}\"\n"),
    ("README.md", "Use the token `{}`.\n"),
    ("a.js", "// password: {}\n"),
    ("a.http", "Authorization: Bearer {}\n"),
];

/// Where nothing tells it.
const AGAIN: &[&str] = &[
    "assert seen == \"{}\"\n",
    "login admin {}\n",
    "curl -X POST x.io/{}/y\n",
    "expected: [a, {}, b]\n",
    "we rotated {} on Monday\n",
    "x('{}');\n",
    "    {}\n",
    "a={}&b=c\n",
    "| bob | {} |\n",
    "({})\n",
];

/// How many texts in which the secret was recognised show it all the same, of how many, and those;
/// half of them show it before it is told.
pub(crate) fn measure(redactor: &Redactor) -> ([usize; 2], String) {
    let mut random = Random(11);
    let (mut shown, mut all, mut examples) = (0, 0, String::new());
    for (path, told) in TOLD {
        let redactor = redactor.for_path(path);
        for again in AGAIN {
            let values = [
                random.value(),
                random.text(HEX, 40),
                "tiger7lily21".to_owned(),
                random.value()[..12].to_owned(),
            ];
            for (index, value) in values.iter().enumerate() {
                let (told, again) = (told.replace("{}", value), again.replace("{}", value));
                let text = if index % 2 == 0 {
                    told + "x: y\n" + &again
                } else {
                    again + "x: y\n" + &told
                };
                let redacted = redactor.redact(text.as_bytes());
                if redacted.redactions == 0 {
                    continue;
                }
                all += 1;
                let redacted = redacted.bytes;
                if memchr::memmem::find(&redacted, value.as_bytes()).is_some() {
                    shown += 1;
                    examples += &format!("{path}: {}\n", String::from_utf8_lossy(&redacted));
                }
            }
        }
    }
    ([shown, all], examples)
}
