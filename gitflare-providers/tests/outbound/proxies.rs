//! Proxies of the environment: the guarded client does not know them. The environment belongs to
//! the whole process, so the test runs itself once more in one of its own.

use std::{env, process::Command};

use gitflare_core::provider::Provider;
use gitflare_providers::{Http, HttpConfig, github::Github};

use crate::{
    VIEWER, call,
    server::{Exchange, Server},
};

const UPSTREAM: &str = "GITFLARE_TEST_UPSTREAM";

#[tokio::test]
async fn a_proxy_of_the_environment_hears_nothing() {
    // sec: SR-4
    if let Some(address) = env::var_os(UPSTREAM) {
        let address = address.into_string().unwrap();
        let http = Http::new(&HttpConfig {
            allowed_private: vec![address.clone()],
            ..HttpConfig::default()
        });
        let github = Github::new(http.unwrap(), &format!("http://{address}")).unwrap();
        assert_eq!(github.viewer(&call("direct")).await.unwrap().id, "7");
        return;
    }
    let answer = async |mut at: Exchange| at.answer(200, "", VIEWER).await;
    let (upstream, proxy) = (Server::start(answer).await, Server::start(answer).await);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "proxies::a_proxy_of_the_environment_hears_nothing",
    ]);
    command.env(UPSTREAM, upstream.address());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, format!("http://{}", proxy.address()));
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!((upstream.count(), proxy.count()), (1, 0));
}
