//! Poverty and inequality where only shares are published: a Lorenz curve is fitted to them.
//!
//! Two curves are tried, as the World Bank does for countries without microdata: the general quadratic
//! (Villasenor and Arnold 1989, Journal of Econometrics 40) and the beta (Kakwani 1980, Econometrica 48).
//! Regressions, conditions of validity and the choice follow Datt (1998), IFPRI FCND discussion paper 50.
//! Income at the share p of people is mean × L′(p), so that all else follows from the curve; a headcount
//! ratio is where L′ reaches line/mean.

use crate::error::{Error, Result};
use crate::fit::{integral, least_squares, root};
use crate::line::check_line;

/// Points of a Lorenz curve as published: cumulative shares of people and of income, poorest first.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupShares {
    points: Vec<(f64, f64)>,
}

/// Fewest groups that three parameters can be fitted to with something left to judge by.
const GROUPS: usize = 5;

impl GroupShares {
    /// From each group's share of people and of income, the poorest group first. Shares may be in any
    /// unit, as percent: each is divided by their sum.
    pub fn new(people: &[f64], income: &[f64]) -> Result<Self> {
        if people.len() != income.len() || people.len() < GROUPS {
            let (p, i) = (people.len(), income.len());
            return Err(Error::new(format!(
                "{p} shares of people and {i} of income; give {GROUPS} groups or more, both for each"
            )));
        }
        let amount = |x: f64| x.is_finite() && x > 0.0;
        for (row, (p, i)) in people.iter().zip(income).enumerate() {
            if !amount(*p) || !amount(*i) {
                let message = format!("shares {p} and {i}; write both above 0");
                return Err(Error::in_row(row, message));
            }
            if row > 0 && i / p < income[row - 1] / people[row - 1] {
                let message = "this group has less per person than the one before; put the poorest first";
                return Err(Error::in_row(row, message));
            }
        }
        let (all_people, all_income): (f64, f64) = (people.iter().sum(), income.iter().sum());
        let (mut p, mut l) = (0.0, 0.0);
        let cumulative = people.iter().zip(income).map(|(more_people, more_income)| {
            p += more_people / all_people;
            l += more_income / all_income;
            (p, l)
        });
        Ok(Self { points: cumulative.collect() })
    }

    /// Points within: the last, where both shares are one, says nothing.
    fn inner(&self) -> &[(f64, f64)] {
        &self.points[..self.points.len() - 1]
    }

    /// The general quadratic curve through them.
    pub fn general_quadratic(&self) -> Option<Curve> {
        let rows: Vec<_> = self.inner().iter().map(|(p, l)| vec![p * p - l, l * (p - 1.0), p - l]).collect();
        let targets: Vec<_> = self.inner().iter().map(|(_, l)| l * (1.0 - l)).collect();
        let [a, b, c] = least_squares(&rows, &targets)?.try_into().ok()?;
        Some(Curve::GeneralQuadratic { a, b, c })
    }

    /// The beta curve through them. None where a point is not below the line of equality.
    pub fn beta(&self) -> Option<Curve> {
        if self.inner().iter().any(|(p, l)| l >= p) {
            return None;
        }
        let rows: Vec<_> = self.inner().iter().map(|(p, _)| vec![1.0, p.ln(), (1.0 - p).ln()]).collect();
        let targets: Vec<_> = self.inner().iter().map(|(p, l)| (p - l).ln()).collect();
        let [theta, gamma, delta] = least_squares(&rows, &targets)?.try_into().ok()?;
        Some(Curve::Beta { theta: theta.exp(), gamma, delta })
    }

    /// Sum of squared distances of a curve from the points up to a share of people.
    pub fn squared_errors(&self, curve: &Curve, upto: f64) -> f64 {
        let within = self.inner().iter().filter(|(p, _)| *p <= upto);
        within.map(|(p, l)| (curve.at(*p) - l) * (curve.at(*p) - l)).sum()
    }

    /// The valid curve nearest to the points: to all of them for inequality, to those up to the headcount
    /// ratio where a line (by the mean) is given. None where neither curve is valid.
    pub fn choose(&self, line_by_mean: Option<f64>) -> Option<Curve> {
        let curves = [self.general_quadratic(), self.beta()];
        let valid = curves.into_iter().flatten().filter(Curve::is_valid);
        let error = |curve: &Curve| {
            let upto = line_by_mean.and_then(|z| curve.headcount(z)).unwrap_or(1.0);
            // Without a point below the headcount ratio both would be without error.
            let upto = if self.inner().iter().any(|(p, _)| *p <= upto) { upto } else { 1.0 };
            self.squared_errors(curve, upto)
        };
        valid.min_by(|a, b| error(a).total_cmp(&error(b)))
    }
}

/// A fitted Lorenz curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// L(1 − L) = a(p² − L) + b·L(p − 1) + c(p − L).
    GeneralQuadratic {
        /// Of p² − L.
        a: f64,
        /// Of L(p − 1).
        b: f64,
        /// Of p − L.
        c: f64,
    },
    /// L = p − θ·p^γ·(1 − p)^δ.
    Beta {
        /// Factor.
        theta: f64,
        /// Power of p.
        gamma: f64,
        /// Power of 1 − p.
        delta: f64,
    },
}

impl Curve {
    /// L(p): share of income that the poorest p have.
    pub fn at(&self, p: f64) -> f64 {
        match *self {
            Self::GeneralQuadratic { b, .. } => {
                let [m, n, e] = self.quadratic();
                -(b * p + e + (m * p * p + n * p + e * e).sqrt()) / 2.0
            }
            Self::Beta { theta, gamma, delta } => p - theta * p.powf(gamma) * (1.0 - p).powf(delta),
        }
    }

    /// L′(p): income at p by the mean.
    pub fn slope(&self, p: f64) -> f64 {
        match *self {
            Self::GeneralQuadratic { b, .. } => {
                let [m, n, e] = self.quadratic();
                -b / 2.0 - (2.0 * m * p + n) / (4.0 * (m * p * p + n * p + e * e).sqrt())
            }
            Self::Beta { theta, gamma, delta } => {
                1.0 - theta * p.powf(gamma) * (1.0 - p).powf(delta) * (gamma / p - delta / (1.0 - p))
            }
        }
    }

    /// L″(p): how fast income rises along the people.
    pub fn bend(&self, p: f64) -> f64 {
        match *self {
            Self::GeneralQuadratic { .. } => {
                let [m, n, e] = self.quadratic();
                (n * n - 4.0 * m * e * e) * (m * p * p + n * p + e * e).powf(-1.5) / 8.0
            }
            Self::Beta { theta, gamma, delta } => {
                let q = 1.0 - p;
                let parts = gamma * (1.0 - gamma) / (p * p)
                    + 2.0 * gamma * delta / (p * q)
                    + delta * (1.0 - delta) / (q * q);
                theta * p.powf(gamma) * q.powf(delta) * parts
            }
        }
    }

    /// m, n and e of the general quadratic solved for L; of the beta curve nothing.
    fn quadratic(&self) -> [f64; 3] {
        let Self::GeneralQuadratic { a, b, c } = *self else { return [f64::NAN; 3] };
        let e = -(a + b + c + 1.0);
        [b * b - 4.0 * a, 2.0 * b * e - 4.0 * c, e]
    }

    /// Whether it is a Lorenz curve: from (0, 0) to (1, 1), nowhere falling, everywhere bent upwards.
    /// Slope and bend are looked at in every thousandth.
    pub fn is_valid(&self) -> bool {
        let ends = match *self {
            Self::GeneralQuadratic { a, c, .. } => self.quadratic()[2] < 0.0 && a + c >= 1.0,
            Self::Beta { theta, gamma, delta } => theta > 0.0 && gamma > 0.0 && delta > 0.0,
        };
        let inside = || (1..1000).map(|n| f64::from(n) / 1000.0);
        ends && inside().all(|p| self.slope(p) >= 0.0 && self.bend(p) >= 0.0)
    }

    /// Headcount ratio at a line by the mean: where the slope reaches it.
    pub fn headcount(&self, line_by_mean: f64) -> Option<f64> {
        root(|p| self.slope(p) - line_by_mean)
    }

    /// Foster, Greer and Thorbecke's measures at a line, in the unit of the mean: headcount ratio, poverty
    /// gap index and squared poverty gap index.
    pub fn poverty(&self, mean: f64, line: f64) -> Result<Option<[f64; 3]>> {
        check_line(line)?;
        if !mean.is_finite() || mean <= 0.0 {
            return Err(Error::new(format!("the mean is {mean}; write an amount above 0")));
        }
        let Some(headcount) = self.headcount(line / mean) else { return Ok(None) };
        let gap = headcount - mean / line * self.at(headcount);
        let squared = integral(0.0, headcount, |p| {
            let gap = 1.0 - mean / line * self.slope(p);
            gap * gap
        });
        Ok(Some([headcount, gap, squared]))
    }

    /// Watts' index at a line. None where there are incomes of 0 or less.
    pub fn watts(&self, mean: f64, line: f64) -> Result<Option<f64>> {
        check_line(line)?;
        let Some(headcount) = self.headcount(line / mean) else { return Ok(None) };
        let watts = integral(0.0, headcount, |p| (line / (mean * self.slope(p))).ln());
        Ok(Some(watts).filter(|w| w.is_finite()))
    }

    /// Gini coefficient: one less twice the area below the curve.
    pub fn gini(&self) -> f64 {
        1.0 - 2.0 * integral(0.0, 1.0, |p| self.at(p))
    }

    /// Mean log deviation. None where there are incomes of 0 or less.
    pub fn mean_log_deviation(&self) -> Option<f64> {
        Some(integral(0.0, 1.0, |p| -self.slope(p).ln())).filter(|deviation| deviation.is_finite())
    }

    /// Income at the share p of people.
    pub fn quantile(&self, mean: f64, p: f64) -> f64 {
        mean * self.slope(p)
    }
}
