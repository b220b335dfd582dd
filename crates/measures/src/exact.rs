//! Sums of floating-point numbers without rounding: the same result in any order and any split.
//!
//! The idea is Kulisch's long accumulator: every finite double is a whole multiple of 2^-1074, so a
//! fixed-point number of some 2,100 bits holds any sum of them exactly. Only [`ExactSum::value`] rounds,
//! once, to the nearest double.

/// Bits of one digit; a digit is kept in 64 bits, so that carries can wait.
const DIGIT: u32 = 32;
/// Digits that hold the greatest double, and a few for carries.
const DIGITS: usize = 68;
/// The least bit of the least double.
const LEAST: i32 = -1074;
/// Additions after which carries are propagated, well before a digit of 64 bits overflows.
const CARRY_EVERY: u32 = 1 << 29;

/// A sum that has not been rounded. NaN and infinities are counted and make the sum NaN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactSum {
    digits: Box<[i64; DIGITS]>,
    pending: u32,
    not_finite: bool,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self { digits: Box::new([0; DIGITS]), pending: 0, not_finite: false }
    }
}

impl ExactSum {
    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        if !x.is_finite() {
            self.not_finite = true;
            return;
        }
        let bits = x.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        // A double is mantissa × 2^power × least; those below the normal range lack the hidden bit.
        let (mantissa, power) = match exponent {
            0 => (fraction, 0),
            e => (fraction | 1 << 52, e as u32 - 1),
        };
        let (first, shift) = ((power / DIGIT) as usize, power % DIGIT);
        let wide = u128::from(mantissa) << shift;
        let sign = if x.is_sign_negative() { -1 } else { 1 };
        for (n, digit) in self.digits[first..first + 3].iter_mut().enumerate() {
            *digit += sign * (wide >> (DIGIT as usize * n) & 0xffff_ffff) as i64;
        }
        self.settle(1);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        self.not_finite |= other.not_finite;
        self.settle(other.pending.saturating_add(1));
        for (digit, more) in self.digits.iter_mut().zip(other.digits.iter()) {
            *digit += more;
        }
    }

    /// The sum, rounded once to the nearest double; NaN if something added was not finite.
    pub fn value(&self) -> f64 {
        if self.not_finite {
            return f64::NAN;
        }
        let mut digits = self.digits.clone();
        carry(&mut digits);
        let negative = digits[DIGITS - 1] < 0;
        if negative {
            digits.iter_mut().for_each(|d| *d = -*d);
            carry(&mut digits);
        }
        let Some(top) = digits.iter().rposition(|d| *d != 0) else { return 0.0 };
        let low = top.saturating_sub(2);
        let mut head = digits[low..=top].iter().rev().fold(0u128, |head, d| head << DIGIT | *d as u128);
        // Whatever lies below decides ties only: one bit says that there is something.
        head |= u128::from(digits[..low].iter().any(|d| *d != 0));
        let value = scale(head as f64, DIGIT as i32 * low as i32 + LEAST);
        if negative { -value } else { value }
    }

    /// As bytes, for another process to merge.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut settled = self.clone();
        carry(&mut settled.digits);
        let used = settled.digits.iter().rposition(|d| *d != 0).map_or(0, |top| top + 1);
        let first = settled.digits.iter().position(|d| *d != 0).unwrap_or(0);
        let head = [u8::from(self.not_finite), first as u8];
        let digits = settled.digits[first.min(used)..used].iter().flat_map(|d| d.to_le_bytes());
        head.into_iter().chain(digits).collect()
    }

    /// Back from bytes; `None` if they are not from [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [not_finite, first, digits @ ..] = bytes else { return None };
        let mut sum = Self { not_finite: *not_finite != 0, ..Self::default() };
        for (n, digit) in digits.chunks(8).enumerate() {
            *sum.digits.get_mut(usize::from(*first) + n)? = i64::from_le_bytes(digit.try_into().ok()?);
        }
        Some(sum)
    }

    fn settle(&mut self, additions: u32) {
        self.pending = self.pending.saturating_add(additions);
        if self.pending >= CARRY_EVERY {
            carry(&mut self.digits);
            self.pending = 1;
        }
    }
}

impl Extend<f64> for ExactSum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, numbers: I) {
        numbers.into_iter().for_each(|x| self.add(x));
    }
}

impl FromIterator<f64> for ExactSum {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut sum = Self::default();
        sum.extend(numbers);
        sum
    }
}

/// Brings every digit but the highest, which holds the sign, into 0..2^32.
fn carry(digits: &mut [i64; DIGITS]) {
    for n in 0..DIGITS - 1 {
        let over = digits[n] >> DIGIT;
        digits[n] -= over << DIGIT;
        digits[n + 1] += over;
    }
}

/// x × 2^exponent, in steps that neither overflow nor round on the way.
fn scale(x: f64, exponent: i32) -> f64 {
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    match exponent {
        ..=-1000 => x * power(-1000) * power(exponent + 1000),
        _ => x * power(exponent.min(1000)) * power((exponent - 1000).max(0)),
    }
}

/// A sum whose every step is needed, as of a cumulative distribution: what rounding loses is kept and
/// given back (Neumaier 1974), so that it is as good after 10⁸ steps as after ten.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    /// Adds a number.
    pub fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        let (great, small) = if self.sum.abs() >= x.abs() { (self.sum, x) } else { (x, self.sum) };
        self.lost += (great - sum) + small;
        self.sum = sum;
    }

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_naive_summing_loses_is_kept() {
        let sum = |numbers: &[f64]| numbers.iter().copied().collect::<ExactSum>().value();
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[0.1; 10]), 1.0, "ten tenths as doubles round to one");
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[5e-324, 5e-324]), 1e-323);
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[-1.5, 0.25]), -1.25);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY, "beyond the range");
        assert!(sum(&[f64::INFINITY, 1.0]).is_nan() && sum(&[f64::NAN]).is_nan());
        // A tie that a bit far below decides.
        assert_eq!(sum(&[1.0, f64::EPSILON / 2.0, 1e-300]), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[1.0, f64::EPSILON / 2.0]), 1.0);
    }

    proptest! {
        #[test]
        fn any_order_and_any_split_give_the_same(mut numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL, 0..40), at in 0usize..40) {
            let whole: ExactSum = numbers.iter().copied().collect();
            numbers.reverse();
            let (left, right) = numbers.split_at(at.min(numbers.len()));
            let mut parts: ExactSum = left.iter().copied().collect();
            let right: ExactSum = right.iter().copied().collect();
            parts.merge(&ExactSum::from_bytes(&right.to_bytes()).unwrap());
            prop_assert_eq!(whole.value().to_bits(), parts.value().to_bits());
        }

        /// Against whole numbers, whose sum another way is exact too.
        #[test]
        fn whole_numbers_of_a_fraction_add_up(numbers in prop::collection::vec(-(1i64 << 52)..1 << 52, 0..50)) {
            let unit = 2f64.powi(-30);
            let sum: ExactSum = numbers.iter().map(|n| *n as f64 * unit).collect();
            let expected = numbers.iter().map(|n| i128::from(*n)).sum::<i128>() as f64 * unit;
            prop_assert_eq!(sum.value(), expected);
        }
    }
}
