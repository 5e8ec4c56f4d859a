//! What the commands do, from arguments to exit: the terminal gets addresses and what is shown
//! once, the log everything else.

use std::io::Write;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    Running, Server,
    cli::Arguments,
    config::{self, BaseUrl, Config, Problem},
    http::{ROUTES, openapi},
    log, server,
};

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// Every problem, each as one line.
pub async fn serve(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let given = config::gather(arguments.given, arguments.file.as_deref());
    let config = Config::from_given(&given)?;
    log::init(config.log.clone(), config.log_format);
    for variable in given.unknown_variables() {
        tracing::warn!(variable, "this variable is not a setting");
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let mut signals = Signals::new()?;
    let running = Server::new(config).start().await?;
    print(&announcement(&running));
    if running.gateway().providers().ids().next().is_none() {
        tracing::warn!(
            "no provider is enabled: GITFLARE_LOCAL_ROOT names a folder of repositories"
        );
    }
    let internal = running.internal_addr().map(tracing::field::display);
    tracing::info!(address = %running.addr(), internal, "serving");
    let is_broken = tokio::select! {
        () = signals.wait() => false,
        () = running.broken() => true,
    };
    tracing::info!("stopping");
    let ended = signals.unless_again(running.shutdown()).await;
    if is_broken {
        return Err(Problem::new("the disk has failed to keep a write: start again").into());
    }
    tracing::info!("stopped");
    Ok(ended?)
}

/// Serves the sandbox until SIGTERM or SIGINT.
///
/// # Errors
/// Every problem, each as one line.
#[cfg(feature = "sandbox")]
pub async fn sandbox(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let mut signals = Signals::new()?;
    let prepared = crate::sandbox::Sandbox::prepare(arguments)?;
    let config = prepared.config();
    log::init(config.log.clone(), config.log_format);
    let sandbox = prepared.start().await?;
    print(&sandbox.announcement());
    signals.wait().await;
    Ok(signals.unless_again(sandbox.shutdown()).await?)
}

/// Says that this build has no sandbox.
///
/// # Errors
/// Always.
#[cfg(not(feature = "sandbox"))]
pub async fn sandbox(_: Arguments) -> Result<(), Vec<Problem>> {
    Err(Problem::new("this binary was built without the feature `sandbox`").into())
}

/// Prints the API as an OpenAPI document, with the configured address of the server.
///
/// # Errors
/// Every problem of the configuration, each as one line.
pub fn openapi(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let given = config::gather(arguments.given, arguments.file.as_deref());
    let config = Config::from_given(&given)?;
    let url = config
        .public_url
        .unwrap_or_else(|| BaseUrl::of_listener(config.listen));
    print(&format!("{:#}\n", openapi::document(url.as_str(), ROUTES)));
    Ok(())
}

/// Seals everything anew with the primary key.
///
/// # Errors
/// Every problem, each as one line.
pub async fn rotate_keys(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let given = config::gather(arguments.given, arguments.file.as_deref());
    let config = Config::from_given(&given)?;
    log::init(config.log.clone(), config.log_format);
    print(&server::rotate_keys(&config).await?);
    Ok(())
}

fn announcement(running: &Running) -> String {
    let mut text = format!("GitFlare serves on http://{}\n", running.addr());
    if let Some(address) = running.internal_addr() {
        text += &format!("Internal listener on http://{address}\n");
    }
    if let Some(key) = running.new_admin_key() {
        text += &format!(
            "Admin key, made now and shown only this once: {}\n",
            key.expose()
        );
    }
    text
}

/// Writes to the terminal. Whoever closed it does not want to read.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The two ways to ask a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Problem> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Problem::new(format!("no signals can be received: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Finishes `ending`, unless somebody asks a second time.
    async fn unless_again(
        &mut self,
        ending: impl Future<Output = Result<(), Problem>>,
    ) -> Result<(), Problem> {
        tokio::select! {
            ended = ending => ended,
            () = self.wait() => Err(Problem::new("stopped before everything had ended")),
        }
    }
}
