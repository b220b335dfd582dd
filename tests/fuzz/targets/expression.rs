//! An expression that is read is evaluated or says why not, and is written out as one that is read again. Its value
//! may then be out of range where it was not before: brackets after a plus are left out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::expression::Expression;
use uplift_core::interval::{Bound, Interval};

fuzz_target!(|text: &str| {
    let Ok(expression) = Expression::parse(text) else { return };
    let figure = |name: &str| match name.len() % 4 {
        0 => Interval::exact((name.len() as i64).into()),
        1 => Interval::from(Bound::open(1.into())),
        2 => Interval::between(Bound::closed((-2).into()), Bound::open(3.into())),
        _ => Interval::default(),
    };
    let value = expression.evaluate(&figure);
    let shown = expression.display_with(&str::to_owned);
    let ascii = shown.replace('−', "-").replace('×', "*").replace('÷', "/");
    let again = Expression::parse(&ascii).expect("what is written out is read");
    if let (Ok(value), Ok(again)) = (value, again.evaluate(&figure)) {
        assert_eq!((again.low.is_some(), again.high.is_some()), (value.low.is_some(), value.high.is_some()), "{shown}");
    }
    assert_eq!(again.names(), expression.names());
});
