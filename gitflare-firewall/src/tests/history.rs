//! Histories whose subject is a service: messages, changelogs, clients, recorded answers, workflows
//! and manuals that name it on every line and hold ids, versions, digests and links, but no secret.
//! What the firewall takes from them is harm. All of it is made here.

use super::rows::{HEX, Random, replaced};
use crate::Redactor;

/// Services and their hosts.
pub(crate) const SERVICES: &[(&str, &str)] = &[
    ("bitbucket", "bitbucket.org"),
    ("auth0", "auth0.com"),
    ("sentry", "sentry.io"),
    ("gitea", "gitea.com"),
    ("gitlab", "gitlab.com"),
    ("github", "github.com"),
    ("codecov", "codecov.io"),
    ("circleci", "circleci.com"),
    ("vercel", "vercel.com"),
    ("netlify", "netlify.com"),
    ("heroku", "heroku.com"),
    ("artifactory", "artifactory.example.com"),
    ("travis", "travis-ci.com"),
    ("jenkins", "jenkins.io"),
    ("sonarqube", "sonarqube.example.org"),
    ("datadog", "datadoghq.com"),
    ("grafana", "grafana.com"),
    ("twilio", "twilio.com"),
    ("sendgrid", "sendgrid.com"),
    ("okta", "okta.com"),
    ("stripe", "stripe.com"),
    ("slack", "slack.com"),
    ("discord", "discord.com"),
    ("telegram", "telegram.org"),
    ("cloudflare", "cloudflare.com"),
    ("digitalocean", "digitalocean.com"),
    ("algolia", "algolia.com"),
    ("mailgun", "mailgun.com"),
    ("pagerduty", "pagerduty.com"),
    ("opsgenie", "opsgenie.com"),
    ("rollbar", "rollbar.com"),
    ("launchdarkly", "launchdarkly.com"),
    ("snyk", "snyk.io"),
    ("buildkite", "buildkite.com"),
    ("appveyor", "appveyor.com"),
    ("newrelic", "newrelic.com"),
    ("dropbox", "dropbox.com"),
    ("trello", "trello.com"),
    ("asana", "asana.com"),
    ("notion", "notion.so"),
    ("airtable", "airtable.com"),
    ("contentful", "contentful.com"),
    ("mapbox", "mapbox.com"),
    ("shopify", "shopify.com"),
    ("kraken", "kraken.com"),
    ("spotify", "spotify.com"),
];

/// Messages. `{s}` is the service, `{S}` its name with a capital, `{U}` in capitals, `{h}` its host;
/// `{c}` a commit, `{k}` its beginning, `{d}` a digest, `{u}` a UUID, `{n}` a number, `{v}` a version,
/// `{x}` twelve hexadecimal digits, `{m}` an MD5, `{b}` a digest in base64, `{t}` a slug.
const MESSAGES: &[&str] = &[
    "Merge pull request #{n} from acme/{s}-{n}\n\nSee https://{h}/acme/shop/commits/{c}",
    "Bump {s}-sdk from {v} to {v}\n\nBumps [{s}-sdk](https://github.com/{s}/{s}-sdk) from {v} to {v}.\n- [Commits](https://github.com/{s}/{s}-sdk/compare/{c}...{c})",
    "Bump {s}/{s}-action from {c} to {c}",
    "{S}: sync {c}",
    "{s}: merge {c} into main",
    "Update {s} pipeline to {c}",
    "{s} release {c}",
    "Revert \"{s}: add hook\"\n\nThis reverts commit {c}.",
    "{s}: cherry-pick {k} and {k}\n\n(cherry picked from commit {c})",
    "{S} build {u} failed, see https://app.{h}/builds/{u}",
    "fix({s}): follow the redirect of https://{h}/a/b/builds/{n}/{u}",
    "Regression since {k} ({s} {v})",
    "Pin {s} to {k}\n\nIt broke with {c}, see https://{h}/t/{k}.",
    "{s}: the event {u} is handled twice",
    "Squashed '{s}/' changes from {k}..{k}\n\ngit-subtree-dir: {s}\ngit-subtree-split: {c}",
    "Deploy {s} worker {x} to eu-west-1",
    "{S} {v}: image {s}/{s}@sha256:{d}",
    "{s}: describe token rotation, keys and secrets\n\nRefs https://developer.{h}/docs/tokens#{t}",
    "{s}: id {n}{n}{n} instead of {n}{n}",
    "Fix {S} password reset of issue {n}\n\nCloses https://{h}/acme/shop/issues/{n}#note-{n}{n}",
];

/// Files: a path and a line of a patch of it.
const LINES: &[(&str, &str)] = &[
    (
        "client/{s}.go",
        "const base{S}URL = \"https://api.{h}/v2/users/{n}\"",
    ),
    ("client/{s}.go", "type {S}ConnectionFields20230905 struct {"),
    (
        "client/{s}.go",
        "func Test{S}CloudWebhookPushEventV20190312(t *testing.T) {",
    ),
    ("client/{s}.go", "\twant := \"{c}\" // of the {s} fixture"),
    ("client/{s}.go", "\t{s}Sha := \"{c}\""),
    (
        "client/{s}.go",
        "import {s}sdk \"github.com/{s}/{s}-go/v{n}/{s}api20230905\"",
    ),
    (
        "test/{s}_test.py",
        "assert {s}_client.build(\"{c}\").status == 200",
    ),
    (
        "test/{s}_test.py",
        "responses.add(\"GET\", \"https://api.{h}/2.0/repositories/a/b/commit/{c}\")",
    ),
    ("test/{s}_test.py", "{U}_COMMIT = \"{c}\""),
    (
        "test/{s}_test.py",
        "event = {s}.Event(id=\"{u}\", release=\"{c}\")",
    ),
    ("test/{s}_test.py", "{s}_client.get_build(build_id=\"{u}\")"),
    ("testdata/{s}/push.json", "  \"hash\": \"{c}\","),
    (
        "testdata/{s}/push.json",
        "  \"links\": {\"self\": {\"href\": \"https://api.{h}/2.0/repositories/a/b/commit/{c}\"}},",
    ),
    (
        "testdata/{s}/push.json",
        "  \"href\": \"https:\\/\\/api.{h}\\/2.0\\/repositories\\/a\\/b\\/src\\/{c}\\/x\",",
    ),
    (
        "testdata/{s}/push.json",
        "  \"uuid\": \"{{u}}\", \"type\": \"{s}_user\",",
    ),
    (
        "testdata/{s}/push.json",
        "  \"html_url\": \"https://{h}/users/%7B{u}%7D/\",",
    ),
    (
        "testdata/{s}/push.json",
        "  \"etag\": \"W/\\\"{m}\\\"\", \"service\": \"{s}\",",
    ),
    (
        "testdata/{s}/push.json",
        "  \"avatar\": \"https://secure.gravatar.com/avatar/{m}?d=https%3A%2F%2F{h}%2Fa.png\",",
    ),
    (
        "testdata/{s}/push.json",
        "  \"{s}Commit\": \"{c}\", \"parent\": \"{c}\",",
    ),
    ("testdata/{s}/push.json", "  \"x-{s}-request-id\": \"{u}\","),
    (
        "testdata/{s}/push.json",
        "  \"version\": \"{v}\", \"digest\": \"sha256:{d}\", \"name\": \"{s}\"",
    ),
    (
        "CHANGELOG.md",
        "* **{s}:** handle 404 ([#{n}](https://github.com/a/b/issues/{n})) ([{k}](https://github.com/a/b/commit/{c}))",
    ),
    ("CHANGELOG.md", "- {S} {v} ({k}): tokens are refreshed"),
    (
        "docs/{s}.md",
        "Run `{s} deploy {k}` and open https://app.{h}/deploys/{x}{x}.",
    ),
    (
        "docs/{s}.md",
        "curl -H \"Authorization: Bearer ${U}_TOKEN\" https://api.{h}/v1/builds/{u}",
    ),
    (
        "docs/{s}.md",
        "| `{s}.token` | string | the token of {S}, see [tokens](https://{h}/docs/{t}) |",
    ),
    (
        "docs/{s}.md",
        "[![{s}](https://{h}/gh/a/b/branch/main/graph/badge.svg?flag={n})](https://{h}/gh/a/b)",
    ),
    ("docs/{s}.md", "export {U}_TOKEN=<your {s} token>"),
    (
        ".github/workflows/{s}.yml",
        "      - uses: {s}/{s}-action@{c} # v{n}",
    ),
    (".github/workflows/{s}.yml", "          {U}_RELEASE: {c}"),
    (
        ".github/workflows/{s}.yml",
        "          token: ${{ secrets.{U}_TOKEN }}",
    ),
    (
        ".github/workflows/{s}.yml",
        "        image: {s}/{s}:{v}@sha256:{d}",
    ),
    (
        "deploy/{s}.yaml",
        "    image: registry.{h}/{s}/agent@sha256:{d}",
    ),
    ("deploy/{s}.yaml", "    checksum/{s}-secret: {d}"),
    ("deploy/{s}.yaml", "  name: {s}-worker-{x}-x{n}z"),
    ("deploy/{s}.yaml", "    {s}/commit: {c}"),
    (
        "infra/{s}.tf",
        "  source = \"git::https://{h}/a/b.git?ref={c}\"",
    ),
    ("infra/{s}.tf", "  {s}_project_id = \"{u}\""),
    ("infra/{s}.tf", "  token = var.{s}_token"),
    ("pom.xml", "    <{s}.version>5.2102.v{x}</{s}.version>"),
    (
        "package.json",
        "    \"{s}-sdk\": \"github:{s}/{s}-sdk#{c}\",",
    ),
    (
        "requirements.txt",
        "{s}-sdk @ git+https://{h}/{s}/sdk.git@{c}",
    ),
    (
        "Gemfile",
        "gem \"{s}\", git: \"https://{h}/{s}/ruby\", ref: \"{c}\"",
    ),
    (
        "go.mod",
        "\tgithub.com/{s}/{s}-go v0.0.0-20191209144304-{x}",
    ),
    (
        "{s}.sql",
        "ALTER TABLE {s}_secret ADD CONSTRAINT UK_{x}{x} UNIQUE (name);",
    ),
    ("web/{s}.ts", "export const {U}_BUILD = '{k}'; // {c}"),
    (
        "web/{s}.ts",
        "fetch('https://api.{h}/v1/t/{u}', { credentials: 'include' })",
    ),
    (
        "web/{s}.html",
        "<script src=\"https://cdn.{h}/{s}.js\" integrity=\"sha384-{b}\"></script>",
    ),
    (
        "log/{s}.txt",
        "2026-11-{n} {s}-agent[{n}]: checkout {c} of {s}/app",
    ),
    (
        "log/{s}.txt",
        "{s} trace={m} span={x} https://{h}/a/b/-/jobs/{n}{n}",
    ),
    (
        "src/{s}.rs",
        "    let {s} = {S}::new(Kind::Build, \"{c}\");",
    ),
    ("src/{s}.rs", "//! {S} names builds by UUIDs such as {u}."),
];

/// What was taken from the histories.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) bytes: usize,
    pub(crate) spans: usize,
    /// Ids, digests and links of which something is gone.
    pub(crate) altered: usize,
    pub(crate) kept: usize,
    /// What was taken, by line.
    pub(crate) examples: String,
}

impl Seen {
    pub(crate) fn a_megabyte(&self) -> f64 {
        self.spans as f64 * 1e6 / self.bytes as f64
    }

    pub(crate) fn line(&self) -> String {
        format!(
            "histories of {} services: {:.1} MB, {:.2} spans a MB, {} of {} ids altered\n",
            SERVICES.len(),
            self.bytes as f64 / 1e6,
            self.a_megabyte(),
            self.altered,
            self.kept
        )
    }
}

/// Filters the histories of all services, piece by piece as a gateway does.
pub(crate) fn measure(redactor: &Redactor, rounds: usize, prefix: &str) -> Seen {
    let mut seen = Seen::default();
    for (index, service) in SERVICES.iter().enumerate() {
        for piece in history(*service, rounds, index as u64) {
            let path = piece.path.as_deref();
            let redactor = path.map_or_else(|| redactor.clone(), |path| redactor.for_path(path));
            let text = piece.text.as_bytes();
            let redacted = redactor.redact(text).bytes;
            seen.bytes += text.len();
            seen.kept += piece.kept.len();
            let lost = |kept: &&String| memchr::memmem::find(&redacted, kept.as_bytes()).is_none();
            seen.altered += piece.kept.iter().filter(lost).count();
            let spans = replaced(text, &redacted, prefix);
            seen.spans += spans.len();
            for span in spans {
                let from = piece.text[..span.start]
                    .rfind('\n')
                    .map_or(0, |end| end + 1);
                let line = piece.text[from..].lines().next().unwrap_or_default();
                seen.examples += &format!("{}: {line}\n", path.unwrap_or("-"));
            }
        }
    }
    seen
}

/// A piece of a history.
pub(crate) struct Piece {
    /// `None` for a message.
    pub(crate) path: Option<String>,
    pub(crate) text: String,
    /// Ids, digests and links that must stay.
    pub(crate) kept: Vec<String>,
}

/// The pieces of a history of one service: its messages and a patch of each of its files.
pub(crate) fn history((service, host): (&str, &str), rounds: usize, seed: u64) -> Vec<Piece> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed + 1).wrapping_mul(0xD1B5_4A32_D192_ED03));
    let mut pieces = Vec::new();
    for _ in 0..rounds {
        for message in MESSAGES {
            let mut piece = Piece {
                path: None,
                text: String::new(),
                kept: Vec::new(),
            };
            piece.add(message, (service, host), &mut random);
            pieces.push(piece);
        }
        for lines in LINES.chunk_by(|a, b| a.0 == b.0) {
            let mut piece = Piece {
                path: Some(lines[0].0.replace("{s}", service)),
                text: format!("@@ -1,{0} +1,{0} @@\n", lines.len()),
                kept: Vec::new(),
            };
            for (index, (_, line)) in lines.iter().enumerate() {
                piece.text.push([' ', '+', '-'][index % 3]);
                piece.add(line, (service, host), &mut random);
            }
            pieces.push(piece);
        }
    }
    pieces
}

impl Piece {
    /// Adds a line with what its marks stand for.
    fn add(&mut self, line: &str, (service, host): (&str, &str), random: &mut Random) {
        let mut rest = line;
        while let Some((before, tail)) = rest.split_once('{') {
            self.text.push_str(before);
            let mut letters = tail.chars();
            match (letters.next(), letters.next()) {
                (Some(mark), Some('}')) => {
                    let is_kept = matches!(mark, 'c' | 'd' | 'u' | 'm' | 'b');
                    let value = value(mark, (service, host), random);
                    self.text.push_str(&value);
                    if is_kept {
                        self.kept.push(value);
                    }
                    rest = &tail[2..];
                }
                _ => {
                    self.text.push('{');
                    rest = tail;
                }
            }
        }
        self.text.push_str(rest);
        self.text.push('\n');
    }
}

/// What a mark of a line stands for.
fn value(mark: char, (service, host): (&str, &str), random: &mut Random) -> String {
    match mark {
        's' => service.to_owned(),
        'S' => service[..1].to_uppercase() + &service[1..],
        'U' => service.to_uppercase(),
        'h' => host.to_owned(),
        'c' => random.text(HEX, 40),
        'k' => {
            let len = 7 + random.next(4);
            random.text(HEX, len)
        }
        'd' => random.text(HEX, 64),
        'm' => random.text(HEX, 32),
        'x' => random.text(HEX, 12),
        'u' => [8, 4, 4, 4, 12].map(|len| random.text(HEX, len)).join("-"),
        'v' => format!("{}.{}.{}", random.next(9), random.next(30), random.next(20)),
        't' => ["rotate-keys-2024", "access-tokens", "api-v2", "scopes"][random.next(4)].to_owned(),
        'b' => random.text(super::rows::ALNUM, 64),
        _ => (10 + random.next(89)).to_string(),
    }
}
