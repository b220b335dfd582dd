//! Whether two values of a figure are the same number.

/// Decimals from which on a value is one of a measure, computed in doubles; money and counts have fewer.
const OF_A_MEASURE: usize = 10;

/// How far two values of a measure may be apart, as a share of them: a later release may add in another order and
/// round otherwise, far below what is ever printed.
const ROUNDING: f64 = 1e-11;

/// Whether two exact values are the same: to the last digit; of a measure, to eleven digits.
pub(crate) fn is_same_value(a: &str, b: &str) -> bool {
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if a == b || decimals(a).max(decimals(b)) < OF_A_MEASURE {
        return a == b;
    }
    let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) else { return false };
    (a - b).abs() <= ROUNDING * a.abs().max(b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_may_differ_in_rounding_and_money_in_nothing() {
        for (a, b, same) in [
            ("", "", true),
            ("", "1", false),
            ("10.203838285293182", "10.203838285293193", true),
            ("0.06341089420760058", "0.06341089420766928", true),
            ("20.5", "20.499999999999996", true),
            ("10.203838285293182", "10.203838295293182", false),
            ("10.203838285293182", "", false),
            ("-10.203838285293182", "10.203838285293182", false),
            ("123456789012345.67", "123456789012345.68", false),
            ("100", "100.01", false),
            ("0.00000000001", "0.00000000002", false),
        ] {
            assert_eq!(is_same_value(a, b), same, "{a} {b}");
        }
    }
}
