//! What the command line accepts, and what its reports show.

use super::*;

fn parsed(line: &str) -> Result<Command, Problem> {
    parse(line.split_whitespace().map(OsString::from))
}

fn arguments(line: &str) -> Arguments {
    match parsed(line).unwrap() {
        Command::Serve(arguments) | Command::Sandbox(arguments) | Command::Check(arguments) => {
            arguments
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn serve_is_the_default_command() {
    assert!(matches!(parsed("").unwrap(), Command::Serve(_)));
    assert!(matches!(parsed("--dev").unwrap(), Command::Serve(_)));
    assert!(matches!(parsed("serve").unwrap(), Command::Serve(_)));
    assert!(matches!(parsed("check").unwrap(), Command::Check(_)));
    for line in ["--help", "-h", "help", "serve --help", "sandbox -h"] {
        let Command::Help(rows) = parsed(line).unwrap() else {
            panic!("{line}");
        };
        let lists_settings = help(&rows).contains("--listen VALUE");
        assert_eq!(lists_settings, line != "sandbox -h", "{line}");
    }
    for (line, same) in [
        ("help backup", "backup --help"),
        ("help user", "user --help"),
        ("help user create", "user create --help"),
        ("help serve", "serve --help"),
        ("help help", "help --help"),
    ] {
        let text = |line| match parsed(line).unwrap() {
            Command::Help(rows) => help(&rows),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(text(line), text(same), "{line}");
    }
    for line in ["--version", "-V", "version"] {
        assert!(matches!(parsed(line).unwrap(), Command::Version), "{line}");
    }
}

#[test]
fn the_version_names_its_commit_where_that_is_known() {
    let version = env!("BUILD_VERSION");
    let rest = version.strip_prefix(env!("CARGO_PKG_VERSION")).unwrap();
    let commit = rest
        .strip_prefix(" (")
        .and_then(|rest| rest.strip_suffix(')'));
    let is_commit = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(
        rest.is_empty() || commit.is_some_and(is_commit),
        "{version}"
    );
}

#[test]
fn every_setting_is_a_flag() {
    let config = |line| Config::from_given(&arguments(line).given).unwrap();
    assert_eq!(config("--listen 127.0.0.1:1").listen.port(), 1);
    assert_eq!(config("serve --listen=127.0.0.1:2").listen.port(), 2);
    assert!(config("--dev").dev && config("--dev --testapp").testapp);
    assert!(!config("--enforce-platform-auth=false").enforce_platform_auth);
    for row in Setting::all() {
        let line = format!("check --{}=x", row.flag());
        assert!(matches!(parsed(&line), Ok(Command::Check(_))), "{line}");
        let help = help(&[]);
        assert!(help.contains(&format!("--{}", row.flag())) && help.contains(row.variable));
    }
}

#[test]
fn what_is_not_understood_is_refused_in_one_line() {
    for (line, said) in [
        ("backup", "`backup` needs FILE"),
        ("backup --verify", "`backup` needs FILE"),
        ("backup a b", "`b` is not a flag of `backup`"),
        (
            "backup a --keep-credentials",
            "`--keep-credentials` is not a flag of `backup`",
        ),
        (
            "usage",
            "`usage` needs one word more: `usage rebuild`, `usage export`",
        ),
        (
            "user bogus",
            "`user bogus` is not a command; there is `user create`",
        ),
        (
            "bakup a",
            "`bakup` is not a command of this version: is `backup` meant?",
        ),
        ("frobnicate", "`frobnicate` is not a command"),
        ("serve now", "`now` is not a flag"),
        (
            "--config x check",
            "`check` is a command, which goes before flags: gitflare check",
        ),
        (
            "completions tcsh",
            "`tcsh` is no SHELL of `completions`, which are bash, zsh, fish",
        ),
        ("completions", "`completions` needs SHELL"),
        (
            "help bakup",
            "`bakup` is not a command of this version: is `backup` meant?",
        ),
        ("help user bogus", "`user bogus` is not a command"),
        ("help backup x", "`x` is behind `backup`"),
        ("--listen", "--listen needs a value"),
        ("--listen --dev", "--listen needs a value"),
        (
            "--listen 127.0.0.1:1 --listen 127.0.0.1:2",
            "--listen is given twice",
        ),
        (
            "--listn 127.0.0.1:1",
            "`--listn` is not a flag of `serve`: is `--listen` meant?",
        ),
        ("--repos x", "`--repos` is not a flag of `serve`"),
        ("-x", "`-x` is not a flag"),
        ("--admin_api_key=canary", "`--admin_api_key` is not a flag"),
    ] {
        let problem = parsed(line).unwrap_err().to_string();
        assert!(problem.starts_with(said), "{line}: {problem}");
        assert!(!problem.contains("canary"), "{problem}");
    }
    let Command::Backup(backup) = parsed("backup --verify /a --dev").unwrap() else {
        panic!("no backup");
    };
    assert_eq!(
        (backup.operand.as_str(), backup.has("--verify")),
        ("/a", true)
    );
    assert!(Config::from_given(&backup.given).unwrap().dev);
    let sandbox = arguments("sandbox --repos a --repos b --config c");
    assert_eq!(sandbox.repos, [PathBuf::from("a"), PathBuf::from("b")]);
    assert_eq!(sandbox.file, Some(PathBuf::from("c")));
}

#[test]
fn check_shows_every_setting_and_no_secret() {
    // sec: KY-5
    let arguments = arguments(
        "check --listen 127.0.0.1:9 --github-client-secret canary --public-url=https://u:canary@a --gitea-api-url https://a/\u{1b}[31m",
    );
    let (text, is_good) = check(&arguments.given);
    assert!(
        !is_good && !text.contains("canary") && !text.contains('\u{1b}'),
        "{text}"
    );
    for row in Setting::all() {
        assert!(text.contains(row.variable), "{}", row.variable);
    }
    let listen = text
        .lines()
        .find(|line| line.starts_with("GITFLARE_LISTEN "))
        .unwrap();
    let words: Vec<_> = listen.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "GITFLARE_LISTEN",
            "127.0.0.1:9",
            "flag",
            "default",
            "127.0.0.1:8080"
        ]
    );
    let problems = text.lines().filter(|line| line.starts_with("problem: "));
    assert_eq!(problems.count(), 2, "{text}");
    assert!(check(&Given::default()).1);
}

#[test]
fn check_shows_the_defaults_in_force_and_why_a_provider_is_not_served() {
    let told = |line: &str| {
        let (text, is_good) = check(&arguments(line).given);
        assert!(is_good && !text.contains("unset)"), "{text}");
        text
    };
    let text = told("check --listen 127.0.0.1:9");
    let row = |variable: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(variable));
        found
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (variable, said) in [
        ("GITFLARE_PUBLIC_URL ", "http://127.0.0.1:9 default"),
        ("GITFLARE_SIGNUP ", "open default"),
        ("GITFLARE_LOG ", "info default"),
        ("GITFLARE_MCP_CLIENTS ", "(none) default"),
        (
            "SGG_ADMIN_API_KEY ",
            "(made on the first start, in the data folder) default",
        ),
        ("GITFLARE_GITHUB_API_URL ", "https://api.github.com default"),
        ("GITFLARE_GITEA_API_URL ", "(none) default"),
        (
            "GITFLARE_LISTEN ",
            "127.0.0.1:9 flag default 127.0.0.1:8080",
        ),
    ] {
        assert_eq!(row(variable), said, "{variable}");
    }
    for said in [
        "provider gitea (Gitea): not served: this build has no adapter",
        "provider bitbucket-dc (Bitbucket Data Center): not served: this build has no adapter",
        "provider local (Local repositories): not served: GITFLARE_LOCAL_ROOT",
        "no connect button before GITFLARE_GITHUB_CLIENT_ID and GITFLARE_GITHUB_CLIENT_SECRET are set",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = told("check --gitlab-client-secret canary");
    assert!(
        text.contains("no connect button: GITFLARE_GITLAB_CLIENT_SECRET is set and GITFLARE_GITLAB_CLIENT_ID is missing\n"),
        "{text}"
    );
    let text = told("check --public-url https://api.example --providers github");
    assert!(
        text.contains(" closed ") && !text.contains("provider local"),
        "{text}"
    );
}

#[cfg(feature = "local")]
#[test]
fn check_tells_what_the_folder_of_local_repositories_holds() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["served/objects", "served/refs", "tree"] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    std::fs::write(root.path().join("served/HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::write(root.path().join("tree/.git"), "gitdir: /elsewhere\n").unwrap();
    std::os::unix::fs::symlink("/elsewhere", root.path().join("link")).unwrap();
    let path = root.path().to_str().unwrap();
    let told = |path: &str| check(&arguments(&format!("check --local-root {path}")).given);
    let (text, is_good) = told(path);
    assert!(is_good, "{text}");
    assert!(
        text.contains("provider local: found 1 repository, skipped 1 link\n"),
        "{text}"
    );
    assert!(
        text.contains("tree\": its `.git` leads to a repository elsewhere\n"),
        "{text}"
    );
    let (text, is_good) = told(&format!("{path}/absent"));
    assert!(
        !is_good && text.contains("problem: GITFLARE_LOCAL_ROOT"),
        "{text}"
    );
}
