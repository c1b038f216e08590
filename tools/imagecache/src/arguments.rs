//! Parsers of the values that several commands take.

use std::time::Duration;

use domain::{ImagePackId, LocationName, Target, TenantId, Timestamp};

/// A time in RFC 3339.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp = text.parse().map_err(|error| format!("{error}; example: 2026-11-24T10:00:00Z"))?;
    let millis = u64::try_from(time.as_millisecond()).map_err(|_| "the time must be after 1970".to_owned())?;
    Ok(Timestamp::from_millis(millis))
}

/// A tenant's id.
pub(crate) fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|error| error.to_string())
}

/// An image pack's id.
pub(crate) fn pack(text: &str) -> Result<ImagePackId, String> {
    ImagePackId::parse(text).map_err(|error| error.to_string())
}

/// An image location's name.
pub(crate) fn location(text: &str) -> Result<LocationName, String> {
    LocationName::parse(text).map_err(|error| error.to_string())
}

/// A target as the tables print it, or an image pack's id.
pub(crate) fn target(text: &str) -> Result<Target, String> {
    Target::parse(text)
        .or_else(|_| ImagePackId::parse(text).map(Target::Pack))
        .map_err(|_| format!("{text:?} names no target: expected an image pack's id, location#<name> or tenant"))
}

/// A number of seconds, minutes, hours or days, for example 90s, 5m, 2h or 7d.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let unit_secs = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(number) if unit_secs > 0 => Ok(Duration::from_secs(u64::from(number) * unit_secs)),
        _ => Err("expected a number and s, m, h or d; example: 90s".to_owned()),
    }
}

/// A time in RFC 3339, or the time that is a duration ago.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    duration(text).map(|duration| aws_adapters::now().minus(duration)).or_else(|_| time(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        for (text, secs) in [("90s", 90), ("5m", 300), ("2h", 7_200), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for text in ["", "s", "5", "-5m", "5 m", "5w", "1.5h", "5\u{e4}"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_target_is_one_of_the_tables_or_a_packs_id() {
        for (text, expected) in
            [("cat", "pack#cat"), ("pack#cat", "pack#cat"), ("location#main", "location#main"), ("tenant", "tenant")]
        {
            assert_eq!(target(text).map(|target| target.to_string()), Ok(expected.to_owned()));
        }
        assert!(target("a/b").unwrap_err().contains("names no target"));
    }

    #[test]
    fn a_time_is_one_of_rfc_3339_after_1970() {
        let at = Timestamp::from_millis(1_795_687_200_000);
        assert_eq!(time("2026-11-26T10:00:00Z"), Ok(at));
        assert_eq!(time("2026-11-26T11:00:00+01:00"), Ok(at));
        for (text, expected) in
            [("yesterday", "example: 2026-11-24T10:00:00Z"), ("1969-11-24T10:00:00Z", "must be after 1970")]
        {
            let error = time(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
