//! How PostgreSQL is reached: the URL, its hosts, TLS, time limits, the pool.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime, Timeouts,
};
use gitflare_core::{Error, Result};
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

use super::{PostgresConfig, session::STATEMENT_SECONDS, tls::Tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a caller waits for a connection of the pool.
const POOL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before it is asked whether it still stands: networks forget
/// silent ones after some minutes, and those that are used rarely would be found dead one by one.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long the network may leave what was sent unanswered.
const USER_TIMEOUT: Duration = Duration::from_secs(10);

/// What every connection is told beside [`STATEMENT_SECONDS`]: how long it may wait for a lock, and
/// how long a transaction may stand still, so that nobody holds what others wait for.
const SETTINGS: &str = "SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '15s';
    SET TIME ZONE 'UTC'";

/// The pool of a configuration. Nothing is connected yet.
pub(super) fn pool(config: &PostgresConfig) -> Result<Pool> {
    let manager = Manager::from_config(
        parsed(config.url.expose())?,
        Tls::new()?,
        ManagerConfig {
            // A lost connection is seen by its end; asking before each use would cost a round trip.
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(config.connections.max(4))
        // The connection that was used last knows its statements and tables best.
        .queue_mode(QueueMode::Lifo)
        .timeouts(Timeouts {
            wait: Some(POOL_TIMEOUT),
            create: Some(POOL_TIMEOUT),
            recycle: Some(POOL_TIMEOUT),
        })
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                let told = format!("SET statement_timeout = '{STATEMENT_SECONDS}s'; {SETTINGS}");
                let told = client.batch_execute(&told).await;
                told.map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|error| Error::internal(format!("the pool of connections: {error}")))
}

/// The configuration of a URL. Errors name nothing of it: it holds a password.
fn parsed(url: &str) -> Result<Config> {
    // What libpq calls verifying is what TLS is here; the names are taken as one.
    let url = url
        .replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        Error::internal(format!(
            "GITFLARE_DATABASE_URL: {error}: {}",
            cause.unwrap_or_default()
        ))
    })?;
    // Falling back to plain text is for whoever stays on the machine.
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(match config.get_hosts().iter().all(is_of_this_machine) {
            true => SslMode::Disable,
            false => SslMode::Require,
        });
    }
    config
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .application_name("gitflare")
        .keepalives_idle(KEEPALIVE)
        .tcp_user_timeout(USER_TIMEOUT);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    Ok(config)
}

fn is_of_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_operator_says_otherwise() {
        // sec: DU-1
        for (url, expected) in [
            ("postgres://u:p@db.example/gitflare", SslMode::Require),
            ("postgres://u@127.0.0.1,db.example/g", SslMode::Require),
            (
                "postgres://u@db.example/g?sslmode=verify-full",
                SslMode::Require,
            ),
            ("postgres://u@127.0.0.1/g", SslMode::Disable),
            ("postgres:///g?host=/run/postgresql", SslMode::Disable),
            (
                "postgres://u@db.example/g?sslmode=disable",
                SslMode::Disable,
            ),
        ] {
            assert_eq!(parsed(url).unwrap().get_ssl_mode(), expected, "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        let error = parsed("postgres://u:hunter2@h/g?nonsense=1").unwrap_err();
        let detail = error.detail().unwrap();
        assert!(detail.contains("nonsense"), "{detail}");
        assert!(!detail.contains("hunter2"), "{detail}");
    }
}
