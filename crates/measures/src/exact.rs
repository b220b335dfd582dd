//! Sums of floating-point numbers without rounding: the same result in any order and any split.
//!
//! The idea is Kulisch's long accumulator: every finite double is a whole multiple of 2^-1074, so a
//! fixed-point number of some 2,100 bits holds any sum of them exactly. Most sums are of numbers that are near
//! each other, and fit 128 of those bits. Only [`ExactSum::value`] rounds, once, to the nearest double.

mod bytes;

/// The power of two that the least double is.
const LEAST: i32 = -1074;
/// Bits that a sum has room for below the first number that is added.
const BELOW: u32 = 40;
/// Bits that a number is shifted by at most, so that what is shifted fits.
const MAX_SHIFT: u32 = 72;

/// A sum that has not been rounded. NaN and infinities make the sum NaN.
#[derive(Debug, Clone, Default)]
pub struct ExactSum {
    near: Fixed,
    /// All of the sum, where its bits lie further apart.
    all: Option<Box<Digits>>,
    not_finite: bool,
}

/// A whole number of 2^place times the least double.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fixed {
    number: i128,
    place: u16,
}

/// The same in as few bytes as it needs, for sums of which there are many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packed([u8; 18]);

impl From<Fixed> for Packed {
    fn from(Fixed { number, place }: Fixed) -> Self {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&number.to_le_bytes());
        bytes[16..].copy_from_slice(&place.to_le_bytes());
        Self(bytes)
    }
}

impl From<Packed> for Fixed {
    #[inline]
    fn from(Packed([number @ .., low, high]): Packed) -> Self {
        Self { number: i128::from_le_bytes(number), place: u16::from_le_bytes([low, high]) }
    }
}

/// Bits of one digit; a digit is kept in 64 bits, so that carries can wait.
const DIGIT: u32 = 32;
/// Digits that hold the greatest double, and a few for carries.
const DIGITS: usize = 70;
/// Additions after which carries are propagated, well before a digit of 64 bits overflows.
const CARRY_EVERY: u32 = 1 << 28;

#[derive(Debug, Clone)]
struct Digits {
    digits: [i64; DIGITS],
    pending: u32,
}

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let bits = x.to_bits();
        let exponent = bits >> 52 & 0x7ff;
        if self.near.number == 0 && exponent > u64::from(BELOW) {
            self.near.place = (exponent as u32 - 1 - BELOW) as u16;
        }
        // A normal double is mantissa × 2^(exponent - 1) × least.
        let shift = (exponent as u32).wrapping_sub(1 + u32::from(self.near.place));
        if exponent != 0 && exponent != 0x7ff && shift <= MAX_SHIFT && self.all.is_none() {
            let mantissa = i128::from(bits & ((1 << 52) - 1) | 1 << 52) << shift;
            let signed = if x.is_sign_negative() { -mantissa } else { mantissa };
            if let Some(sum) = self.near.number.checked_add(signed) {
                self.near.number = sum;
                return;
            }
        }
        self.add_apart(x);
    }

    /// Adds a number that is far from the others, has fewer digits, or is none.
    #[cold]
    fn add_apart(&mut self, x: f64) {
        if !x.is_finite() {
            self.not_finite = true;
            return;
        }
        let (bits, exponent) = (x.to_bits(), (x.to_bits() >> 52 & 0x7ff) as u16);
        let fraction = i128::from(bits & ((1 << 52) - 1));
        let (mantissa, place) = match exponent {
            0 => (fraction, 0),
            e => (fraction | 1 << 52, e - 1),
        };
        let number = if x.is_sign_negative() { -mantissa } else { mantissa };
        self.add_fixed(&Fixed { number, place });
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        self.not_finite |= other.not_finite;
        match &other.all {
            Some(all) => self.spread().merge(all),
            None => self.add_fixed(&other.near),
        }
    }

    /// Adds a sum as a whole number.
    #[inline]
    pub fn add_fixed(&mut self, fixed: &Fixed) {
        match &mut self.all {
            Some(all) => all.add(fixed),
            None => match self.near.plus(fixed) {
                Some(sum) => self.near = sum,
                None => self.spread().add(fixed),
            },
        }
    }

    /// All digits apart, from here on.
    fn spread(&mut self) -> &mut Digits {
        let near = std::mem::take(&mut self.near);
        self.all.get_or_insert_with(|| {
            let mut all = Box::new(Digits { digits: [0; DIGITS], pending: 0 });
            all.add(&near);
            all
        })
    }

    /// The sum, rounded once to the nearest double; NaN if something added was not finite.
    pub fn value(&self) -> f64 {
        match &self.all {
            _ if self.not_finite => f64::NAN,
            Some(all) => all.value(),
            None => self.near.value(),
        }
    }

    /// The sum as a whole number; none of a sum whose bits lie further apart.
    pub fn as_fixed(&self) -> Option<Fixed> {
        (self.all.is_none() && !self.not_finite).then_some(self.near)
    }
}

impl Fixed {
    /// The sum of both, where it is a number of 128 bits too.
    #[inline]
    fn plus(&self, other: &Self) -> Option<Self> {
        if self.number == 0 || other.number == 0 {
            return Some(if self.number == 0 { *other } else { *self });
        }
        let (low, high) = if self.place <= other.place { (self, other) } else { (other, self) };
        let apart = u32::from(high.place - low.place);
        let at = |low: i128, place: u16, apart: u32| {
            let number = shifted(high.number, apart)?.checked_add(low)?;
            Some(Self { number, place })
        };
        at(low.number, low.place, apart).or_else(|| {
            // What the lower number ends with may be nothing.
            let zeros = low.number.trailing_zeros().min(apart);
            at(low.number >> zeros, low.place + zeros as u16, apart - zeros)
        })
    }

    /// The nearest double.
    pub fn value(&self) -> f64 {
        // Conversion rounds to the nearest, and no digit is lost by a power of two, but among the least doubles.
        if self.number == 0 || self.place >= 64 {
            return scale(self.number as f64, i32::from(self.place) + LEAST);
        }
        let mut digits = Digits { digits: [0; DIGITS], pending: 0 };
        digits.add(self);
        digits.value()
    }
}

/// A number × 2^by, where that fits.
#[inline]
fn shifted(number: i128, by: u32) -> Option<i128> {
    (by < 127 && number << by >> by == number).then(|| number << by)
}

impl Digits {
    fn add(&mut self, fixed: &Fixed) {
        let (amount, sign) = (fixed.number.unsigned_abs(), fixed.number.signum() as i64);
        let (first, shift) = (usize::from(fixed.place) / DIGIT as usize, u32::from(fixed.place) % DIGIT);
        for n in 0..4 {
            let part = ((amount >> (DIGIT * n) & 0xffff_ffff) as u64) << shift;
            if part != 0 {
                let at = first + n as usize;
                self.digits[at] += sign * (part & 0xffff_ffff) as i64;
                self.digits[at + 1] += sign * (part >> DIGIT) as i64;
            }
        }
        self.settle(1);
    }

    fn merge(&mut self, other: &Self) {
        self.digits.iter_mut().zip(&other.digits).for_each(|(digit, more)| *digit += more);
        self.settle(other.pending);
    }

    fn settle(&mut self, additions: u32) {
        self.pending += additions;
        if self.pending >= CARRY_EVERY {
            carry(&mut self.digits);
            self.pending = 1;
        }
    }

    /// The digits of the amount, and whether it is negative.
    fn amount(&self) -> ([i64; DIGITS], bool) {
        let mut digits = self.digits;
        carry(&mut digits);
        let negative = digits[DIGITS - 1] < 0;
        if negative {
            digits.iter_mut().for_each(|digit| *digit = -*digit);
            carry(&mut digits);
        }
        (digits, negative)
    }

    /// The nearest double.
    fn value(&self) -> f64 {
        let (digits, negative) = self.amount();
        let Some(top) = digits.iter().rposition(|digit| *digit != 0) else { return 0.0 };
        let low = top.saturating_sub(2);
        let mut head = digits[low..=top].iter().rev().fold(0u128, |head, d| head << DIGIT | *d as u128);
        // Whatever lies below decides ties only: one bit says that there is something.
        head |= u128::from(digits[..low].iter().any(|digit| *digit != 0));
        let value = scale(head as f64, DIGIT as i32 * low as i32 + LEAST);
        if negative { -value } else { value }
    }
}

/// Sums are equal that stand for the same number.
impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let amount = |sum: &Self| {
            let mut sum = sum.clone();
            sum.spread().amount()
        };
        self.not_finite == other.not_finite && amount(self) == amount(other)
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
            parts.merge(&right);
            prop_assert_eq!(whole.value().to_bits(), parts.value().to_bits());
            prop_assert_eq!(&whole, &parts);
            if let Some(fixed) = whole.as_fixed() {
                let mut again = ExactSum::default();
                again.add_fixed(&Fixed::from(Packed::from(fixed)));
                prop_assert_eq!((fixed.value().to_bits(), again), (whole.value().to_bits(), whole));
            }
        }

        /// Numbers that are about as far apart as 128 bits have room for.
        #[test]
        fn a_sum_in_place_is_that_of_all_digits(numbers in prop::collection::vec((-(1i64 << 53)..1 << 53, -70i32..70), 0..40)) {
            let numbers: Vec<f64> = numbers.iter().map(|(n, power)| *n as f64 * 2f64.powi(*power)).collect();
            let (mut sum, mut apart) = (ExactSum::default(), ExactSum::default());
            apart.spread();
            for number in numbers {
                sum.add(number);
                apart.add(number);
                prop_assert_eq!(sum.value().to_bits(), apart.value().to_bits());
            }
            prop_assert_eq!(&sum, &apart);
            let mut twice = sum.clone();
            twice.merge(&sum);
            apart.merge(&sum);
            prop_assert_eq!(twice, apart);
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
