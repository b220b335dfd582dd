//! Money that several levels of areas record on its way, each fen once.
//!
//! Of each line of work an area has what it records itself, or what the areas inside have together, whichever is more: the
//! other is the same money. What it records without a line of work is that of the areas inside as far as it reaches. So no area
//! has less than its parts, wherever they record it, and what it has beyond them is its own.

use std::collections::BTreeMap;

/// Fen by line of work; without one under the empty name.
pub type Lines = BTreeMap<String, i128>;

/// What areas record, by code.
#[derive(Debug, Clone, Default)]
pub struct Recorded(BTreeMap<String, Lines>);

/// How what an area records goes together with what the areas inside do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// It is the same money on its way.
    Passed,
    /// It is other money: what is spent is spent in one place.
    Apart,
}

impl Recorded {
    /// Adds fen that an area records for a line of work.
    pub fn add(&mut self, area: &str, line: &str, fen: i128) {
        // Looked up before it is put in: a row must not cost an allocation.
        let lines = match self.0.get_mut(area) {
            Some(lines) => lines,
            None => self.0.entry(area.to_owned()).or_default(),
        };
        let sum = match lines.get_mut(line) {
            Some(sum) => sum,
            None => lines.entry(line.to_owned()).or_default(),
        };
        // Beyond all digits of a sum it has no value.
        *sum = sum.saturating_add(fen);
    }

    /// What was added: area, line of work, fen.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, i128)> {
        self.0.iter().flat_map(|(area, lines)| {
            lines.iter().map(move |(line, fen)| (area.as_str(), line.as_str(), *fen))
        })
    }

    /// What the areas have whose code begins so.
    pub fn within(&self, prefix: &str, passing: Passing) -> Lines {
        // An area comes right before those inside of it.
        let all: Vec<(&str, &Lines)> = self
            .0
            .range(prefix.to_owned()..)
            .take_while(|(code, _)| code.starts_with(prefix))
            .map(|(code, lines)| (code.as_str(), lines))
            .collect();
        match all.split_first() {
            Some(((code, own), inside)) if *code == prefix => joined(own, together(inside, passing), passing),
            _ => together(&all, passing),
        }
    }

    /// The codes of a number of digits that the areas have or lie in.
    pub fn places(&self, digits: usize) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(move |code| code.get(..digits))
    }
}

/// What areas have together, none of which need be inside of another.
fn together(areas: &[(&str, &Lines)], passing: Passing) -> Lines {
    let mut sum = Lines::new();
    let mut rest = areas;
    while let Some(((code, own), after)) = rest.split_first() {
        let inside = after.iter().take_while(|(other, _)| other.starts_with(code)).count();
        let (inside, beyond) = after.split_at(inside);
        for (line, fen) in joined(own, together(inside, passing), passing) {
            *sum.entry(line).or_default() += fen;
        }
        rest = beyond;
    }
    sum
}

/// What an area has, from what it records and what the areas inside have.
fn joined(own: &Lines, inside: Lines, passing: Passing) -> Lines {
    let mut all = inside;
    let mut beyond = 0;
    for (line, fen) in own.iter().filter(|(line, _)| passing == Passing::Apart || !line.is_empty()) {
        let inside = all.entry(line.clone()).or_default();
        *inside = if passing == Passing::Apart { *inside + fen } else { (*fen).max(*inside) };
    }
    if passing == Passing::Passed
        && let Some(unnamed) = own.get("")
    {
        for (line, fen) in all.iter().filter(|(line, _)| !line.is_empty()) {
            beyond += fen - own.get(line).copied().unwrap_or_default().min(*fen);
        }
        let inside = all.entry(String::new()).or_default();
        *inside = (unnamed - beyond).max(*inside);
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recorded(rows: &[(&str, &str, i128)]) -> Recorded {
        let mut recorded = Recorded::default();
        rows.iter().for_each(|(area, line, fen)| recorded.add(area, line, *fen));
        recorded
    }

    fn sum(recorded: &Recorded, prefix: &str) -> i128 {
        recorded.within(prefix, Passing::Passed).values().sum()
    }

    #[test]
    fn each_fen_counts_once_wherever_it_is_recorded() {
        let city = ("50", "road", 1000);
        assert_eq!(sum(&recorded(&[city, ("500101", "road", 600), ("500102", "road", 300)]), "50"), 1000);
        assert_eq!(sum(&recorded(&[city, ("500101", "road", 700), ("500102", "road", 500)]), "50"), 1200);
        // One county records it, of another only a village does.
        let mixed =
            recorded(&[("500101", "road", 5), ("500102101001", "road", 3), ("500102101002", "road", 1)]);
        assert_eq!((sum(&mixed, "50"), sum(&mixed, "500102")), (9, 4));
        // Without a line of work.
        let counties = [("500101", "road", 60), ("500102", "school", 40)];
        for (unnamed, whole) in [(100, 100), (130, 130), (30, 100)] {
            assert_eq!(sum(&recorded(&[("50", "", unnamed), counties[0], counties[1]]), "50"), whole);
        }
        // What it records of a line is not that which it records without one.
        assert_eq!(sum(&recorded(&[("50", "", 100), ("50", "road", 50), counties[0]]), "50"), 150);
        let spent = recorded(&[("50", "road", 10), ("500101", "road", 5)]);
        assert_eq!(spent.within("50", Passing::Apart), Lines::from([("road".to_owned(), 15)]));
    }

    proptest! {
        #[test]
        fn an_area_has_no_less_than_it_records_and_no_less_than_its_parts(
            rows in proptest::collection::vec((0..6usize, 0..3usize, 0..100i128), 0..20)
        ) {
            let areas = ["50", "500101", "500102", "500101101", "500101101001", "500102101001"];
            let rows: Vec<_> = rows.iter().map(|(a, l, fen)| (areas[*a], ["", "a", "b"][*l], *fen)).collect();
            let recorded = recorded(&rows);
            for area in areas {
                let own: i128 = rows.iter().filter(|(code, ..)| *code == area).map(|(.., fen)| fen).sum();
                prop_assert!(sum(&recorded, area) >= own);
            }
            let whole = recorded.within("50", Passing::Passed);
            let mut parts = Lines::new();
            for county in ["500101", "500102"] {
                for (line, fen) in recorded.within(county, Passing::Passed) {
                    *parts.entry(line).or_default() += fen;
                }
            }
            for (line, fen) in parts {
                prop_assert!(whole[&line] >= fen, "{line}");
            }
        }
    }
}
