//! Medians, and numbers as people read them.

/// The median of what there is.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[length / 2]),
        length => Some(f64::midpoint(sorted[length / 2 - 1], sorted[length / 2])),
    }
}

/// A number with four digits that count: what a record keeps.
pub(crate) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let power = 10_f64.powi(digits.abs());
    if digits >= 0 { (value * power).round() / power } else { (value / power).round() * power }
}

/// A number with three digits that count, and thousands set apart.
pub(crate) fn shown(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let size = value.abs();
    let decimals = match size {
        _ if size == 0.0 || size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.09995 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match rest {
        Some(rest) => format!("{sign}{grouped}.{rest}"),
        None => format!("{sign}{grouped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{median, rounded, shown};

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_record_keeps_four_digits() {
        assert_eq!(rounded(0.0), 0.0);
        assert_eq!(rounded(0.123_456), 0.1235);
        assert_eq!(rounded(1.234_56), 1.235);
        assert_eq!(rounded(45_678.9), 45_680.0);
    }

    #[test]
    fn numbers_as_people_read_them() {
        let all = [0.0, 0.012_34, 0.1234, 1.234, 12.34, 123.4, 1_234.4, 1_234_567.0, -2.5, f64::NAN].map(shown);
        assert_eq!(all, ["0", "0.0123", "0.123", "1.23", "12.3", "123", "1,234", "1,234,567", "-2.50", "?"]);
    }
}
