//! Time as a value and as a trait. Everything with a lifetime asks a [`Clock`]; nothing in this
//! crate reads the system's time by itself, except [`SystemClock`].

use std::{
    fmt,
    sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last millisecond of the year 9999, where RFC 3339 ends.
const MAX_MILLIS: i64 = 253_402_300_799_999;
/// The first millisecond of the year 0000.
const MIN_MILLIS: i64 = -62_167_219_200_000;

/// A moment in UTC with millisecond precision, written as RFC 3339 with three decimals and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Milliseconds since 1970; clamped to the years 0000 to 9999, which RFC 3339 can write.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis > MAX_MILLIS {
            Self(MAX_MILLIS)
        } else if millis < MIN_MILLIS {
            Self(MIN_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Seconds since 1970, or `None` when RFC 3339 cannot write them: an impossible date in a
    /// commit is unknown, not another date.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let millis = seconds.checked_mul(1000)?;
        (MIN_MILLIS..=MAX_MILLIS)
            .contains(&millis)
            .then_some(Self(millis))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment minus a duration.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// This moment plus a duration.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self::from_millis(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// Parses RFC 3339, any offset, or `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let millis = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        (MIN_MILLIS..=MAX_MILLIS)
            .contains(&millis)
            .then_some(Self(millis))
    }
}

impl Timestamp {
    /// The text, digit by digit: pages hold hundreds of times, and the formatter takes ten times as
    /// long.
    fn text(self) -> [u8; 24] {
        let days = self.0.div_euclid(86_400_000);
        let of_day = self.0.rem_euclid(86_400_000);
        // Days to civil date: shift the year to start in March, so that leap days come last.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |end: usize, digits: usize, mut number: i64| {
            for place in text[end - digits..end].iter_mut().rev() {
                *place = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(4, 4, year);
        put(7, 2, month);
        put(10, 2, day);
        put(13, 2, of_day / 3_600_000);
        put(16, 2, of_day / 60_000 % 60);
        put(19, 2, of_day / 1000 % 60);
        put(23, 3, of_day % 1000);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        let text = std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected an RFC 3339 time"))
    }
}

/// The source of wall-clock time. Timeouts use the monotonic clock instead.
pub trait Clock: Send + Sync {
    /// The current moment, to the millisecond.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment by a clock that nobody can set: beside it a clock that was set is
    /// noticed. By default that of the process, which stands still while the machine sleeps.
    fn monotonic(&self) -> Duration {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST.elapsed()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug)]
pub struct FixedClock {
    now: AtomicI64,
    /// What `now` would be, had no time passed.
    started: AtomicI64,
}

impl FixedClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(now.0),
            started: AtomicI64::new(now.0),
        }
    }

    /// Lets time pass, backwards when negative.
    pub fn advance_millis(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock by so much, while no time passes.
    pub fn set_by_millis(&self, millis: i64) {
        self.started.fetch_add(millis, Ordering::SeqCst);
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        let passed = self.now.load(Ordering::SeqCst) - self.started.load(Ordering::SeqCst);
        Duration::from_millis(u64::try_from(passed).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_written_with_milliseconds_and_z() {
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(
            Timestamp::from_millis(1_775_138_400_123).to_string(),
            "2026-04-02T14:00:00.123Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MIN).to_string(),
            "0000-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn an_impossible_date_is_unknown() {
        assert_eq!(Timestamp::from_seconds(i64::MAX), None);
        assert_eq!(Timestamp::from_seconds(253_402_300_800), None);
        assert!(Timestamp::from_seconds(0).is_some());
    }

    proptest! {
        #[test]
        fn every_time_survives_text(millis in super::MIN_MILLIS..=super::MAX_MILLIS) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }
    }
}
