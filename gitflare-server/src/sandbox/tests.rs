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
    if let [repositories, commits, diff, pulls, checks] = &answers[..] {
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
