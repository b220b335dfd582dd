//! Sums as bytes, for states that outlive the process: what is read back is the sum that was written, to the last digit.

use super::{DIGIT, DIGITS, Digits, ExactSum, Fixed, Packed};

/// Length of a sum whose digits lie apart; a whole number has sixteen bytes at the most.
const APART: u8 = 0xff;
/// Before a sum that something not finite was added to.
const NOT_FINITE: u8 = 0xfe;
/// Places end before this: a number of 128 bits from there on would not fit the digits.
const PLACES: u16 = ((DIGITS - 5) * DIGIT as usize) as u16;
/// The highest digit, which has the sign, is far below this.
const HIGHEST: i64 = 1 << DIGIT;

/// Takes the first bytes; none where there are too few.
fn take<'b>(from: &mut &'b [u8], bytes: usize) -> Option<&'b [u8]> {
    let (first, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    Some(first)
}

impl Fixed {
    /// Appends the number without the zeros that it begins and ends with: its length, the zeros, the place and the rest.
    fn write(&self, to: &mut Vec<u8>) {
        if self.number == 0 {
            to.push(0);
            return;
        }
        let zeros = self.number.trailing_zeros();
        let number = self.number >> zeros;
        let bits = i128::BITS + 1 - if number < 0 { number.leading_ones() } else { number.leading_zeros() };
        let length = bits.div_ceil(8).min(16);
        to.extend([length as u8, zeros as u8]);
        to.extend(self.place.to_le_bytes());
        to.extend(&number.to_le_bytes()[..length as usize]);
    }

    /// The number after its length, which was read.
    fn read(length: u8, from: &mut &[u8]) -> Option<Self> {
        if length == 0 {
            return Some(Self::default());
        }
        let length = usize::from(length);
        let [zeros, low, high, number @ ..] = take(from, 3 + length)? else { return None };
        let sign = if *number.last()? >= 0x80 { 0xff } else { 0 };
        let mut bytes = [sign; 16];
        bytes.get_mut(..length)?.copy_from_slice(number);
        let place = u16::from_le_bytes([*low, *high]);
        let number = i128::from_le_bytes(bytes).checked_shl(u32::from(*zeros))?;
        (place < PLACES).then_some(Self { number, place })
    }
}

impl Packed {
    /// Appends the number.
    pub fn write(&self, to: &mut Vec<u8>) {
        Fixed::from(*self).write(to);
    }

    /// Takes the number from the beginning of what was written; none where that is not one.
    pub fn read(from: &mut &[u8]) -> Option<Self> {
        let length = *take(from, 1)?.first()?;
        Fixed::read(length, from).map(Self::from)
    }
}

impl ExactSum {
    /// Appends the sum.
    pub fn write(&self, to: &mut Vec<u8>) {
        if self.not_finite {
            to.push(NOT_FINITE);
        }
        match &self.all {
            None => self.near.write(to),
            Some(all) => {
                let mut digits = all.digits;
                super::carry(&mut digits);
                to.push(APART);
                digits.iter().for_each(|digit| to.extend(digit.to_le_bytes()));
            }
        }
    }

    /// Takes the sum from the beginning of what was written; none where that is not one.
    pub fn read(from: &mut &[u8]) -> Option<Self> {
        let mut length = *take(from, 1)?.first()?;
        let not_finite = length == NOT_FINITE;
        if not_finite {
            length = *take(from, 1)?.first()?;
        }
        match length {
            APART => {
                let mut all = Box::new(Digits { digits: [0; DIGITS], pending: 0 });
                for digit in &mut all.digits {
                    *digit = i64::from_le_bytes(take(from, 8)?.try_into().ok()?);
                }
                let (high, digits) = all.digits.split_last()?;
                let fits =
                    digits.iter().all(|digit| (0..1 << DIGIT).contains(digit)) && high.abs() <= HIGHEST;
                fits.then_some(Self { all: Some(all), not_finite, ..Self::default() })
            }
            length => Some(Self { near: Fixed::read(length, from)?, not_finite, ..Self::default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sum_is_read_back_as_it_was_written(
            numbers in prop::collection::vec(prop::num::f64::ANY, 0..4), near in prop::collection::vec(-1e9..1e9, 0..9), rest: u8,
        ) {
            for numbers in [&numbers, &near] {
                let sum: ExactSum = numbers.iter().copied().collect();
                let mut bytes = Vec::new();
                sum.write(&mut bytes);
                bytes.push(rest);
                let mut from = bytes.as_slice();
                prop_assert_eq!(ExactSum::read(&mut from), Some(sum.clone()));
                prop_assert_eq!(from, [rest]);
                if let Some(fixed) = sum.as_fixed() {
                    let packed = Packed::from(fixed);
                    let mut bytes = Vec::new();
                    packed.write(&mut bytes);
                    prop_assert_eq!(Packed::read(&mut bytes.as_slice()), Some(packed));
                }
            }
        }

        #[test]
        fn other_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..700), first: u8) {
            let bytes: Vec<u8> = std::iter::once(first).chain(bytes).collect();
            let mut from = bytes.as_slice();
            while let Some(sum) = ExactSum::read(&mut from) {
                sum.value();
            }
            let mut from = bytes.as_slice();
            while Packed::read(&mut from).is_some() {}
        }
    }
}
