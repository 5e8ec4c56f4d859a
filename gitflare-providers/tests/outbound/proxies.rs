//! Proxies that the environment names are not used: an upstream is dialled where it is, or not at
//! all.

use std::{env, process::Command, time::Duration};

use crate::{
    adapters, call, http, read,
    server::{Act, Server},
};

const UPSTREAM: &str = "GITFLARE_TEST_UPSTREAM";
const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn proxies_of_the_environment_hear_nothing() {
    // sec: SR-4
    // The environment of a process cannot be changed safely, so this runs once more in its own.
    if let Some(address) = env::var_os(UPSTREAM) {
        let address = address.into_string().unwrap();
        assert!(env::var_os("HTTP_PROXY").is_some());
        let http = http(&[&address], LONG);
        for (provider, connection) in adapters(&http, &address) {
            read(&*provider, &call(connection, LONG)).await.unwrap();
        }
        return;
    }
    let upstream = Server::start(vec![Act::answer(200, "", "[]")]).await;
    let proxy = Server::start(vec![Act::answer(200, "", "[]")]).await;
    let mut again = Command::new(env::current_exe().unwrap());
    again
        .args([
            "proxies::proxies_of_the_environment_hear_nothing",
            "--exact",
        ])
        .env(UPSTREAM, &upstream.address)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        again.env(name, format!("http://{}", proxy.address));
    }
    let output = tokio::task::spawn_blocking(move || again.output()).await;
    let output = output.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(upstream.heads().len(), 2);
    assert_eq!(proxy.connections(), 0);
}
