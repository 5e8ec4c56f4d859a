//! What the commands do, from arguments to exit: the terminal gets addresses and what is shown
//! once, the log everything else.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use gitflare_core::Timestamp;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    Running, Server,
    accounts::{self, Sessions},
    cli::{self, Arguments, Command},
    config::{self, BaseUrl, Config, Given, Problem, Setting},
    cores::{self, Cores},
    health,
    http::{ROUTES, SignUpMode, openapi},
    log, maintenance, reload, server,
};

/// The exit code of a command line that is wrong.
const MISUSED: u8 = 2;

/// Runs the command line of the `gitflare` binary and says what went wrong in one line each.
/// `arguments` are those behind the program's name.
///
/// Exit codes: 0 for success, 1 for a command that failed, 2 for a command line that is wrong.
pub fn main_with(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let command = match cli::parse(arguments) {
        Ok(command) => command,
        Err(problem) => return misused(&[problem]),
    };
    let outcome = match command {
        Command::Serve(arguments) => match (cores::runtime(), Cores::beside_this()) {
            (Ok(runtime), Ok(cores)) => run(runtime, serve(arguments, cores)),
            (Err(error), _) | (_, Err(error)) => Err(no_threads(&error)),
        },
        Command::Sandbox(arguments) => block_on(sandbox(arguments)),
        Command::Check(arguments) => {
            let given = config::gather(arguments.given, arguments.file.as_deref());
            let (text, is_good) = cli::check(&given);
            let is_good = print(&text).is_ok() && is_good;
            return if is_good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Command::Backup(arguments) => backup(arguments),
        Command::Restore(arguments) => restore(arguments),
        Command::User(about, arguments) => configured(arguments.given, arguments.file.as_deref())
            .and_then(|config| print(&about(&config, &arguments.operand)?).map_err(Into::into)),
        Command::Sessions(arguments) => sessions(arguments),
        Command::RotateKeys(arguments) => block_on(rotate_keys(arguments)),
        Command::Health(arguments) => health(arguments),
        Command::RebuildUsage(arguments) => block_on(rebuild_usage(arguments)),
        Command::ExportUsage(arguments) => block_on(export_usage(arguments)),
        Command::Migrate(arguments) => block_on(migrate(arguments)),
        Command::Openapi(arguments) => openapi(arguments),
        Command::Completions(arguments) => cli::completions(&arguments.operand)
            .and_then(|script| print(&script))
            .map_err(Into::into),
        Command::Man => print(&cli::man()).map_err(Into::into),
        Command::Help(commands) => print(&cli::help(&commands)).map_err(Into::into),
        Command::Version => {
            print(concat!("gitflare ", env!("BUILD_VERSION"), "\n")).map_err(Into::into)
        }
    };
    log::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            say(&problems);
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Vec<Problem>>>) -> Result<(), Vec<Problem>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => run(runtime, work),
        Err(error) => Err(no_threads(&error)),
    }
}

fn run(
    runtime: Runtime,
    work: impl Future<Output = Result<(), Vec<Problem>>>,
) -> Result<(), Vec<Problem>> {
    let outcome = runtime.block_on(work);
    // What has been drained is done; a thread deep in a repository is not waited for.
    runtime.shutdown_background();
    outcome
}

fn no_threads(error: &io::Error) -> Vec<Problem> {
    Problem::new(format!("no threads can be started: {error}")).into()
}

fn misused(problems: &[Problem]) -> ExitCode {
    say(problems);
    let _ = writeln!(
        std::io::stderr(),
        "`gitflare --help` lists commands and settings."
    );
    ExitCode::from(MISUSED)
}

fn say(problems: &[Problem]) {
    for problem in problems {
        // There is no other place to report to when standard error is closed.
        let _ = writeln!(std::io::stderr(), "gitflare: {problem}");
    }
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// Every problem, each as one line.
async fn serve(arguments: Arguments, cores: Cores) -> Result<(), Vec<Problem>> {
    let (mut source, config) = reload::Source::read(arguments.given, arguments.file)?;
    log::init(config.log.clone(), config.log_format);
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let mut signals = Signals::new()?;
    // From here on it asks for the configuration to be read again, and ends nothing.
    let mut hang_ups = listen(SignalKind::hangup())?;
    let sources = sources(source.given(), &config);
    let running = Server::new(config)
        .on(cores.handles.clone())
        .start()
        .await?;
    let sign_up = match running.sign_up() {
        SignUpMode::Open => "open",
        SignUpMode::Invite => "for whom an admin key invites",
        SignUpMode::Closed => "closed: `gitflare user create EMAIL` makes a link",
    };
    // Whoever does not read it, or cannot, stops no server.
    let _ = print(&format!(
        "{}{sources}Sign-up is {sign_up}\n",
        announcement(&running)
    ));
    if running.gateway().providers().ids().next().is_none() {
        tracing::warn!(
            "no provider is enabled: GITFLARE_LOCAL_ROOT names a folder of repositories"
        );
    }
    let internal = running.internal_addr().map(tracing::field::display);
    tracing::info!(address = %running.addr(), internal, "serving");
    let is_broken = loop {
        tokio::select! {
            () = signals.wait() => break false,
            () = running.broken() => break true,
            _ = hang_ups.recv() => source.reload(&running).await,
        }
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
async fn sandbox(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let mut signals = Signals::new()?;
    let prepared = crate::sandbox::Sandbox::prepare(arguments)?;
    let config = prepared.config();
    log::init(config.log.clone(), config.log_format);
    let sandbox = prepared.start().await?;
    let _ = print(&sandbox.announcement());
    signals.wait().await;
    Ok(signals.unless_again(sandbox.shutdown()).await?)
}

/// Says that this build has no sandbox.
///
/// # Errors
/// Always.
#[cfg(not(feature = "sandbox"))]
async fn sandbox(_: Arguments) -> Result<(), Vec<Problem>> {
    Err(Problem::new("this binary was built without the feature `sandbox`").into())
}

/// Prints what a running server says of itself.
///
/// # Errors
/// Every problem of the configuration; that the server cannot serve.
fn health(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let config = configured(arguments.given, arguments.file.as_deref())?;
    Ok(print(&format!("{}\n", health::ask(&config)?))?)
}

/// Prints the API as an OpenAPI document with the configured address of the server, or a client of it.
///
/// # Errors
/// Every problem of the configuration, each as one line; two languages at once.
fn openapi(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let languages = ["--typescript", "--python"].map(|language| arguments.has(language));
    let config = configured(arguments.given, arguments.file.as_deref())?;
    let url = config
        .public_url
        .unwrap_or_else(|| BaseUrl::of_listener(config.listen));
    let document = openapi::document(url.as_str(), ROUTES.iter());
    Ok(match languages {
        [false, false] => print(&format!("{document:#}\n")),
        [true, false] => print(&openapi::clients::typescript(&document)),
        [false, true] => print(&openapi::clients::python(&document)),
        [true, true] => Err(Problem::new("one client at a time")),
    }?)
}

/// Copies the databases into one file, beside a running server or without one.
///
/// # Errors
/// Every problem, each as one line.
fn backup(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let is_verified = arguments.has("--verify");
    let given = config::gather(arguments.given, arguments.file.as_deref());
    let config = Config::from_given(&given)?;
    let file = Path::new(&arguments.operand);
    Ok(print(&maintenance::backup(
        &given,
        &config,
        file,
        is_verified,
    )?)?)
}

/// Brings a backup back into a data folder without a database.
///
/// # Errors
/// Every problem, each as one line.
fn restore(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let keeps_credentials = arguments.has("--keep-credentials");
    let given = config::gather(arguments.given, arguments.file.as_deref());
    let config = Config::from_given(&given)?;
    let file = Path::new(&arguments.operand);
    Ok(print(&maintenance::restore(
        &given,
        &config,
        file,
        keeps_credentials,
    )?)?)
}

/// Lists where a person is signed in, or ends some of it.
///
/// # Errors
/// Every problem, each as one line; both ways of ending at once.
fn sessions(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let (one, all) = (
        arguments.value("--end").map(str::to_owned),
        arguments.has("--end-all"),
    );
    let which = match (&one, all) {
        (None, false) => Sessions::List,
        (Some(id), false) => Sessions::End(id),
        (None, true) => Sessions::EndAll,
        (Some(_), true) => return Err(Problem::new("`--end ID` or `--end-all`, not both").into()),
    };
    let config = configured(arguments.given, arguments.file.as_deref())?;
    Ok(print(&accounts::sessions(
        &config,
        &arguments.operand,
        which,
    )?)?)
}

/// The configuration that flags, environment and file lead to.
///
/// # Errors
/// Every problem, each as one line.
fn configured(flags: Given, file: Option<&Path>) -> Result<Config, Vec<Problem>> {
    Config::from_given(&config::gather(flags, file))
}

/// Seals everything anew with the primary key.
///
/// # Errors
/// Every problem, each as one line.
async fn rotate_keys(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let config = configured(arguments.given, arguments.file.as_deref())?;
    log::init(config.log.clone(), config.log_format);
    Ok(print(&server::rotate_keys(&config).await?)?)
}

/// Counts the rows of the usage log anew.
///
/// # Errors
/// Every problem, each as one line.
async fn rebuild_usage(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let config = configured(arguments.given, arguments.file.as_deref())?;
    log::init(config.log.clone(), config.log_format);
    Ok(print(&server::rebuild_usage(&config).await?)?)
}

/// Writes the usage log to standard output.
///
/// # Errors
/// Every problem, each as one line.
async fn export_usage(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let time = |flag: &str| match arguments.value(flag) {
        None => Ok(None),
        Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
            Problem::new(format!(
                "{flag} must be a time such as 2026-03-01T00:00:00Z"
            ))
        }),
    };
    let period = (time("--from")?, time("--to")?);
    let config = configured(arguments.given, arguments.file.as_deref())?;
    log::init(config.log.clone(), config.log_format);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = maintenance::export_usage(&config, period, &mut out).await?;
    tracing::info!(rows = written, "exported");
    Ok(())
}

/// Moves everything from SQLite into PostgreSQL.
///
/// # Errors
/// Every problem, each as one line.
async fn migrate(arguments: Arguments) -> Result<(), Vec<Problem>> {
    let from = arguments.value("--from").map(str::to_owned);
    let to = arguments.value("--to").map(str::to_owned);
    let config = configured(arguments.given, arguments.file.as_deref())?;
    log::init(config.log.clone(), config.log_format);
    Ok(print(
        &maintenance::migrate(&config, from.as_deref(), to.as_deref()).await?,
    )?)
}

fn announcement(running: &Running) -> String {
    let mut text = format!("GitFlare serves on http://{}\n", running.addr());
    text += &format!("Its documents: {}/docs\n", running.public_url());
    if let Some(address) = running.internal_addr() {
        text += &format!("Internal listener on http://{address}\n");
    }
    let is_terminal = std::io::stdout().is_terminal();
    text += &admin_key(running, is_terminal);
    text += &first_account(running, is_terminal);
    text
}

/// How somebody gets the first account where sign-up is not open.
fn first_account(running: &Running, is_terminal: bool) -> String {
    match running.first_account() {
        None => String::new(),
        Some(link) if is_terminal => {
            format!("First account, within seven days: {}\n", link.expose())
        }
        // As with the admin key: what is printed here is kept.
        Some(_) => {
            "Nobody has an account: `gitflare user create EMAIL` makes a link for the first one\n"
                .to_owned()
        }
    }
}

/// How the operator gets an admin key that this start made. What is not a terminal is kept and
/// shipped (a journal, a container's log), so there the key goes into a file (IN-4).
fn admin_key(running: &Running, is_terminal: bool) -> String {
    let Some(key) = running.new_admin_key() else {
        return String::new();
    };
    if is_terminal {
        return format!(
            "Admin key, made now and shown only this once: {}\n",
            key.expose()
        );
    }
    match running.keep_admin_key() {
        Ok(path) => format!(
            "Admin key, made now: read it in {} and delete that file\n",
            path.display()
        ),
        Err(problem) => format!("{problem}\n"),
    }
}

/// What this start stands on: version, data, keys, and the providers that accounts can be linked at.
fn sources(given: &Given, config: &Config) -> String {
    let place = Setting::find("GITFLARE_MASTER_KEY").and_then(|row| given.place(row));
    let key = place.map_or_else(
        || "in the data folder".to_owned(),
        |place| format!("from {place}"),
    );
    let database = match &config.database {
        config::Database::Sqlite => "SQLite there",
        config::Database::Postgres(_) => "PostgreSQL",
    };
    format!(
        "Version {}, data in {}, database {database}, master key {key}\n{}",
        env!("BUILD_VERSION"),
        config.data_dir.display(),
        cli::providers(config),
    )
}

/// Writes to standard output. That it was closed is no error: whoever read it has enough.
///
/// # Errors
/// That it cannot be written, as one line.
fn print(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Problem> {
    signal(kind).map_err(|error| Problem::new(format!("no signals can be received: {error}")))
}

/// The two ways to ask a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Problem> {
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

    /// Finishes `ending`, unless a second signal arrives.
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
