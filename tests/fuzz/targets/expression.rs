//! An expression that is read is evaluated or says why not, and is written out as one over the same names. It is
//! written as people do, without the brackets of a + (b - c) and a * (b / c), so that its interval may then be another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_core::expression::{Expression, written};
use uplift_core::interval::{Bound, Interval};

fuzz_target!(|text: &str| {
    // An id in quotes may have the signs that are replaced below.
    if text.contains(['−', '×', '÷']) {
        return;
    }
    let Ok(expression) = Expression::parse(text) else { return };
    let figure = |name: &str| match name.len() % 4 {
        0 => Interval::exact((name.len() as i64).into()),
        1 => Interval::from(Bound::open(1.into())),
        2 => Interval::between(Bound::closed((-2).into()), Bound::open(3.into())),
        _ => Interval::default(),
    };
    let _ = expression.evaluate(&figure);
    let shown = expression.display_with(&written);
    let ascii = shown.replace('−', "-").replace('×', "*").replace('÷', "/");
    let again = Expression::parse(&ascii).expect("what is written out is read");
    let _ = again.evaluate(&figure);
    assert_eq!(again.names(), expression.names());
});
