//! Numbers that come back as they were: by value, not by spelling.

use alloc::format;
use alloc::string::String;

/// The first number of a JSON text whose value is neither a `u64`, nor an `i64`, nor that of the
/// shortest spelling of an `f64`.
pub(crate) fn inexact(json: &str) -> Option<&str> {
    let mut rest = json;
    loop {
        let at = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
        let (_, found) = rest.split_at_checked(at)?;
        if let Some(string) = found.strip_prefix('"') {
            rest = behind(string)?;
            continue;
        }
        let part = |c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        let (number, behind) = found.split_at_checked(found.find(part).unwrap_or(found.len()))?;
        if !is_exact(number) {
            return Some(number);
        }
        rest = behind;
    }
}

/// What comes behind a string, of which the first quote is gone.
fn behind(mut string: &str) -> Option<&str> {
    loop {
        let (_, found) = string.split_at_checked(string.find(['"', '\\'])?)?;
        match found.strip_prefix('"') {
            Some(rest) => return Some(rest),
            None => string = found.get(2..)?,
        }
    }
}

fn is_exact(number: &str) -> bool {
    if number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok() {
        return true;
    }
    match number.parse::<f64>() {
        Ok(float) if float.is_finite() => decimal(number) == decimal(&format!("{float:e}")),
        _ => false,
    }
}

/// The digits without zeros at both ends, and the power of ten that the last one counts; `None` where
/// that is beyond all numbers.
fn decimal(number: &str) -> Option<(String, i64)> {
    let number = number.trim_start_matches('-');
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let places = i64::try_from(fraction.len()).ok()?;
    let exponent: i64 = exponent.parse().ok()?;
    let power = exponent.checked_add(zeros)?.checked_sub(places)?;
    Some((significant.trim_start_matches('0').into(), power))
}
