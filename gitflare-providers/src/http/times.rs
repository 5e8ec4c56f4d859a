//! Moments that headers name, as seconds to go: `Retry-After` and the resets of rate limits.
//! They are compared with the sender's own clock, so that a wrong clock of ours costs nothing.

use std::time::{Duration, SystemTime};

use gitflare_core::{Clock, SystemClock};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// `Retry-After` in seconds, given as a number or as a date; `None` when absent or garbage.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u32::MAX));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let left = until
        .duration_since(their_now(headers))
        .unwrap_or_default()
        .as_secs();
    Some(u32::try_from(left).unwrap_or(u32::MAX))
}

/// Seconds until the moment that a header gives, in seconds since 1970 or, as Bitbucket does, from
/// now; at least one.
pub(crate) fn seconds_until_reset(headers: &HeaderMap, name: &str) -> Option<u32> {
    /// No moment since 1970 that anyone names is as early, and no window is as long.
    const DAY: u64 = 86_400;
    let reset: u64 = headers.get(name)?.to_str().ok()?.parse().ok()?;
    if reset < DAY {
        return Some(u32::try_from(reset.max(1)).unwrap_or(u32::MAX));
    }
    let now = their_now(headers)
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let left = reset.saturating_sub(now.as_secs()).max(1);
    Some(u32::try_from(left).unwrap_or(u32::MAX))
}

/// The upstream's own clock as `Date` gives it: its moments are compared with that, not with ours.
fn their_now(headers: &HeaderMap) -> SystemTime {
    headers
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(|| {
            let millis = u64::try_from(SystemClock.now().as_millis()).unwrap_or(0);
            SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_garbage() {
        // sec: SR-9
        for (value, expected) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("99999999999999999999", Some(u32::MAX)),
            ("-5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            assert_eq!(retry_after(&headers), expected, "{value}");
        }
    }
}
