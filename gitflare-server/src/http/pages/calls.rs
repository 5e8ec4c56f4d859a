//! The calls of a developer's apps: a form of filters, a chart with its scale, counts, and a page of
//! rows. All times are UTC, and say so.

use askama::Template;

use super::{
    View,
    account::{FieldProblem, problem},
    chart::{self, Chart},
    connect::Notice,
    policy::{Kind, Policy},
    shell::{Shell, Tab},
    text::SafeText,
};

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct CallRow {
    pub(crate) at: String,
    pub(crate) app: SafeText,
    /// The customer, and the id of the customer's tenant.
    pub(crate) customer: SafeText,
    pub(crate) tenant_id: String,
    pub(crate) endpoint_key: &'static str,
    pub(crate) repository: Option<Repository>,
    pub(crate) status: u16,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) duration: String,
    pub(crate) upstream: String,
    pub(crate) request_id: String,
}

impl CallRow {
    /// The end of the request id, which tells calls apart.
    fn tail(&self) -> &str {
        let from = self.request_id.len().saturating_sub(8);
        self.request_id.get(from..).unwrap_or_default()
    }
}

/// The repository of a call.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Its name, or its id where that is all that is known.
    pub(crate) name: SafeText,
    pub(crate) id: SafeText,
    /// The path of the calls about it.
    pub(crate) calls: String,
}

/// A whole number of milliseconds, for people.
pub(crate) fn milliseconds(count: u64) -> String {
    match count {
        0 => "under 1 ms".to_owned(),
        count => format!("{count} ms"),
    }
}

/// Counts of the reads that a filter lets through.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsagePanel {
    /// The days that are counted, as text.
    pub(crate) period: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) p50: Option<String>,
    pub(crate) p95: Option<String>,
    pub(crate) blocked_files: u64,
    pub(crate) redacted_secrets: u64,
    /// Every day of the range, those without calls too.
    pub(crate) by_day: Chart,
    /// Endpoint key, calls, errors; most calls first.
    pub(crate) by_endpoint: Vec<(String, u64, u64)>,
}

/// A value that can be chosen in a form.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: SafeText,
}

/// The fields of the form, as they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallFilter {
    /// Name and value of each field that was filled in.
    pub(crate) entered: Vec<(&'static str, String)>,
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) apps: Vec<Choice>,
    pub(crate) endpoints: Vec<Choice>,
    pub(crate) providers: Vec<Choice>,
    pub(crate) codes: Vec<Choice>,
}

impl CallFilter {
    fn value(&self, name: &str) -> &str {
        let mut entered = self.entered.iter();
        let found = entered.find(|(field, _)| *field == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn is(&self, name: &str, choice: &Choice) -> bool {
        self.value(name) == choice.value
    }

    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }
}

/// The page of calls.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "calls.html")]
pub(crate) struct CallsView {
    pub(crate) user: SafeText,
    pub(crate) notice: Option<Notice>,
    pub(crate) filter: CallFilter,
    pub(crate) usage: UsagePanel,
    pub(crate) rows: Vec<CallRow>,
    /// Number of the first row that is shown, from 1 on, and how many there are in all.
    pub(crate) from: u64,
    pub(crate) total: u64,
    /// The paths of the pages beside this one.
    pub(crate) newer: Option<String>,
    pub(crate) older: Option<String>,
}

impl CallsView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Calls)
    }

    fn last(&self) -> u64 {
        self.from + (self.rows.len() as u64).saturating_sub(1)
    }

    const fn chart_width(&self) -> u64 {
        chart::WIDTH
    }

    const fn chart_height(&self) -> u64 {
        chart::HEIGHT
    }
}

impl View for CallsView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
