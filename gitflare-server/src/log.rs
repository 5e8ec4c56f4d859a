//! Log lines, as text for people or as JSON, one event a line on standard error. Every value is
//! encoded, so that none can start a line or colour a terminal (LG-2). What may be logged is
//! decided where it is logged; spans are not written.
//!
//! The lines are written here and not by the formatters of tracing-subscriber: its text leaves line
//! breaks and bidirectional marks in values, its JSON leaves DEL, C1 controls and the marks too.

use std::{
    fmt::{self, Write as _},
    io::stderr,
    sync::OnceLock,
};

use gitflare_core::{Clock, SystemClock, Timestamp};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    layer::{Context, SubscriberExt},
    reload,
    util::SubscriberInitExt,
};

use crate::{config::LogFormat, log_queue::LogQueue};

/// The lines of this process on their way to standard error.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// The filter of this process, to be changed while it runs.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Logs from here on, panics included. Called once in a process; a second call changes nothing.
pub(crate) fn init(filter: Targets, format: LogFormat) {
    let told = move |lost: u64| {
        let values = Values {
            message: "lines were lost: nobody read the log".into(),
            fields: vec![("lost", Value::Bare(lost.to_string()))],
        };
        line(format, Level::WARN, module_path!(), &values)
    };
    // Without a thread nothing would run at all.
    let Ok(queue) = LogQueue::start(stderr(), told) else {
        return;
    };
    if QUEUE.set(queue).is_err() {
        return;
    }
    let write = |line| {
        if let Some(queue) = QUEUE.get() {
            queue.push(line);
        }
    };
    let (filter, handle) = reload::Layer::new(without_sdk(filter));
    if subscriber(filter, format, write).try_init().is_ok() {
        let _ = FILTER.set(handle);
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// Logs by another filter from here on.
pub(crate) fn set_filter(filter: Targets) {
    if let Some(handle) = FILTER.get() {
        // It fails only when the subscriber is gone, and with it the log.
        let _ = handle.reload(without_sdk(filter));
    }
}

/// The SDK of the agents' protocol logs whole messages (LG-1), and says nothing that is not said
/// here.
fn without_sdk(filter: Targets) -> Targets {
    filter.with_target("rmcp", LevelFilter::OFF)
}

/// Waits for the last lines, at the end of the program.
pub(crate) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush();
    }
}

fn subscriber(
    filter: impl Layer<Registry> + Send + Sync,
    format: LogFormat,
    write: impl Fn(String) + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    Registry::default()
        .with(filter)
        .with(Lines { format, write })
}

/// The message of a panic can hold what it panicked over; only literals are logged.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>();
    let location = panic.location().map(ToString::to_string);
    tracing::error!(
        location = location.as_deref().unwrap_or("unknown"),
        reason = message.copied().unwrap_or("withheld"),
        "panic"
    );
}

struct Lines<W> {
    format: LogFormat,
    write: W,
}

impl<S: Subscriber, W: Fn(String) + 'static> Layer<S> for Lines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut values = Values::default();
        event.record(&mut values);
        let meta = event.metadata();
        (self.write)(line(self.format, *meta.level(), meta.target(), &values));
    }
}

fn line(format: LogFormat, level: Level, target: &str, values: &Values) -> String {
    let at = SystemClock.now();
    match format {
        LogFormat::Text => text_line(at, level, target, values),
        LogFormat::Json => json_line(at, level, target, values),
    }
}

fn text_line(at: Timestamp, level: Level, target: &str, values: &Values) -> String {
    let mut line = format!("{at} {level:>5} {target}: ");
    escape(&mut line, &values.message);
    for (name, value) in &values.fields {
        let _ = write!(line, " {name}=");
        match value {
            Value::Bare(text) => line.push_str(text),
            Value::Text(text) if is_plain(text) => line.push_str(text),
            Value::Text(text) => quote(&mut line, text),
        }
    }
    line.push('\n');
    line
}

fn json_line(at: Timestamp, level: Level, target: &str, values: &Values) -> String {
    let mut line = format!(r#"{{"at":"{at}","level":"{level}","target":"#);
    quote(&mut line, target);
    line.push_str(r#","message":"#);
    quote(&mut line, &values.message);
    for (name, value) in &values.fields {
        line.push(',');
        quote(&mut line, name);
        line.push(':');
        match value {
            Value::Bare(text) => line.push_str(text),
            Value::Text(text) => quote(&mut line, text),
        }
    }
    line.push_str("}\n");
    line
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'='))
}

/// A JSON string that is also safe on a terminal.
fn quote(line: &mut String, text: &str) {
    line.push('"');
    escape(line, text);
    line.push('"');
}

fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            // Controls move the cursor; the others break or reorder lines in some viewers.
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(line, "\\u{:04x}", c as u32);
            }
            _ if c.is_control() => {
                let _ = write!(line, "\\u{:04x}", c as u32);
            }
            _ => line.push(c),
        }
    }
}

#[derive(Default)]
struct Values {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

enum Value {
    /// A number or a boolean, written as it is.
    Bare(String),
    Text(String),
}

impl Values {
    fn text(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), Value::Text(text)));
        }
    }

    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.fields
            .push((field.name(), Value::Bare(value.to_string())));
    }
}

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn logged(format: LogFormat, act: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&lines);
        let write = move |line: String| sink.lock().unwrap().push_str(&line);
        let filter: Targets = "info".parse().unwrap();
        tracing::subscriber::with_default(subscriber(without_sdk(filter), format, write), act);
        let lines = lines.lock().unwrap();
        lines.clone()
    }

    const HOSTILE: &str = "a\nb\r\u{1b}[31mred\u{9b}0m\u{7f}\0\u{202e}\u{2028}\u{85}\" x=\"1\\";

    #[test]
    fn no_value_can_forge_a_line() {
        // sec: LG-2
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, || {
                tracing::info!(target: "t", a = HOSTILE, b = %HOSTILE, c = ?HOSTILE, "{HOSTILE}");
            });
            assert_eq!(text.lines().count(), 1, "{text:?}");
            let line = text.trim_end_matches('\n');
            assert!(
                !line.chars().any(|c| c.is_control()
                    || matches!(c, '\u{2028}' | '\u{202e}' | '\u{85}' | '\u{9b}')),
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_json_line_parses_back_to_its_values() {
        // sec: LG-2
        let line = logged(LogFormat::Json, || {
            tracing::warn!(target: "t", status = 404u16, ok = false, path = HOSTILE, "{HOSTILE}");
        });
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(Timestamp::parse(json["at"].as_str().unwrap()).is_some());
        assert_eq!(
            (&json["level"], &json["target"]),
            (&"WARN".into(), &"t".into())
        );
        assert_eq!((&json["status"], &json["ok"]), (&404.into(), &false.into()));
        assert_eq!(
            (&json["path"], &json["message"]),
            (&HOSTILE.into(), &HOSTILE.into())
        );
    }

    #[test]
    fn a_text_line_reads_well() {
        let line = logged(LogFormat::Text, || {
            tracing::info!(target: "t", status = 200, path = "/v1/me", note = "two words", "served");
            tracing::debug!(target: "t", "too fine for the filter");
        });
        assert!(
            line.ends_with("  INFO t: served status=200 path=/v1/me note=\"two words\"\n"),
            "{line}"
        );
    }
}
