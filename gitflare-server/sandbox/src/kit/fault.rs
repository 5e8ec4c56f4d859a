//! What goes wrong on demand: which calls, how often, and how. How a refusal reads is the dialect's.

use std::time::Duration;

use serde::Deserialize;

use super::hostile::Place;

/// A fault that was switched on, as `POST /__faults` takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Only calls whose path starts so; all of the API and the token endpoint when absent.
    path: Option<String>,
    /// Only this many calls.
    count: Option<u32>,
    /// For `slow`: milliseconds to the first byte.
    milliseconds: Option<u64>,
    /// For `status`.
    pub(crate) status: Option<u16>,
    /// For `rate-limit`: `seconds`, `date`, `reset`, `secondary` or `none`.
    pub(crate) retry_after: Option<String>,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    Slow,
    Trickle,
    Reset,
    Cut,
    Garbage,
    Huge,
    Status,
    RateLimit,
    ExpiredToken,
    Sso,
    MissingScope,
    /// A change whose totals are not the sums of its files, as GitHub answers for some.
    OtherTotals,
    /// Every address in an answer is a script, as a hostile host would send it.
    HostileUrls,
    /// What people write has an order to a model in it.
    Orders,
    /// The same of names of people, refs, files and all else that has one.
    OrdersInNames,
    /// Answers in the shape of an older release, where the dialect knows one.
    OlderShapes,
}

/// What happens to an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    None,
    Delay(Duration),
    Trickle,
    Reset,
    Cut,
    Garbage,
    Huge,
    HostileUrls,
    Orders(Place),
}

impl Fault {
    /// What happens to the bytes of the answer.
    pub(crate) fn damage(&self) -> Damage {
        match self.kind {
            FaultKind::Slow => {
                Damage::Delay(Duration::from_millis(self.milliseconds.unwrap_or(60_000)))
            }
            FaultKind::Trickle => Damage::Trickle,
            FaultKind::Reset => Damage::Reset,
            FaultKind::Cut => Damage::Cut,
            FaultKind::Garbage => Damage::Garbage,
            FaultKind::Huge => Damage::Huge,
            FaultKind::HostileUrls => Damage::HostileUrls,
            FaultKind::Orders => Damage::Orders(Place::Texts),
            FaultKind::OrdersInNames => Damage::Orders(Place::Names),
            _ => Damage::None,
        }
    }
}

/// The fault that a call of `path` meets, counted down.
pub(crate) fn due(faults: &mut [Fault], path: &str) -> Option<Fault> {
    let fault = faults.iter_mut().find(|fault| {
        let wanted = fault.path.as_deref();
        wanted.is_none_or(|wanted| path.starts_with(wanted)) && fault.count != Some(0)
    })?;
    if let Some(count) = &mut fault.count {
        *count -= 1;
    }
    Some(fault.clone())
}
