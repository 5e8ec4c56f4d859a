//! The boot table: what stops the start, which line says so, and which of two texts counts.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use super::*;

/// The problems of this configuration, one a line.
fn problems(pairs: &[(&str, &str)]) -> String {
    match Config::from_pairs(pairs) {
        Ok(_) => String::new(),
        Err(problems) => problems
            .iter()
            .map(|problem| format!("{problem}\n"))
            .collect(),
    }
}

fn environment(pairs: &[(&str, &str)]) -> Given {
    let mut given = Given::default();
    given.environment(pairs.iter().map(|(name, text)| (name.into(), text.into())));
    given
}

fn lines(given: &Given) -> Vec<String> {
    let problems = Config::from_given(given).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = Config::from_pairs(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.data_dir.to_str(), Some("./gitflare-data"));
    assert!(config.enforce_platform_auth && !config.dev && !config.testapp);
    assert_eq!(config.providers, ProviderId::BUILT_IN);
    assert_eq!(config.rate_limit_per_minute, 6000);
    assert_eq!(config.usage_retention_days, 90);
    assert_eq!(config.cursor_ttl.as_secs(), 3600);
    assert_eq!(config.token_ttl.as_secs(), 3600);
    assert_eq!(config.upstream_timeout.as_millis(), 10_000);
    assert_eq!(config.log_format, LogFormat::Text);
    assert!(config.internal_listen.is_none() && config.local_root.is_none());
    assert!(config.master_keys.is_empty() && config.admin_keys.is_empty());
}

#[test]
fn a_security_contact_is_a_uri() {
    for (text, expected) in [
        ("security@a.example", "mailto:security@a.example"),
        ("mailto:security@a.example", "mailto:security@a.example"),
        ("https://a.example/report", "https://a.example/report"),
    ] {
        let config = Config::from_pairs(&[("GITFLARE_SECURITY_CONTACT", text)]).unwrap();
        assert_eq!(config.security_contact.as_deref(), Some(expected));
    }
}

#[test]
fn every_name_belongs_to_one_setting() {
    let mut names = std::collections::BTreeSet::new();
    for row in Setting::all() {
        assert!(names.insert(row.key()), "{} twice", row.key());
        let flag = format!("--{}", row.flag());
        for name in [row.variable, row.key().as_str(), flag.as_str()] {
            assert_eq!(
                Setting::find(name).map(|row| row.variable),
                Some(row.variable)
            );
        }
        assert!(row.meaning.ends_with('.'), "{}", row.variable);
    }
    assert_eq!(names.len(), 33 + 7 * 4);
}

#[test]
fn a_wrong_value_is_named_with_its_variable() {
    let base = "https://a.example";
    for (variable, wrong) in [
        ("GITFLARE_LISTEN", "8080"),
        ("GITFLARE_LISTEN", "localhost:8080"),
        ("GITFLARE_LISTEN", "127.0.0.1:99999"),
        ("GITFLARE_PUBLIC_URL", "a.example"),
        ("GITFLARE_PUBLIC_URL", "ftp://a.example"),
        ("GITFLARE_PUBLIC_URL", "https:a.example"),
        ("GITFLARE_PUBLIC_URL", "https:\\\\a.example"),
        ("GITFLARE_PUBLIC_URL", "https://user:x@a.example"),
        ("GITFLARE_PUBLIC_URL", "https://a.example/?x"),
        ("GITFLARE_PUBLIC_URL", "https://a.example/#x"),
        ("GITFLARE_PANEL_URL", "https://a.example/panel"),
        ("GITFLARE_DATABASE_URL", "mysql://a"),
        ("GITFLARE_DATABASE_URL", "sqlite://user:hunter2@a/b"),
        ("ENFORCE_PLATFORM_AUTH", "yes"),
        ("GITFLARE_TESTAPP", "1"),
        ("GITFLARE_DEV", "TRUE"),
        ("GITFLARE_INTERNAL_LISTEN", "0.0.0.0:8081"),
        ("GITFLARE_INTERNAL_LISTEN", "127.0.0.1:8080"),
        ("GITFLARE_PROVIDERS", "github,svn"),
        ("GITFLARE_PROVIDERS", "github,,gitlab"),
        ("GITFLARE_ALLOW_PRIVATE_UPSTREAMS", "localhost"),
        ("GITFLARE_ALLOW_PRIVATE_UPSTREAMS", "http://localhost:80"),
        ("GITFLARE_ALLOW_PRIVATE_CALLBACKS", "localhost:0"),
        ("GITFLARE_ALLOW_PRIVATE_CALLBACKS", "::1:80"),
        ("GITFLARE_SECURITY_CONTACT", "nobody"),
        ("GITFLARE_SECURITY_CONTACT", "http://a.example/report"),
        (
            "GITFLARE_SECURITY_CONTACT",
            "https://a.example/a\nContact: b",
        ),
        ("GITFLARE_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("GITFLARE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("GITFLARE_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("GITFLARE_TRUSTED_PROXIES", "127.0.0.1, ::/0"),
        ("GITFLARE_RATE_LIMIT_PER_MINUTE", "-1"),
        ("GITFLARE_RATE_LIMIT_PER_MINUTE", "+1"),
        ("GITFLARE_RATE_LIMIT_PER_MINUTE", "1e3"),
        ("GITFLARE_USAGE_RETENTION_DAYS", "ever"),
        ("GITFLARE_CURSOR_TTL_SECONDS", "59"),
        ("GITFLARE_CURSOR_TTL_SECONDS", "86401"),
        ("GITFLARE_TOKEN_TTL_SECONDS", "59"),
        ("GITFLARE_TOKEN_TTL_SECONDS", "86401"),
        ("GITFLARE_UPSTREAM_TIMEOUT_MS", "0"),
        ("GITFLARE_GITHUB_API_URL", "api.github.com"),
        ("GITFLARE_BITBUCKET_DC_WEB_URL", "https://"),
        ("GITFLARE_GITEA_CLIENT_ID", "a b"),
        ("GITFLARE_LOG", "verbose"),
        ("GITFLARE_LOG", "info,gitflare=loud"),
        ("GITFLARE_LOG_FORMAT", "xml"),
    ] {
        let said = problems(&[(variable, wrong)]);
        assert!(
            said.starts_with(&format!("{variable} ")),
            "{wrong:?}: {said:?}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    for (variable, right) in [
        ("GITFLARE_LISTEN", "[::1]:0"),
        ("GITFLARE_PUBLIC_URL", "https://a.example:8443/"),
        ("GITFLARE_GITHUB_API_URL", "https://ghe.example/api/v3"),
        (
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
            "localhost:3000, [::1]:80,10.0.0.1:443",
        ),
        ("GITFLARE_TRUSTED_PROXIES", "10.0.0.1, ::1"),
        ("GITFLARE_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,127.0.0.1"),
        ("GITFLARE_LOG", "warn,gitflare_server=debug"),
        ("GITFLARE_CURSOR_TTL_SECONDS", "60"),
        ("GITFLARE_TOKEN_TTL_SECONDS", "86400"),
    ] {
        assert_eq!(problems(&[(variable, right)]), "", "{variable}={right}");
    }
    let config = Config::from_pairs(&[("GITFLARE_PUBLIC_URL", base)]).unwrap();
    assert_eq!(config.public_url.unwrap().as_str(), base);
}

#[test]
fn what_is_safe_on_loopback_only_is_refused_elsewhere() {
    // sec: IN-1, IN-3
    let public = ("GITFLARE_LISTEN", "0.0.0.0:8080");
    let legacy = ("ENFORCE_PLATFORM_AUTH", "false");
    let dev = ("GITFLARE_DEV", "true");
    let internal = ("GITFLARE_INTERNAL_LISTEN", "127.0.0.1:8081");
    for (pairs, refused) in [
        (&[dev][..], None),
        (&[legacy], None),
        (&[public], None),
        (&[public, internal], None),
        (
            &[public, legacy, ("GITFLARE_ALLOW_PUBLIC_LEGACY", "true")],
            None,
        ),
        (&[("GITFLARE_LISTEN", "[::ffff:127.0.0.1]:8080"), dev], None),
        (&[public, dev], Some("GITFLARE_DEV")),
        (&[public, legacy], Some("ENFORCE_PLATFORM_AUTH")),
        (
            &[("GITFLARE_LISTEN", "192.168.0.1:8080"), dev],
            Some("GITFLARE_DEV"),
        ),
        (
            &[("GITFLARE_LISTEN", "[::]:8080"), dev],
            Some("GITFLARE_DEV"),
        ),
        (
            &[public, ("GITFLARE_INTERNAL_LISTEN", "10.0.0.1:8081")],
            Some("GITFLARE_INTERNAL_LISTEN"),
        ),
    ] {
        let said = problems(pairs);
        match refused {
            None => assert_eq!(said, "", "{pairs:?}"),
            Some(variable) => assert!(said.starts_with(variable), "{pairs:?}: {said}"),
        }
    }
    assert_eq!(Config::from_pairs(&[legacy]).unwrap().warnings().len(), 1);
}

#[test]
fn weak_and_well_known_keys_are_refused() {
    // sec: KY-2, IN-4
    let hex = "8f3a61c20b9d47e5f10c2a8e7b6d5943".repeat(2);
    let hex = hex.replacen("8f", "90", 1);
    let base64 = "kJ0mZ3vQx7Wc1TnYp5RbE8uLhAoDgSi2FfXyNqVwKtM=";
    for (variable, text, is_good) in [
        ("GITFLARE_MASTER_KEY", hex.as_str(), true),
        ("GITFLARE_MASTER_KEY", base64, true),
        ("GITFLARE_MASTER_KEY", base64.trim_end_matches('='), true),
        ("GITFLARE_MASTER_KEY", &format!("2:{base64},1:{hex}"), true),
        ("GITFLARE_MASTER_KEY", &format!("{base64},{hex}"), false),
        ("GITFLARE_MASTER_KEY", &format!("0:{base64}"), false),
        ("GITFLARE_MASTER_KEY", &hex[..62], false),
        ("GITFLARE_MASTER_KEY", &base64[..40], false),
        (
            "GITFLARE_MASTER_KEY",
            "not base64 at all, not hex either!",
            false,
        ),
        ("GITFLARE_MASTER_KEY", &"00".repeat(32), false),
        ("GITFLARE_MASTER_KEY", &"0123456789abcdef".repeat(4), false),
        (
            "GITFLARE_MASTER_KEY",
            "Y2hhbmdlbWVjaGFuZ2VtZWNoYW5nZW1lY2hhbmdlbWVjaGFuZ2VtZQ==",
            false,
        ),
        (
            "SGG_ADMIN_API_KEY",
            "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T",
            true,
        ),
        (
            "SGG_ADMIN_API_KEY",
            "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T,M5xTq8ZrWc2BnYv7KpHd4LsFg9JuEa3R",
            true,
        ),
        (
            "SGG_ADMIN_API_KEY",
            "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6",
            false,
        ),
        (
            "SGG_ADMIN_API_KEY",
            "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T,short",
            false,
        ),
        (
            "SGG_ADMIN_API_KEY",
            "change-me-change-it-please-as-soon-as-you-can",
            false,
        ),
        ("SGG_ADMIN_API_KEY", &"x".repeat(40), false),
        (
            "SGG_ADMIN_API_KEY",
            "W7vKp2ZqXc9R tYb4NmHs8LdFg3JuAe6T",
            false,
        ),
    ] {
        let said = problems(&[(variable, text)]);
        assert_eq!(said.is_empty(), is_good, "{text}: {said}");
        assert!(is_good || said.starts_with(variable), "{said}");
        assert!(
            !said.contains(&text[..8]),
            "the text is not repeated: {said}"
        );
    }
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gitflare.toml");
    fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\nrate_limit_per_minute = 1\nproviders = [\"local\", \"gitlab\"]\ndev = true\n",
    )
    .unwrap();
    let mut given = environment(&[("GITFLARE_LISTEN", "127.0.0.1:2"), ("GITFLARE_DEV", "")]);
    given.file(&file);
    let config = Config::from_given(&given).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.rate_limit_per_minute, 1);
    assert_eq!(config.providers, [ProviderId::LOCAL, ProviderId::GITLAB]);
    assert!(config.dev, "an empty variable counts as unset");
    given.set(
        Setting::find("--listen").unwrap(),
        Origin::Flag,
        "127.0.0.1:3",
    );
    assert_eq!(Config::from_given(&given).unwrap().listen.port(), 3);
    given.set(
        Setting::find("--listen").unwrap(),
        Origin::Environment,
        "127.0.0.1:4",
    );
    assert_eq!(Config::from_given(&given).unwrap().listen.port(), 3);
}

#[test]
fn a_wrong_line_of_the_file_is_named_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gitflare.toml");
    let name = file.display();
    for (text, said) in [
        (
            "\n\ndev = 1\n",
            format!("{name}:3: dev (GITFLARE_DEV) must be `true` or `false`"),
        ),
        (
            "dev = {}\n",
            format!(
                "{name}:1: dev (GITFLARE_DEV) must be a string, a whole number, a boolean or a list of strings"
            ),
        ),
        (
            "# x\nlisten_on = 1\n",
            format!("{name}:2: `listen_on` is not a setting (`gitflare --help` lists them)"),
        ),
        ("dev = true\n=\n", format!("{name}:2 is not valid TOML")),
        (
            "dev = true\ndev = true\n",
            format!("{name}:2 is not valid TOML"),
        ),
    ] {
        fs::write(&file, text).unwrap();
        let mut given = Given::default();
        given.file(&file);
        assert_eq!(lines(&given), [said], "{text}");
    }
}

#[test]
fn a_file_with_a_secret_must_be_private() {
    // sec: KY-5
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gitflare.toml");
    fs::write(&file, "github_client_secret = \"x\"\n").unwrap();
    for (mode, problems) in [(0o644, 1), (0o640, 1), (0o600, 0), (0o400, 0)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let mut given = Given::default();
        given.file(&file);
        assert_eq!(
            given.problems().len(),
            problems,
            "{mode:o}: {:?}",
            given.problems()
        );
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let mut given = environment(&[("GITFLARE_GITHUB_CLIENT_SECRET", "y")]);
    given.file(&file);
    assert_eq!(
        given.problems().len(),
        1,
        "a secret that does not count is one too"
    );
    fs::write(folder.path().join("plain.toml"), "dev = true\n").unwrap();
    let mut given = Given::default();
    given.file(&folder.path().join("plain.toml"));
    assert_eq!(
        given.problems(),
        [],
        "a file without secrets may be read by anybody"
    );
}

#[test]
fn the_words_of_a_closed_set_are_taken_and_named_in_the_refusal() {
    let mut seen = 0;
    for row in Setting::all().filter(|row| !row.words.is_empty()) {
        let said = problems(&[(row.variable, "zzz")]);
        for word in row.words {
            let taken = problems(&[(row.variable, word)]);
            assert!(!taken.contains("must be"), "{taken}");
            assert!(said.contains(&format!("`{word}`")), "{word}: {said}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn a_misspelt_variable_and_a_missing_file_are_problems() {
    for (variable, said) in [
        (
            "GITFLARE_LISTN",
            "GITFLARE_LISTN is not a setting: is GITFLARE_LISTEN meant?",
        ),
        (
            "GITFLARE_LISTNE",
            "GITFLARE_LISTNE is not a setting: is GITFLARE_LISTEN meant?",
        ),
        (
            "GITFLARE_LOCAL_ROOOT",
            "GITFLARE_LOCAL_ROOOT is not a setting: is GITFLARE_LOCAL_ROOT meant?",
        ),
        (
            "GITFLARE_MASTERKEY_FILE",
            "GITFLARE_MASTERKEY_FILE is not a setting: is GITFLARE_MASTER_KEY_FILE meant?",
        ),
        (
            "GITFLARE_LISTEN_FILE",
            "GITFLARE_LISTEN_FILE is not a setting (`gitflare --help` lists them)",
        ),
        (
            "GITFARE_LISTEN",
            "GITFARE_LISTEN is not a setting: is GITFLARE_LISTEN meant?",
        ),
        (
            "GITLFARE_MASTER_KEY_FILE",
            "GITLFARE_MASTER_KEY_FILE is not a setting: is GITFLARE_MASTER_KEY_FILE meant?",
        ),
        (
            "GITFLARE_FROBNICATION",
            "GITFLARE_FROBNICATION is not a setting (`gitflare --help` lists them)",
        ),
    ] {
        assert_eq!(lines(&environment(&[(variable, "x")])), [said]);
    }
    let foreign = environment(&[
        ("PATH", "x"),
        ("LISTEN", "x"),
        ("GIT_DEV", "x"),
        ("GITLAB_LISTEN", "x"),
        ("GITFARE_OTHER", "x"),
        // What Kubernetes makes of a service named `gitflare`.
        ("GITFLARE_PORT", "tcp://10.0.0.1:8080"),
        ("GITFLARE_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("GITFLARE_SERVICE_HOST", "10.0.0.1"),
        ("GITFLARE_SERVICE_PORT_HTTP", "8080"),
    ]);
    assert!(Config::from_given(&foreign).is_ok());
    let mut given = Given::default();
    given.file(Path::new("no-such-file.toml"));
    assert!(lines(&given)[0].starts_with("no-such-file.toml cannot be read"));
    let mut given = Given::default();
    let not_utf8: OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![0xff]);
    given.environment([("GITFLARE_LOCAL_ROOT".into(), not_utf8)].into_iter());
    assert_eq!(lines(&given), ["GITFLARE_LOCAL_ROOT must be UTF-8"]);
}

#[test]
fn a_secret_can_stand_in_a_file_of_its_own() {
    // sec: KY-5
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let name = path.display().to_string();
    let file = [("GITFLARE_GITHUB_CLIENT_SECRET_FILE", name.as_str())];
    let id = ("GITFLARE_GITHUB_CLIENT_ID", "x");
    fs::write(&path, "s3cret\n").unwrap();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o644, 0o660, 0o604] {
        mode(open);
        assert!(
            lines(&environment(&file))[0].contains("chmod 600"),
            "{open:o}"
        );
    }
    // A group may read what is root's: that is how Kubernetes hands a secret over.
    let is_roots = fs::metadata(&path).unwrap().uid() == 0;
    mode(0o440);
    let group_reads = Config::from_given(&environment(&[file[0], id])).is_ok();
    assert_eq!(group_reads, is_roots);
    let parent = folder.path().display().to_string();
    let a_folder = [("SGG_ADMIN_API_KEY_FILE", parent.as_str())];
    assert!(lines(&environment(&a_folder))[0].contains("names a folder"));
    mode(0o600);
    let config = Config::from_given(&environment(&[file[0], id])).unwrap();
    let upstream = config.upstream(ProviderId::GITHUB).unwrap();
    assert_eq!(upstream.client_secret.as_ref().unwrap().expose(), "s3cret");
    let mut given = environment(&file);
    let secret = Setting::find("GITFLARE_GITHUB_CLIENT_SECRET").unwrap();
    let place = format!("{name} (GITFLARE_GITHUB_CLIENT_SECRET_FILE)");
    assert_eq!(given.place(secret), Some(place));
    given.set(secret, Origin::Flag, "other");
    assert_eq!(given.place(secret).unwrap(), "--github-client-secret");
    let both = [file[0], ("GITFLARE_GITHUB_CLIENT_SECRET", "other")];
    assert_eq!(
        lines(&environment(&both)),
        ["GITFLARE_GITHUB_CLIENT_SECRET_FILE must not be set beside GITFLARE_GITHUB_CLIENT_SECRET"]
    );
    fs::write(&path, "\n").unwrap();
    assert!(lines(&environment(&file))[0].ends_with("names an empty file"));
    let missing = [("SGG_ADMIN_API_KEY_FILE", "/nowhere/key")];
    assert!(lines(&environment(&missing))[0].starts_with("SGG_ADMIN_API_KEY_FILE names a file"));
}

#[test]
fn what_a_command_fixes_cannot_be_changed() {
    let row = Setting::find("GITFLARE_DATA_DIR").unwrap();
    let mut given = Given::default();
    given.set(row, Origin::Fixed, "/tmp/a");
    given.set(row, Origin::Flag, "/tmp/b");
    assert_eq!(
        Config::from_given(&given).unwrap().data_dir.to_str(),
        Some("/tmp/a")
    );
    let row = Setting::find("GITFLARE_LOCAL_ROOT").unwrap();
    given.set(row, Origin::Environment, "/tmp/b");
    given.set(row, Origin::Fixed, "");
    assert_eq!(Config::from_given(&given).unwrap().local_root, None);
}

#[test]
fn debug_prints_no_secret() {
    // sec: KY-5
    let admin = "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T";
    let given = environment(&[
        ("SGG_ADMIN_API_KEY", admin),
        ("GITFLARE_GITHUB_CLIENT_SECRET", "canary"),
    ]);
    let config = Config::from_given(&given).unwrap();
    let shown = format!("{given:?} {config:?}");
    assert!(
        !shown.contains(admin) && !shown.contains("canary"),
        "{shown}"
    );
}

#[test]
fn an_instance_is_read_from_a_table_and_from_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gitflare.toml");
    fs::write(
        &path,
        "[provider.ghe-acme]\nkind = \"github\"\nname = \"Acme GHE\"\n\
         api_url = \"https://ghe.example/api/v3\"\nallow_private = true\nclient_id = \"one\"\n",
    )
    .unwrap();
    let mut given = environment(&[
        ("GITFLARE_PROVIDER_GHE_ACME_CLIENT_ID", "two"),
        ("GITFLARE_PROVIDER_GHE_ACME_CLIENT_SECRET", "s"),
    ]);
    given.file(&path);
    let config = Config::from_given(&given).unwrap();
    let id = ProviderId::parse("ghe-acme").unwrap();
    let instance = config.upstream(id).unwrap();
    assert_eq!(instance.kind.as_str(), "github");
    assert_eq!(instance.name.as_deref(), Some("Acme GHE"));
    assert_eq!(
        instance.client_id.as_deref(),
        Some("two"),
        "the environment is stronger"
    );
    assert!(instance.allow_private);
    assert!(config.providers.contains(&id), "it needs no list");
    assert!(config.upstream(ProviderId::GITHUB).is_some());
}

#[test]
fn an_instance_that_is_not_whole_stops_the_start() {
    let variable = |key: &str| format!("GITFLARE_PROVIDER_GHE_ACME_{key}");
    let of = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, text)| (variable(key), *text))
            .collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, text)| (key.as_str(), *text))
            .collect();
        problems(&pairs)
    };
    for (pairs, expected) in [
        (&[("KIND", "github")][..], ""),
        (
            &[("NAME", "x")],
            "kind (GITFLARE_PROVIDER_GHE_ACME_KIND) must be set",
        ),
        (&[("KIND", "local")], "must be one of github, gitlab"),
        (
            &[("KIND", "github"), ("CLIENT_ID", "x")],
            "client_secret (GITFLARE_PROVIDER_GHE_ACME_CLIENT_SECRET) must be set beside client_id",
        ),
        (
            &[
                ("KIND", "github"),
                ("CLIENT_SECRET", "s"),
                ("CLIENT_SECRET_FILE", "f"),
            ],
            "must not be set beside client_secret",
        ),
        (
            &[
                ("KIND", "github"),
                ("CLIENT_ID", "x"),
                ("CLIENT_SECRET_FILE", "/nowhere"),
            ],
            "cannot be read",
        ),
        (
            &[("KIND", "github"), ("API_URL", "ghe")],
            "must be an http or https URL",
        ),
    ] {
        let found = of(pairs);
        assert!(found.contains(expected), "{pairs:?}: {found}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
    }
    let own = problems(&[("GITFLARE_PROVIDER_GITHUB_KIND", "github")]);
    assert!(own.contains("has variables of its own"), "{own}");
    let listed = problems(&[("GITFLARE_PROVIDERS", "github,githbu")]);
    assert!(listed.contains(", not `githbu`"), "{listed}");
    let half = problems(&[("GITFLARE_GITLAB_CLIENT_ID", "x")]);
    assert!(
        half.contains("GITFLARE_GITLAB_CLIENT_SECRET must be set"),
        "{half}"
    );
}

#[test]
fn an_instances_secret_can_stand_in_a_file_of_its_own() {
    // sec: KY-5
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "s3cret\n").unwrap();
    let text = path.display().to_string();
    let pairs = [
        ("GITFLARE_PROVIDER_GHE_ACME_KIND", "github"),
        ("GITFLARE_PROVIDER_GHE_ACME_CLIENT_ID", "x"),
        (
            "GITFLARE_PROVIDER_GHE_ACME_CLIENT_SECRET_FILE",
            text.as_str(),
        ),
    ];
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    assert!(problems(&pairs).contains("chmod 600"));
    mode(0o600);
    let config = Config::from_pairs(&pairs).unwrap();
    let instance = config
        .upstream(ProviderId::parse("ghe-acme").unwrap())
        .unwrap();
    assert_eq!(instance.client_secret.as_ref().unwrap().expose(), "s3cret");
}

/// The settings in a file for operators: names with the texts that stand behind `=` or `:`.
fn settings_in(text: &str) -> Vec<(String, String)> {
    let words = text.lines().flat_map(|line| {
        let line = line.trim().trim_start_matches("Environment=");
        let is_compose = line.starts_with("GITFLARE_") && line.contains(": ");
        match is_compose {
            true => vec![line.replacen(": ", "=", 1)],
            false => line.split_whitespace().map(str::to_owned).collect(),
        }
    });
    let pairs = words.filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        let is_ours = name.starts_with("GITFLARE_") || name.starts_with("SGG_");
        is_ours.then(|| (name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

#[test]
fn the_files_for_operators_hold_settings_that_a_start_takes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy");
    let scratch = tempfile::tempdir().unwrap();
    let secret = scratch.path().join("secret");
    fs::write(&secret, "a-secret-of-the-code-host").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    for (name, least) in [
        ("Containerfile", 3),
        ("gitflare.service", 1),
        ("compose.yaml", 4),
        ("nginx.conf", 1),
        ("Caddyfile", 1),
    ] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let mut given = Given::default();
        if text.contains("--config") {
            given.file(&folder.join("gitflare.toml"));
        }
        let pairs = settings_in(&text);
        assert!(pairs.len() >= least, "{name}: {pairs:?}");
        let pairs = pairs
            .into_iter()
            .map(|(setting, value)| match setting.ends_with("_FILE") {
                true => (setting.into(), secret.clone().into_os_string()),
                false => (setting.into(), value.replace("%S", "/var/lib").into()),
            });
        given.environment(pairs);
        // What the container alone needs comes from its service.
        let config = Config::from_given(&given);
        assert!(config.is_ok(), "{name}: {config:?}");
    }
    let named = fs::read_to_string(folder.join("Containerfile")).unwrap();
    assert!(named.contains("/src/target/release/gitflare"));
}
