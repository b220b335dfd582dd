//! A forecast to the end of a year, from the way that the year before went.
//!
//! What is reached so far is multiplied by the ratio of the whole year before to its part until the same month (a ratio estimator
//! over the areas inside; Cochran (1977), Sampling Techniques, chapter 6). The areas differ from that ratio; the standard error
//! says how much a sum over as many areas differs by chance, in the year before and again in this one.

/// What one area had in the year before, and has now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Course {
    /// Until the month, in the year before.
    pub(super) before: f64,
    /// In the whole year before.
    pub(super) year_before: f64,
    /// Until the month, in this year.
    pub(super) now: f64,
}

/// What a year leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Forecast {
    pub(super) value: f64,
    pub(super) error: Option<f64>,
    /// Part of the year before that was reached by the same month.
    pub(super) part: f64,
}

/// The forecast of a whole from its parts; none if the year before had nothing by then.
pub(super) fn forecast(whole: Course, parts: &[Course]) -> Option<Forecast> {
    if whole.before <= 0.0 || whole.year_before <= 0.0 {
        return None;
    }
    let ratio = whole.year_before / whole.before;
    let value = whole.now * ratio;
    let n = parts.len() as f64;
    // Parts tell of the whole only if they are all of it.
    let sum = |of: fn(&Course) -> f64| parts.iter().map(of).sum::<f64>();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    let complete = near(sum(|c| c.before), whole.before)
        && near(sum(|c| c.year_before), whole.year_before)
        && near(sum(|c| c.now), whole.now);
    // Nor does one alone tell how much they differ.
    let with_past = parts.iter().filter(|c| c.year_before > 0.0).count();
    let error = (complete && with_past > 1).then(|| {
        let squares: f64 = parts.iter().map(|c| (c.year_before - ratio * c.before).powi(2)).sum();
        (2.0 * n / (n - 1.0) * squares).sqrt() * whole.now / whole.before
    });
    Some(Forecast { value, error, part: whole.before / whole.year_before })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(before: f64, year_before: f64, now: f64) -> Course {
        Course { before, year_before, now }
    }

    #[test]
    fn areas_that_go_alike_leave_no_error() {
        let parts = [course(10.0, 40.0, 20.0), course(5.0, 20.0, 10.0)];
        let told = forecast(course(15.0, 60.0, 30.0), &parts).unwrap();
        assert_eq!(told, Forecast { value: 120.0, error: Some(0.0), part: 0.25 });
    }

    #[test]
    fn areas_that_differ_leave_one_and_missing_areas_none() {
        let parts = [course(10.0, 30.0, 20.0), course(10.0, 50.0, 20.0)];
        let told = forecast(course(20.0, 80.0, 40.0), &parts).unwrap();
        // Each is 10 from the ratio of 4: 2 × 2 ÷ 1 × 200 = 800, its root times 40 ÷ 20.
        assert_eq!(told.value, 160.0);
        assert!((told.error.unwrap() - 2.0 * 800.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(forecast(course(20.0, 80.0, 40.0), &parts[..1]).unwrap().error, None);
        assert_eq!(forecast(course(0.0, 80.0, 40.0), &parts), None);
        let alone = [course(20.0, 80.0, 40.0), course(0.0, 0.0, 0.0)];
        assert_eq!(forecast(course(20.0, 80.0, 40.0), &alone).unwrap().error, None);
    }
}
