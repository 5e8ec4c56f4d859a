//! The sandbox from start to end, over its own HTTP.

use std::process::Command;

use super::*;

async fn sandbox(flags: &[&str]) -> Result<Sandbox, Vec<Problem>> {
    let line = ["sandbox"].into_iter().chain(flags.iter().copied());
    match crate::cli::parse(line.map(Into::into)).unwrap() {
        crate::cli::Command::Sandbox(arguments) => Ok(Sandbox::prepare(arguments)?.start().await?),
        other => panic!("{other:?}"),
    }
}

/// Runs a printed command as a shell would; `None` where there is no curl.
async fn paste(command: String) -> Option<serde_json::Value> {
    let run = move || Command::new("sh").args(["-c", &command]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    if output.status.code() == Some(127) {
        assert!(std::env::var_os("CI").is_none(), "curl is missing");
        return None;
    }
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_printed_command_works_when_pasted_alone() {
    let sandbox = sandbox(&["--listen", "127.0.0.1:0"]).await.unwrap();
    let folder = sandbox.folder.path().to_owned();
    let text = sandbox.announcement();
    let mut answers = Vec::new();
    for (_, command) in sandbox.commands() {
        assert!(
            text.contains(&command) && !command.contains(['|', '$', '\n']),
            "{command}"
        );
        match paste(command).await {
            Some(answer) => answers.push(answer),
            None => println!("skipped: there is no curl on this machine"),
        }
    }
    if let [repositories, commits, diff, pulls, checks, emitted] = &answers[..] {
        assert_eq!(emitted["deliveries"][0]["status"], 204, "{emitted}");
        assert_eq!(repositories["data"][0]["fullName"], sample::FULL_NAME);
        assert_eq!(commits["data"].as_array().unwrap().len(), 5);
        let text = diff.to_string();
        for secret in sandbox.sample().planted.all() {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(
            text.contains("gf_sha256:") && !text.contains(".env\""),
            "{text}"
        );
        assert_eq!(diff["data"]["firewall"]["blockedFiles"], 2, "{diff}");
        assert_eq!(pulls["data"].as_array().map(Vec::len), Some(4), "{pulls}");
        assert_eq!(checks["data"].as_array().map(Vec::len), Some(3), "{checks}");
    }
    sandbox.shutdown().await.unwrap();
    assert!(!folder.exists(), "nothing outlives the sandbox");
}

/// A browser, as far as curl is one: it keeps cookies and follows redirects.
struct Browser {
    jar: tempfile::NamedTempFile,
    origin: String,
}

impl Browser {
    fn of(sandbox: &Sandbox) -> Self {
        Self {
            jar: tempfile::NamedTempFile::new().unwrap(),
            origin: sandbox.running().public_url().to_string(),
        }
    }

    /// The page at an address, or what a form sent there leads to; `None` without curl.
    async fn open(&self, url: &str, form: &[(&str, &str)]) -> Option<String> {
        let mut curl = Command::new("curl");
        let jar = self.jar.path();
        curl.args(["-s", "-L", "-H", "accept: text/html", "-b"])
            .arg(jar);
        curl.arg("-c").arg(jar).arg(url);
        if !form.is_empty() {
            curl.args(["-H", &format!("origin: {}", self.origin)]);
        }
        for (name, value) in form {
            curl.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        let output = tokio::task::spawn_blocking(move || curl.output())
            .await
            .unwrap();
        if output.is_err() {
            assert!(std::env::var_os("CI").is_none(), "curl is missing");
            println!("skipped: there is no curl on this machine");
        }
        let text = String::from_utf8(output.ok()?.stdout).unwrap();
        Some(text.replace("&#38;", "&").replace("&amp;", "&"))
    }
}

/// What stands in a page between a start and the next quote.
fn between<'h>(html: &'h str, start: &str) -> &'h str {
    let (_, rest) = html
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {html}"));
    rest.split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_consent_link_leads_through_the_whole_walk() {
    let sandbox = sandbox(&["--listen", "127.0.0.1:0"]).await.unwrap();
    let link = sandbox.consent_link();
    let text = sandbox.announcement();
    assert!(text.contains(link) && text.contains("/docs") && text.contains("/testapp"));
    let browser = Browser::of(&sandbox);
    let Some(page) = browser.open(link, &[]).await else {
        return;
    };
    let start = between(&page, "href=\"/oauth/authorize/connect/github?");
    let start = format!("{}/oauth/authorize/connect/github?{start}", browser.origin);
    let sign_in = browser.open(&start, &[]).await.unwrap();
    assert!(sign_in.contains("emulated GitHub"), "{sign_in}");
    let hidden = |name| between(&sign_in, &format!("name=\"{name}\" value=\"")).to_owned();
    let (uri, state) = (hidden("redirect_uri"), hidden("state"));
    let (scope, challenge) = (hidden("scope"), hidden("code_challenge"));
    let form = [
        ("redirect_uri", uri.as_str()),
        ("state", &state),
        ("scope", &scope),
        ("code_challenge", &challenge),
        ("login", OWNER),
    ];
    let forge = format!("{}/__sign-in", sandbox.forges().github().web_url());
    let consent = browser.open(&forge, &form).await.unwrap();
    let form = [
        ("csrf", between(&consent, "name=\"csrf\" value=\"")),
        (
            "request_id",
            between(&consent, "name=\"request_id\" value=\""),
        ),
        ("permissions", "read:repositories"),
        ("permissions", "read:diffs"),
        ("permissions", "events:subscribe"),
        (
            "repositories",
            between(&consent, "name=\"repositories\" value=\""),
        ),
    ];
    let approve = format!("{}/oauth/authorize/approve", browser.origin);
    let connected = browser.open(&approve, &form).await.unwrap();
    assert!(connected.contains("Connected."), "{connected}");
    assert!(
        connected.contains("code=sggac_"),
        "how the token came: {connected}"
    );

    let diff = format!("{}/testapp/diff", browser.origin);
    let diff = browser.open(&diff, &[]).await.unwrap();
    let (with, without) = (diff.matches("gf_sha256:").count(), diff.contains("BEGIN"));
    assert!(with >= 3 && without && diff.contains("Withheld."), "{diff}");
    sees_the_event(&sandbox, &browser).await;
    sandbox.shutdown().await.unwrap();
}

/// Makes a push happen by the line that README has, and waits for it on the test app's page.
async fn sees_the_event(sandbox: &Sandbox, browser: &Browser) {
    let port = sandbox.forges().github().address().port().to_string();
    let readme = include_str!("../../../README.md");
    let mut lines = readme.lines();
    let line = lines
        .find(|line| line.starts_with("curl -s -X POST"))
        .unwrap();
    let line = line.replace("PORT", &port);
    assert!(sandbox.announcement().contains(&line), "{line}");
    paste(line).await.unwrap();
    let url = format!("{}/testapp/events", browser.origin);
    let mut page = String::new();
    for _ in 0..200 {
        page = browser.open(&url, &[]).await.unwrap();
        if page.contains("Signature right") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(page.contains("Signature right"), "{page}");
    assert!(
        page.contains("push") && page.contains("webhook-signature: v1,"),
        "{page}"
    );
}

/// The names of the events that stand below an emulated host's command on the test app's page.
fn offered(page: &str, name: &str) -> Vec<String> {
    let (_, rest) = page
        .split_once(&format!("the command for {name}<"))
        .unwrap_or_else(|| panic!("no command for {name} in {page}"));
    let (_, rest) = rest.split_once("<p class=\"muted\">").unwrap();
    let (words, _) = rest.split_once("</p>").unwrap();
    let words = words.split("<code>").skip(1);
    words
        .map(|word| word.split('<').next().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_the_test_app_offers_is_delivered_to_it() {
    let sandbox = sandbox(&["--listen", "127.0.0.1:0"]).await.unwrap();
    let browser = Browser::of(&sandbox);
    let url = format!("{}/testapp/events", browser.origin);
    let Some(page) = browser.open(&url, &[]).await else {
        return;
    };
    let read = async |path: &str| {
        let (token, origin) = (sandbox.access_token(), &browser.origin);
        let line = format!("curl -s -H 'authorization: Bearer {token}' '{origin}{path}'");
        paste(line).await.unwrap()["data"]
            .as_array()
            .unwrap()
            .clone()
    };
    let subscriptions = read("/v1/subscriptions").await;
    for forge in sandbox.forges().all() {
        let (id, name) = (forge.kind().id(), forge.kind().name());
        let offered = offered(&page, name);
        assert!(offered.iter().any(|event| event == "push"), "{offered:?}");
        for event in &offered {
            let line = guided::emit(&forge.web_url());
            let line = line.replace(":\"push\"", &format!(":\"{event}\""));
            let sent = paste(line).await.unwrap();
            assert_eq!(sent["deliveries"][0]["status"], 204, "{id} {event}: {sent}");
        }
        // The rows stand before the host is answered.
        let mut own = subscriptions.iter().filter(|row| row["provider"] == id);
        let subscription = own.next().unwrap()["id"].as_str().unwrap();
        let path = format!("/v1/subscriptions/{subscription}/deliveries?limit=100");
        let told = read(&path).await;
        for event in &offered {
            let is_there = told.iter().any(|row| row["type"] == event.as_str());
            assert!(is_there, "{id} {event}: {told:?}");
        }
    }
    sandbox.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_stays_on_loopback_and_in_its_folder() {
    for (flags, said) in [
        (&["--listen", "0.0.0.0:0"][..], "GITFLARE_DEV"),
        (
            &["--listen", "0.0.0.0:0", "--dev=false"],
            "GITFLARE_LISTEN must be a loopback",
        ),
        (
            &["--data-dir", "x"],
            "--data-dir (GITFLARE_DATA_DIR) is the sandbox's own",
        ),
        (
            &["--admin-api-key", "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T"],
            "--admin-api-key (SGG_ADMIN_API_KEY)",
        ),
        (
            &["--listen", "127.0.0.1:0", "--repos", "no-such-folder"],
            "--repos no-such-folder is not a folder",
        ),
    ] {
        let problems = sandbox(flags).await.unwrap_err();
        assert!(
            problems[0].to_string().contains(said),
            "{flags:?}: {problems:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_a_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let problems = sandbox(&["--listen", &address]).await.unwrap_err();
    let said = problems[0].to_string();
    assert!(
        said.contains(&address) && said.contains("--listen 127.0.0.1:"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_cannot_be_read_is_named_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sound", "broken"] {
        let made = Command::new("git")
            .args(["init", "-q", "-b", "main", "--bare"])
            .arg(folder.path().join(name))
            .status();
        if !made.is_ok_and(|made| made.success()) {
            assert!(std::env::var_os("CI").is_none(), "git is missing");
            println!("skipped: there is no git on this machine");
            return;
        }
    }
    std::fs::write(folder.path().join("broken/HEAD"), "ref: ../../x\n").unwrap();
    let repos = folder.path().to_str().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--repos", repos];
    let sandbox = sandbox(&arguments).await.unwrap();
    let text = sandbox.announcement();
    let named: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("Left out"))
        .collect();
    assert_eq!(named.len(), 1, "{text}");
    assert!(named[0].contains("broken: "), "{text}");

    // The others are served, by the emulated hosts and as they lie.
    let served = async |provider: &str| {
        let url = format!(
            "{}/v1/repositories?provider={provider}&limit=100",
            sandbox.running().public_url()
        );
        let token = sandbox.access_token();
        let line = format!("curl -s -H 'authorization: Bearer {token}' '{url}'");
        let Some(body) = paste(line).await else {
            println!("skipped: there is no curl on this machine");
            return None;
        };
        let rows = body["data"].as_array().unwrap().iter();
        let names = rows.map(|row| row["name"].as_str().unwrap().to_owned());
        Some(names.collect::<Vec<_>>())
    };
    for provider in ["github", "gitlab", "local"] {
        if let Some(names) = served(provider).await {
            let is_there = |name: &str| names.iter().any(|known| known == name);
            assert!(is_there("sound"), "{provider}: {names:?}");
            assert_eq!(is_there("broken"), provider == "local", "{names:?}");
        }
    }
    sandbox.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_can_be_tried_on_its_page() {
    let sandbox = sandbox(&["--listen", "127.0.0.1:0"]).await.unwrap();
    let get = async |path: &str| {
        let url = format!("{}{path}", sandbox.running.public_url());
        let command = format!("curl -si '{url}'");
        let run = move || Command::new("sh").args(["-c", &command]).output();
        let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        if output.status.code() == Some(127) {
            assert!(std::env::var_os("CI").is_none(), "curl is missing");
            return None;
        }
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(page) = get("/docs/api/commits.list").await else {
        println!("skipped: there is no curl on this machine");
        return;
    };
    assert!(
        page.contains("id=\"try-it\"") && page.contains("no-store"),
        "{page}"
    );
    assert!(
        page.contains("name=\"path.repoId\" value=\"acme/storefront\""),
        "{page}"
    );
    let run =
        "?path.provider=local&path.repoId=acme%2Fstorefront&query.limit=1&query.branch=&run=1";
    let tried = get(&format!("/docs/api/commits.list{run}")).await.unwrap();
    assert!(
        tried.contains("<span class=\"state good\">200</span>"),
        "{tried}"
    );
    assert!(
        tried.contains("GET /v1/repositories/local/acme%2Fstorefront/commits?limit=1"),
        "{tried}"
    );
    assert!(tried.contains("page_info"), "{tried}");
    let wrong = run.replace("limit=1", "limit=0");
    let wrong = get(&format!("/docs/api/commits.list{wrong}"))
        .await
        .unwrap();
    assert!(
        wrong.contains("INVALID_LIMIT") && wrong.contains("state bad"),
        "{wrong}"
    );
    let not_a_read = get("/docs/api/post.oauth.token").await.unwrap();
    assert!(!not_a_read.contains("try-it"), "{not_a_read}");

    // What changes something says so, and is sent by our own page alone.
    let path = "/docs/api/events.subscribe";
    let page = get(path).await.unwrap();
    assert!(page.contains("This changes something"), "{page}");
    assert!(page.contains("value=\"github\""), "{page}");
    let own = sandbox.running.public_url().to_string();
    let send = async |origin: &str, path: &str| {
        let fields = "-d path.provider=github -d path.repoId=acme%2Fstorefront \
            --data-urlencode 'body={\"callbackUrl\": \"https://hooks.acme.example/in\", \"events\": [\"push\"]}'";
        let command = format!("curl -si -H 'origin: {origin}' {fields} '{own}{path}'");
        let run = move || Command::new("sh").args(["-c", &command]).output();
        let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let made = send(&own, path).await;
    assert!(
        made.contains("<span class=\"state good\">201</span>") && made.contains("sub_"),
        "{made}"
    );
    let foreign = send("https://evil.example", path).await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let read = send(&own, "/docs/api/commits.list").await;
    assert!(read.starts_with("HTTP/1.1 404"), "{read}");
    sandbox.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_an_app_of_ones_own_is_shown_with_what_comes_next() {
    let sandbox = sandbox(&["--listen", "127.0.0.1:0"]).await.unwrap();
    let own = sandbox.running.public_url().to_string();
    let get = async |query: &str| {
        let command = format!("curl -si '{own}/testapp/callback?{query}'");
        let run = move || Command::new("sh").args(["-c", &command]).output();
        let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
        if output.status.code() == Some(127) {
            assert!(std::env::var_os("CI").is_none(), "curl is missing");
            return None;
        }
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(page) = get("state=try-it&code=sggc_abc").await else {
        println!("skipped: there is no curl on this machine");
        return;
    };
    assert!(
        page.contains("A customer came back with a code") && page.contains("code=sggc_abc "),
        "{page}"
    );
    // Nothing that would be more than a word in a shell is put into a command.
    let odd = get("state=try-it&code=a%27%3Bid").await.unwrap();
    assert!(odd.starts_with("HTTP/1.1 303"), "{odd}");
    sandbox.shutdown().await.unwrap();
}
