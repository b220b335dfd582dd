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

/// Digits that are kept in place: those of most sums. Others are kept apart.
const NEAR: usize = 6;

/// A sum that has not been rounded. NaN and infinities are counted and make the sum NaN.
#[derive(Debug, Clone, Default)]
pub struct ExactSum {
    near: [i64; NEAR],
    /// Place of the lowest of them.
    lowest: u8,
    /// All digits, of a sum whose digits lie further apart.
    all: Option<Box<[i64; DIGITS]>>,
    pending: u32,
    not_finite: bool,
}

impl ExactSum {
    /// Adds a number.
    #[inline]
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
        let (place, shift) = ((power / DIGIT) as usize, power % DIGIT);
        let wide = u128::from(mantissa) << shift;
        let sign = if x.is_sign_negative() { -1 } else { 1 };
        let part = |n: u32| sign * (wide >> (DIGIT * n) & 0xffff_ffff) as i64;
        // Most numbers of a sum are near each other.
        if self.all.is_none()
            && self.pending.wrapping_sub(1) < CARRY_EVERY - 2
            && let Some(near) =
                place.checked_sub(self.lowest.into()).and_then(|at| self.near.get_mut(at..at + 3))
        {
            near.iter_mut().zip([part(0), part(1), part(2)]).for_each(|(digit, more)| *digit += more);
            self.pending += 1;
            return;
        }
        self.add_digits(place, &[part(0), part(1), part(2)]);
        self.settle(1);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        if self.pending == 0 {
            *self = Self { not_finite: self.not_finite | other.not_finite, ..other.clone() };
            return;
        }
        self.not_finite |= other.not_finite;
        match &other.all {
            Some(all) => self.add_digits(0, all.as_slice()),
            None => {
                let used = |digit: &i64| *digit != 0;
                let (first, last) = (other.near.iter().position(used), other.near.iter().rposition(used));
                if let Some((first, last)) = first.zip(last) {
                    self.add_digits(usize::from(other.lowest) + first, &other.near[first..=last]);
                }
            }
        }
        self.settle(other.pending);
    }

    #[inline]
    fn add_digits(&mut self, place: usize, digits: &[i64]) {
        if self.all.is_none() {
            if self.pending == 0 {
                // Room for one digit below, and the rest above.
                self.lowest = place.saturating_sub(1).min(DIGITS - NEAR) as u8;
            }
            let lowest = usize::from(self.lowest);
            if place >= lowest && place + digits.len() <= lowest + NEAR {
                let near = &mut self.near[place - lowest..][..digits.len()];
                near.iter_mut().zip(digits).for_each(|(digit, more)| *digit += more);
                return;
            }
        }
        let all = self.spread();
        all[place..][..digits.len()].iter_mut().zip(digits).for_each(|(digit, more)| *digit += more);
    }

    /// All digits apart, from here on.
    fn spread(&mut self) -> &mut [i64; DIGITS] {
        let (near, lowest) = (self.near, usize::from(self.lowest));
        self.all.get_or_insert_with(|| {
            let mut all = Box::new([0; DIGITS]);
            all[lowest..lowest + NEAR].copy_from_slice(&near);
            all
        })
    }

    /// The digits with their place, carried, of the amount of the sum; and whether it is negative.
    fn carried<T>(&self, of: impl FnOnce(&[i64], usize, bool) -> T) -> T {
        let amount = |digits: &mut [i64]| {
            carry(digits);
            let negative = digits.last().is_some_and(|top| *top < 0);
            if negative {
                digits.iter_mut().for_each(|d| *d = -*d);
                carry(digits);
            }
            negative
        };
        match &self.all {
            Some(all) => {
                let mut digits = **all;
                let negative = amount(&mut digits);
                of(&digits, 0, negative)
            }
            None => {
                // Beyond those in place there is room for what is carried.
                let mut digits = [0; NEAR + 2];
                digits[..NEAR].copy_from_slice(&self.near);
                let negative = amount(&mut digits);
                of(&digits, usize::from(self.lowest), negative)
            }
        }
    }

    /// The sum, rounded once to the nearest double; NaN if something added was not finite.
    pub fn value(&self) -> f64 {
        if self.not_finite {
            return f64::NAN;
        }
        match self.as_fixed().and_then(|fixed| fixed.normal()) {
            Some(value) => value,
            None => self.carried_value(),
        }
    }

    fn carried_value(&self) -> f64 {
        self.carried(|digits, place, negative| {
            let Some(top) = digits.iter().rposition(|d| *d != 0) else { return 0.0 };
            let low = top.saturating_sub(2);
            let mut head = digits[low..=top].iter().rev().fold(0u128, |head, d| head << DIGIT | *d as u128);
            // Whatever lies below decides ties only: one bit says that there is something.
            head |= u128::from(digits[..low].iter().any(|d| *d != 0));
            let value = scale(head as f64, DIGIT as i32 * (place + low) as i32 + LEAST);
            if negative { -value } else { value }
        })
    }

    /// The sum as a whole number and its place; none of a sum whose digits lie further apart.
    pub fn as_fixed(&self) -> Option<Fixed> {
        if self.all.is_some() || self.not_finite {
            return None;
        }
        let Some(first) = self.near.iter().position(|digit| *digit != 0) else {
            return Some(Fixed { number: 0, place: self.lowest });
        };
        let shifted =
            |number: i128, digit: &i64| number.checked_mul(1 << DIGIT)?.checked_add((*digit).into());
        let number = self.near[first..].iter().rev().try_fold(0, shifted)?;
        Some(Fixed { number, place: self.lowest + first as u8 })
    }

    /// Adds a sum of that form.
    pub fn add_fixed(&mut self, fixed: &Fixed) {
        let (amount, sign) = (fixed.number.unsigned_abs(), fixed.number.signum() as i64);
        let part = |n: u32| sign * (amount >> (DIGIT * n) & 0xffff_ffff) as i64;
        let used = (128 - amount.leading_zeros()).div_ceil(DIGIT) as usize;
        self.add_digits(fixed.place.into(), &[part(0), part(1), part(2), part(3)][..used]);
        self.settle(1);
    }

    #[inline]
    fn settle(&mut self, additions: u32) {
        self.pending = self.pending.saturating_add(additions);
        if self.pending >= CARRY_EVERY {
            carry(self.spread());
            self.pending = 1;
        }
    }
}

/// A sum that is a whole number of 128 bits at a place: half as large, and sooner rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fixed {
    number: i128,
    place: u8,
}

impl Fixed {
    /// The nearest double.
    pub fn value(&self) -> f64 {
        self.normal().unwrap_or_else(|| {
            let mut sum = ExactSum::default();
            sum.add_fixed(self);
            sum.carried_value()
        })
    }

    /// The same where it is not among the least doubles, which have fewer digits.
    fn normal(&self) -> Option<f64> {
        // Conversion rounds to the nearest, and no digit is lost by a power of two.
        let is_normal = self.place >= 2 || self.number == 0;
        is_normal.then(|| scale(self.number as f64, DIGIT as i32 * i32::from(self.place) + LEAST))
    }
}

/// Sums are equal that stand for the same number.
impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let number = |sum: &Self| {
            sum.carried(|digits, place, negative| {
                let used = digits.iter().enumerate().filter(|(_, digit)| **digit != 0);
                let used: Vec<_> = used.map(|(n, digit)| (n + place, *digit)).collect();
                (negative && !used.is_empty(), used)
            })
        };
        self.not_finite == other.not_finite && number(self) == number(other)
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
fn carry(digits: &mut [i64]) {
    for n in 0..digits.len() - 1 {
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
                again.add_fixed(&fixed);
                prop_assert_eq!((fixed.value().to_bits(), again), (whole.value().to_bits(), whole));
            }
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
