//! The order of the catalogue of failures.

/// Where a class stands among others: by its number, then by the letter behind it. What is no
/// `F-`number comes first, as the untouched tape does.
///
/// ```
/// use wiretape_check::report::class_order;
///
/// assert!(class_order("-") < class_order("F-2"));
/// assert!(class_order("F-2") < class_order("F-15"));
/// assert!(class_order("F-15") < class_order("F-15b"));
/// assert!(class_order("F-15b") < class_order("F-16"));
/// ```
#[must_use]
pub fn class_order(id: &str) -> (u32, &str) {
    let rest = id.strip_prefix("F-").unwrap_or_default();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, _) = rest.split_at(digits);
    (number.parse().map_or(0, |n: u32| n.saturating_add(1)), id)
}
