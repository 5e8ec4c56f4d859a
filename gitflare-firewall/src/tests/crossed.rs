//! Every name with every spelling and every value: what a table of rows does not say, because its
//! rows were chosen. Secrets under names that promise one, and what is none of a secret's look or
//! name; nobody labelled a line by hand, so that the figures are no better than the rules below.

use super::rows::{ALNUM, Figures, HEX, Random, replaced};
use crate::Redactor;

/// Names, and whether weak values count under them.
const NAMES: &[(&str, bool)] = &[
    ("password", true),
    ("db_password", true),
    ("adminPassword", true),
    ("SMTP_PASS", true),
    ("passphrase", true),
    ("secret", false),
    ("client_secret", false),
    ("jwtSecret", false),
    ("token", false),
    ("access_token", false),
    ("GITHUB_TOKEN", false),
    ("api_key", false),
    ("apiKey", false),
    ("SECRET_KEY", false),
    ("private_key", false),
    ("auth_token", false),
];

/// Names that promise nothing, whatever stands behind them.
const PLAIN: &[&str] = &[
    "commit",
    "sha256",
    "etag",
    "build_id",
    "requestId",
    "checksum",
    "public_key",
    "token_type",
    "password_hint_url",
    "next_page_token",
    "secret_name",
    "keyboard_layout",
    "author",
    "tokenizer",
    "primary_key",
];

/// A path and a line, `{n}` being the name and `{v}` the value.
const SPELLINGS: &[(&str, &str)] = &[
    ("a.py", "{n} = \"{v}\""),
    ("a.py", "    {n}='{v}',"),
    ("a.py", "os.environ[\"{n}\"] = \"{v}\""),
    ("a.py", "# {n}: {v}"),
    ("a.js", "const {n} = '{v}';"),
    ("a.js", "  {n}: \"{v}\","),
    ("a.ts", "private readonly {n}: string = \"{v}\";"),
    ("a.go", "{n} := \"{v}\""),
    ("a.go", "\t{n}: \"{v}\","),
    ("A.java", "private static final String {n} = \"{v}\";"),
    ("A.java", "props.setProperty(\"{n}\", \"{v}\");"),
    ("a.rb", ":{n} => \"{v}\""),
    ("a.php", "'{n}' => '{v}',"),
    ("a.rs", "let {n} = \"{v}\".to_owned();"),
    ("a.c", "#define {n} \"{v}\""),
    ("a.cs", "string {n} = \"{v}\";"),
    ("a.sh", "export {n}={v}"),
    ("a.sh", "tool --{n}={v} --verbose"),
    ("a.yml", "  {n}: {v}"),
    ("a.yml", "  {n}: \"{v}\""),
    ("a.json", "  \"{n}\": \"{v}\","),
    ("a.toml", "{n} = \"{v}\""),
    ("a.ini", "{n}={v}"),
    ("a.properties", "app.{n}={v}"),
    ("a.xml", "<{n}>{v}</{n}>"),
    ("a.xml", "<add key=\"{n}\" value=\"{v}\"/>"),
    ("a.tf", "  {n} = \"{v}\""),
    ("a.md", "- {n}: `{v}`"),
    ("Dockerfile", "ENV {n}={v}"),
];

/// Under a name that promises a secret: what stands for one, names one or says what it is.
const HARMLESS: &[&str] = &[
    "${SECRETS_FROM_ENV}",
    "$(cat /run/secrets/x)",
    "{{ vault_value }}",
    "<your-value-here>",
    "changeme",
    "REDACTED",
    "********",
    "/run/secrets/db",
    "https://example.com/docs/auth",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "string",
    "null",
    "true",
    "config/master.key",
    "process.env.VALUE",
];

/// Under a name that promises none: what looks generated.
const GENERATED: &[(&str, usize)] = &[(HEX, 40), (HEX, 64), (HEX, 32)];

/// The figures over every combination, and those that were judged otherwise.
pub(crate) fn measure(redactor: &Redactor, prefix: &str) -> (Figures, String) {
    let mut random = Random(5);
    let (mut figures, mut examples) = (Figures::default(), String::new());
    for (path, line) in SPELLINGS {
        let redactor = redactor.for_path(path);
        let mut judge = |name: &str, value: &str, is_secret: bool| {
            let text = line.replace("{n}", name).replace("{v}", value);
            let start = text.find(value).unwrap_or_default();
            let label = is_secret.then(|| start..start + value.len());
            let redacted = redactor.redact(text.as_bytes()).bytes;
            let found = replaced(text.as_bytes(), &redacted, prefix);
            let before = figures;
            figures.add(label.as_slice(), &found);
            if figures.missed + figures.wrong > before.missed + before.wrong {
                examples.push_str(&format!("{path}: {text}\n"));
            }
        };
        for (name, takes_weak) in NAMES {
            for value in generated(&mut random) {
                judge(name, &value, true);
            }
            if *takes_weak {
                for value in ["hunter22", "Zx9!kLm2q", "S0mmErW1nd", "kind-river-walrus9"] {
                    judge(name, value, true);
                }
            }
            for value in HARMLESS {
                judge(name, value, false);
            }
        }
        for name in PLAIN {
            for &(alphabet, len) in GENERATED {
                judge(name, &random.text(alphabet, len), false);
            }
        }
    }
    (figures, examples)
}

/// Values that a generator made, of the usual alphabets and lengths.
fn generated(random: &mut Random) -> [String; 5] {
    [
        random.value(),
        random.text(HEX, 40),
        random.text(HEX, 32),
        random.text(&format!("{ALNUM}-_"), 43),
        random.text(&ALNUM[26..], 24),
    ]
}
