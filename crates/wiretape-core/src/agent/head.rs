//! What a response's head says: is it a stream, and when may one ask again?

use alloc::string::String;

use super::retry::Advice;

/// What is read of the headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) advice: Advice,
    /// Why a success is no event stream.
    pub(super) no_stream: Option<String>,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Head {
    pub(super) fn read(headers: &[(&str, &str)]) -> Self {
        let value = |name: &str| {
            let mut all = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            all.next().map(|(_, value)| value.trim())
        };
        let should = match value("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let after_ms = value("retry-after-ms").and_then(|text| decimal(text, SECOND_NS / 1000));
        let after = value("retry-after").and_then(|text| {
            decimal(text, SECOND_NS).or_else(|| {
                // A date is a wait only against a clock. The server's own is in the same head.
                let wait = date(text)?.saturating_sub(date(value("date")?)?);
                Some(wait.saturating_mul(SECOND_NS))
            })
        });
        Self {
            advice: Advice {
                should,
                after_ns: after_ms.or(after),
            },
            no_stream: no_stream(value("content-type"), value("content-encoding")),
        }
    }
}

/// Only what cannot be a stream: local servers name theirs `text/plain`, or not at all.
fn no_stream(kind: Option<&str>, encoding: Option<&str>) -> Option<String> {
    if let Some(encoding) =
        encoding.filter(|e| !e.is_empty() && !e.eq_ignore_ascii_case("identity"))
    {
        return Some(alloc::format!(
            "the body is compressed ({encoding}), expected it as it is (F-08)"
        ));
    }
    let kind = kind?.split(';').next().unwrap_or_default().trim();
    let never = ["application/json", "text/html"];
    never
        .iter()
        .any(|no| kind.eq_ignore_ascii_case(no))
        .then(|| alloc::format!("the body is {kind}, expected text/event-stream (F-42)"))
}

/// A number of units with up to nine decimals, in nanoseconds: `2`, `0.5`, `1500.25`.
fn decimal(text: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut rest = 0;
    let mut scale = unit_ns;
    for digit in fraction.bytes() {
        scale /= 10;
        rest += u64::from(digit - b'0') * scale;
    }
    Some(whole.saturating_mul(unit_ns).saturating_add(rest))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that RFC 9110 lets senders use.
fn date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':');
    let mut part = || clock.next()?.parse::<u64>().ok();
    let (hours, minutes, seconds) = (part()?, part()?, part()?);
    if words.next()? != "GMT" || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin with March, so that the odd day is the last.
    let month = u64::try_from(month).ok()?;
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    // 1 January 1970 by the same sum.
    let since = days.checked_sub(719_468)?;
    Some(since * 86_400 + hours.min(23) * 3600 + minutes.min(59) * 60 + seconds.min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(headers: &[(&str, &str)]) -> Option<u64> {
        Head::read(headers).advice.after_ns
    }

    #[test]
    fn a_wait_is_read_in_each_of_its_forms() {
        assert_eq!(after(&[("Retry-After", "2")]), Some(2_000_000_000));
        assert_eq!(after(&[("retry-after", "0.25")]), Some(250_000_000));
        let both = [("retry-after", "9"), ("retry-after-ms", "1500.5")];
        assert_eq!(after(&both), Some(1_500_500_000));
        for odd in [
            "",
            "-1",
            "1e3",
            "soon",
            "1.0000000001",
            "99999999999999999999",
        ] {
            assert_eq!(after(&[("retry-after", odd)]), None, "{odd}");
        }
    }

    #[test]
    fn a_date_is_a_wait_by_the_servers_own_clock() {
        let when = ("retry-after", "Wed, 01 Mar 2028 00:00:10 GMT");
        assert_eq!(after(&[when]), None, "no clock to hold it against");
        let now = ("date", "Tue, 29 Feb 2028 23:59:40 GMT");
        assert_eq!(after(&[when, now]), Some(30 * SECOND_NS));
        let late = ("date", "Wed, 01 Mar 2028 00:01:00 GMT");
        assert_eq!(after(&[when, late]), Some(0));
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    }

    #[test]
    fn what_cannot_be_a_stream_says_why() {
        let kind = |kind| Head::read(&[("content-type", kind)]).no_stream;
        assert!(kind("application/json; charset=utf-8").is_some());
        assert!(kind("Text/HTML").is_some());
        assert_eq!(kind("text/event-stream"), None);
        assert_eq!(kind("text/plain"), None);
        assert!(
            Head::read(&[("content-encoding", "gzip")])
                .no_stream
                .is_some()
        );
    }
}
