//! Counties of different size and kind: how many farm households each has, and how poor they are.

use crate::area::SeedArea;

/// The years that are simulated: the programme's and the one before.
pub(crate) const YEARS: [i32; 2] = [2010, 2011];

/// Thousands of farm households by the code at the end of 2011, as rough sizes for the simulation; not statistics.
const FARM_HOUSEHOLDS: [(&str, u64); 38] = [
    ("500101", 380),
    ("500102", 240),
    ("500103", 0),
    ("500104", 15),
    ("500105", 25),
    ("500106", 60),
    ("500107", 75),
    ("500108", 45),
    ("500109", 110),
    ("500110", 270),
    ("500111", 260),
    ("500112", 200),
    ("500113", 200),
    ("500114", 130),
    ("500115", 230),
    ("500116", 390),
    ("500117", 400),
    ("500118", 270),
    ("500119", 180),
    ("500223", 260),
    ("500224", 230),
    ("500226", 220),
    ("500227", 160),
    ("500228", 240),
    ("500229", 60),
    ("500230", 220),
    ("500231", 250),
    ("500232", 110),
    ("500233", 260),
    ("500234", 420),
    ("500235", 340),
    ("500236", 270),
    ("500237", 160),
    ("500238", 140),
    ("500240", 140),
    ("500241", 160),
    ("500242", 200),
    ("500243", 170),
];

/// Counties that became districts of another code in October 2011: the code before and after.
const RECODED: [(&str, &str); 2] = [("500222", "500110"), ("500225", "500111")];

/// A county through both years.
#[derive(Debug, Clone)]
pub(crate) struct County {
    /// The area of each year.
    areas: [SeedArea; 2],
    /// Thousands of farm households.
    pub(crate) farm_households: u64,
}

impl County {
    /// The area that it is at the end of a year.
    pub(crate) fn area(&self, year: i32) -> &SeedArea {
        if year < YEARS[1] { &self.areas[0] } else { &self.areas[1] }
    }

    /// The areas of both years, one if they are the same.
    pub(crate) fn distinct_areas(&self) -> &[SeedArea] {
        let same = self.areas[0].area_code == self.areas[1].area_code;
        if same { &self.areas[1..] } else { &self.areas }
    }

    /// A name that both years share.
    pub(crate) fn id(&self) -> &str {
        &self.areas[1].area_code
    }

    pub(crate) fn is_key(&self) -> bool {
        self.areas[1].is_key()
    }

    fn is_southeast(&self) -> bool {
        self.areas[1].wing == "southeast"
    }

    /// How many of its people are registered as poor, to compare counties with.
    pub(crate) fn registered(&self) -> f64 {
        let rate = match (self.is_key(), self.is_southeast()) {
            (true, true) => 5.0,
            (true, false) => 4.0,
            (false, _) => 1.0,
        };
        self.farm_households as f64 * rate
    }

    /// Net income per head that a sample of its households would have in 2010.
    pub(crate) fn mean_income(&self) -> f64 {
        match (self.is_key(), self.is_southeast(), self.farm_households) {
            (true, true, _) => 4_000.0,
            (true, false, _) => 4_250.0,
            (false, _, ..120) => 9_400.0,
            (false, _, _) => 7_550.0,
        }
    }

    /// Mean logarithmic growth of incomes: key counties are to grow faster than the others.
    pub(crate) fn growth(&self) -> f64 {
        if self.is_key() { 0.166 } else { 0.147 }
    }
}

/// Counties with farm households.
pub(crate) fn counties(areas: &[SeedArea]) -> Vec<County> {
    let county = |area: &SeedArea| {
        let code = area.area_code.as_str();
        let before = RECODED.iter().find(|(_, after)| *after == code).map_or(code, |(before, _)| before);
        let earlier = areas.iter().find(|a| a.area_code == before && a.is_valid(YEARS[0]));
        let (_, farm_households) = FARM_HOUSEHOLDS.iter().find(|(known, _)| *known == code)?;
        Some(County { areas: [earlier?.clone(), area.clone()], farm_households: *farm_households })
    };
    let now = areas.iter().filter(|a| a.is_county() && a.is_valid(YEARS[1]));
    now.filter_map(county).filter(|c| c.farm_households > 0).collect()
}

/// The `n`th of whole parts in the proportion of weights, which add up to the total.
pub(crate) fn part(total: u64, n: usize, weights: &[f64]) -> u64 {
    let all: f64 = weights.iter().sum();
    let until = |n: usize| (total as f64 * weights[..n].iter().sum::<f64>() / all).round() as u64;
    until(n + 1) - until(n)
}

/// The `n`th of near-equal whole parts that add up to the total.
pub(crate) fn equal_part(total: u64, n: usize, parts: usize) -> u64 {
    let until = |n: usize| u128::from(total) * n as u128 / parts as u128;
    (until(n + 1) - until(n)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::areas;

    #[test]
    fn parts_add_up_and_follow_their_weights() {
        let weights = [1.0, 2.0, 0.5, 4.0];
        let parts: Vec<_> = (0..4).map(|n| part(1_001, n, &weights)).collect();
        assert_eq!(parts.iter().sum::<u64>(), 1_001);
        assert!(parts[3] > parts[1] && parts[1] > parts[0] && parts[0] > parts[2]);
    }

    #[test]
    fn a_county_that_became_a_district_has_a_code_for_each_year() {
        let counties = counties(&areas().unwrap());
        assert_eq!(counties.len(), 37, "wholly urban Yuzhong has no farm households");
        let dazu = counties.iter().find(|c| c.id() == "500111").unwrap();
        assert_eq!(dazu.area(2010).name_zh, "大足县");
        assert_eq!(dazu.area(2011).name_zh, "大足区");
        assert_eq!(counties.iter().filter(|c| c.is_key()).count(), 18);
    }
}
