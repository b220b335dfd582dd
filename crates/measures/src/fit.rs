//! The numerical methods that fitted curves need.

/// Coefficients that bring rows·coefficients nearest to the targets. None where the columns of the rows
/// depend on each other. By orthogonal columns, each cleaned twice: normal equations would square the
/// condition of columns that are as alike as powers of p.
pub(crate) fn least_squares(rows: &[Vec<f64>], targets: &[f64]) -> Option<Vec<f64>> {
    let n = rows.first()?.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut orthogonal: Vec<Vec<f64>> = Vec::with_capacity(n);
    let mut upper = vec![vec![0.0; n]; n];
    for j in 0..n {
        let mut column: Vec<f64> = rows.iter().map(|row| row[j]).collect();
        let length = dot(&column, &column).sqrt();
        for _ in 0..2 {
            for (i, known) in orthogonal.iter().enumerate() {
                let along = dot(known, &column);
                upper[i][j] += along;
                column.iter_mut().zip(known).for_each(|(x, k)| *x -= along * k);
            }
        }
        upper[j][j] = dot(&column, &column).sqrt();
        if upper[j][j] <= 1e-13 * length {
            return None;
        }
        column.iter_mut().for_each(|x| *x /= upper[j][j]);
        orthogonal.push(column);
    }
    let mut left = targets.to_vec();
    let mut coefficients = vec![0.0; n];
    for (i, column) in orthogonal.iter().enumerate() {
        coefficients[i] = dot(column, &left);
        left.iter_mut().zip(column).for_each(|(x, q)| *x -= coefficients[i] * q);
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| upper[i][j] * coefficients[j]).sum();
        coefficients[i] = (coefficients[i] - known) / upper[i][i];
    }
    Some(coefficients)
}

/// Where a rising function is zero between 0 and 1; 0 or 1 where it is above or below throughout, none
/// where it is not a number. By bisection, which always converges.
pub(crate) fn root(function: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        match function(middle) {
            x if x.is_nan() => return None,
            x if x < 0.0 => low = middle,
            _ => high = middle,
        }
    }
    Some(if high < 1e-12 { 0.0 } else { high })
}

/// An integral by the double exponential rule (Takahasi and Mori 1974), for functions that may be
/// unbounded at the ends.
pub(crate) fn integral(from: f64, to: f64, function: impl Fn(f64) -> f64) -> f64 {
    use std::f64::consts::PI;
    const STEP: f64 = 1.0 / 64.0;
    let term = |k: i32| {
        let t = f64::from(k) * STEP;
        let q = (PI * t.sinh()).exp();
        // Distance from the near end, which is exact where it is smallest.
        let (low, high) = (1.0 / (1.0 + 1.0 / q), 1.0 / (1.0 + q));
        let x = from + (to - from) * low;
        let weight = PI * t.cosh() * low * high;
        // Where the weight is too small to matter, the function may be undefined.
        if weight < 1e-300 || x <= from || x >= to { 0.0 } else { weight * function(x) }
    };
    (to - from) * STEP * (-400..=400).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_and_roots_are_those_of_the_textbook() {
        assert!((integral(0.0, 1.0, |x| -x.ln()) - 1.0).abs() < 1e-14);
        assert!((integral(0.0, 2.0, |x| x * x) - 8.0 / 3.0).abs() < 1e-14);
        assert!((root(|x| x * x - 0.5).unwrap() - 0.5_f64.sqrt()).abs() < 1e-15);
        assert_eq!((root(|_| 1.0), root(|_| -1.0)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn columns_that_depend_on_each_other_have_no_answer() {
        let rows = [vec![1.0, 2.0], vec![2.0, 4.0], vec![3.0, 6.0]];
        assert_eq!(least_squares(&rows, &[1.0, 2.0, 3.0]), None);
        let coefficients = least_squares(&[vec![1.0, 0.0], vec![1.0, 1.0], vec![1.0, 2.0]], &[1.0, 3.0, 5.0]);
        assert!(coefficients.unwrap().iter().zip([1.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-14));
    }
}
