//! Spans of time as they are written in flags, variables and files: `500ms`, `5s`, `2m`, `1h`, and seconds without a unit.

use std::time::Duration;

/// Longer than anybody waits, and short enough to be added to any instant.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A span of time, which may be none.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => {
            return Err(format!(
                "there is no unit {other:?}; there are ms, s, m and h"
            ));
        }
    };
    let number: f64 = digits
        .parse()
        .map_err(|_| "not a time, such as 500ms, 5s or 2m".to_owned())?;
    Duration::try_from_secs_f64(number * unit)
        .ok()
        .filter(|time| *time <= LONGEST)
        .ok_or_else(|| "not a time of up to a year".to_owned())
}

/// A span of time in which something may happen.
pub(crate) fn parse_some(text: &str) -> Result<Duration, String> {
    parse(text).and_then(|time| match time.is_zero() {
        true => Err("no time at all".to_owned()),
        false => Ok(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_are_not_too_long() {
        let millis = |text| parse(text).map(|time| time.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("5"), Ok(5000));
        assert_eq!(millis("1.5s"), Ok(1500));
        assert_eq!(millis("2m"), Ok(120_000));
        assert_eq!(millis("0"), Ok(0));
        for wrong in ["", "s", "-1s", "5 s", "5d", "inf", "nan", "1e300h", "9000h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_has_to_have_time_is_given_some() {
        assert_eq!(parse_some("1ms"), Ok(Duration::from_millis(1)));
        assert!(parse_some("0s").is_err());
    }
}
