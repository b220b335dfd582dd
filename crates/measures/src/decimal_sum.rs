//! Sums of decimal numbers that are kept as doubles: 12.2 and 0.1 are 12.3, in any order and any split.
//!
//! A quantity is written in decimals, and its double is only near it. Added are therefore the shortest decimals that
//! read back as the doubles, which are what was written, by exponent and exactly; only [`DecimalSum::value`] rounds.

/// A sum of decimals that has not been rounded. NaN and infinities make it NaN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecimalSum {
    /// Sums of the numbers of one decimal exponent, by exponent; mostly one or two.
    parts: Vec<(i16, i128)>,
    not_finite: bool,
}

impl DecimalSum {
    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        match decimal(x) {
            Some((digits, exponent)) => self.add_part(exponent, digits.into()),
            None => self.not_finite = true,
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        self.not_finite |= other.not_finite;
        other.parts.iter().for_each(|(exponent, digits)| self.add_part(*exponent, *digits));
    }

    fn add_part(&mut self, exponent: i16, digits: i128) {
        match self.parts.binary_search_by_key(&exponent, |part| part.0) {
            Ok(index) => match self.parts[index].1.checked_add(digits) {
                Some(sum) => self.parts[index].1 = sum,
                None => self.not_finite = true,
            },
            Err(index) => self.parts.insert(index, (exponent, digits)),
        }
    }

    /// The sum, rounded once to the nearest double; NaN if something added was not finite.
    pub fn value(&self) -> f64 {
        if self.not_finite {
            return f64::NAN;
        }
        let mut parts = self.parts.iter().rev().filter(|(_, digits)| *digits != 0);
        let Some(&(mut exponent, mut total)) = parts.next() else { return 0.0 };
        for &(lower, digits) in parts {
            let scale = 10i128.checked_pow((exponent - lower) as u32);
            let aligned =
                scale.and_then(|scale| total.checked_mul(scale)).and_then(|t| t.checked_add(digits));
            match aligned {
                Some(aligned) => (exponent, total) = (lower, aligned),
                // What lies so far below decides ties only: one digit says that there is something.
                None => {
                    let sticky = total.checked_mul(10).and_then(|total| total.checked_add(digits.signum()));
                    return sticky
                        .map_or_else(|| rounded(total, exponent), |total| rounded(total, exponent - 1));
                }
            }
        }
        rounded(total, exponent)
    }

    /// As bytes, for another process to merge.
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts = self
            .parts
            .iter()
            .flat_map(|(exponent, digits)| exponent.to_le_bytes().into_iter().chain(digits.to_le_bytes()));
        std::iter::once(u8::from(self.not_finite)).chain(parts).collect()
    }

    /// Back from bytes; `None` if they are not from [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (not_finite, parts) = bytes.split_first()?;
        let mut sum = Self { parts: Vec::new(), not_finite: *not_finite != 0 };
        let parts = parts.chunks(18);
        for part in parts {
            let (exponent, digits) = part.split_first_chunk::<2>()?;
            sum.add_part(i16::from_le_bytes(*exponent), i128::from_le_bytes(digits.try_into().ok()?));
        }
        Some(sum)
    }

    /// Memory in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.parts.capacity() * size_of::<(i16, i128)>()
    }
}

impl FromIterator<f64> for DecimalSum {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut sum = Self::default();
        numbers.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

/// Decimals of most quantities: tried before the digits are worked out.
const USUAL_DECIMALS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// The shortest decimal that reads back as a double: digits and exponent. None for what is not finite.
fn decimal(x: f64) -> Option<(i64, i16)> {
    for (decimals, scale) in USUAL_DECIMALS.iter().enumerate() {
        let near = x * scale;
        if near.is_nan() || near.abs() >= 1e15 {
            break;
        }
        let digits = (near + f64::copysign(0.5, near)) as i64;
        // Of fifteen digits only one decimal reads back as a double, so that it is the shortest.
        if digits as f64 / scale == x {
            return Some((digits, -(decimals as i16)));
        }
    }
    if !x.is_finite() {
        return None;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(x);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shown = whole.bytes().chain(decimals.bytes()).filter(u8::is_ascii_digit);
    let digits = shown.fold(0, |number: i64, digit| number * 10 + i64::from(digit - b'0'));
    let signed = if x < 0.0 { -digits } else { digits };
    Some((signed, exponent.parse::<i16>().ok()? - decimals.len() as i16))
}

/// digits × 10^exponent as the nearest double.
fn rounded(digits: i128, exponent: i16) -> f64 {
    format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_add_up_as_they_are_written() {
        let sum = |numbers: &[f64]| numbers.iter().copied().collect::<DecimalSum>().value();
        assert_eq!(sum(&[12.2, 0.1]), 12.3);
        assert_eq!(sum(&[0.1; 3]), 0.3);
        assert_eq!(sum(&[12.35, -12.3]), 0.05);
        assert_eq!(sum(&[1e15 + 0.25, 0.5]), 1e15 + 0.75);
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[1e22, 0.000_001]), 1e22);
        assert_eq!(sum(&[5e-324, 5e-324]), 1e-323);
        assert_eq!(sum(&[f64::MAX, -f64::MAX, 2.5]), 2.5);
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[-0.0]), 0.0);
        assert!(sum(&[f64::INFINITY, 1.0]).is_nan() && sum(&[f64::NAN]).is_nan());
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY, "beyond the range");
    }

    proptest! {
        #[test]
        fn any_order_and_any_split_give_the_same(mut numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, 0..40), at in 0usize..40) {
            let whole: DecimalSum = numbers.iter().copied().collect();
            numbers.reverse();
            let (left, right) = numbers.split_at(at.min(numbers.len()));
            let mut parts: DecimalSum = left.iter().copied().collect();
            let right: DecimalSum = right.iter().copied().collect();
            parts.merge(&DecimalSum::from_bytes(&right.to_bytes()).unwrap());
            prop_assert_eq!(whole.value().to_bits(), parts.value().to_bits());
        }

        /// A number alone is itself: its decimal reads back as the same double.
        #[test]
        fn a_number_alone_is_itself(x in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO) {
            prop_assert_eq!([x].into_iter().collect::<DecimalSum>().value(), x);
        }

        /// Against the same decimals as whole numbers of a thousandth.
        #[test]
        fn decimals_are_exact(thousandths in prop::collection::vec(-(1i64 << 40)..1 << 40, 0..50), decimals in 0usize..4) {
            let scale = 10i64.pow(decimals as u32);
            let sum: DecimalSum = thousandths.iter().map(|n| *n as f64 / scale as f64).collect();
            let expected = thousandths.iter().map(|n| i128::from(*n)).sum::<i128>();
            prop_assert_eq!(sum.value(), format!("{expected}e-{decimals}").parse::<f64>().unwrap());
        }
    }
}
