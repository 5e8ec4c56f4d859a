//! The `gitflare` binary: reads the command line, runs the command on one runtime, says what went
//! wrong in one line each. Everything else is the library's.

#![forbid(unsafe_code)]

use std::{io::Write, process::ExitCode};

use gitflare_server::{
    cli::{self, Command},
    config::{self, Problem},
    run,
};

/// The command line or the configuration is wrong.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(problem) => return misused(&[problem]),
    };
    let outcome = match command {
        Command::Serve(arguments) => block_on(run::serve(arguments)),
        Command::Sandbox(arguments) => block_on(run::sandbox(arguments)),
        Command::Check(arguments) => {
            let given = config::gather(arguments.given, arguments.file.as_deref());
            let (text, is_good) = cli::check(&given);
            run::print(&text);
            return if is_good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Command::RotateKeys(arguments) => block_on(run::rotate_keys(arguments)),
        Command::Openapi(arguments) => run::openapi(arguments),
        Command::Help => {
            run::print(&cli::help());
            Ok(())
        }
        Command::Version => {
            run::print(concat!("gitflare ", env!("CARGO_PKG_VERSION"), "\n"));
            Ok(())
        }
    };
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
        Ok(runtime) => {
            let outcome = runtime.block_on(work);
            // What has been drained is done; a thread deep in a repository is not waited for.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Problem::new(format!("no threads can be started: {error}")).into()),
    }
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
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(std::io::stderr(), "gitflare: {problem}");
    }
}
