//! The clusters of two years together, so that what a cluster has in common in both is left out of the error of a change.

/// Each cluster of either year once, and where those of each year are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TwoYears {
    earlier: Vec<u32>,
    later: Vec<u32>,
    /// In ascending order.
    pub(crate) clusters: Vec<u32>,
    /// Places among all.
    of_earlier: Vec<u32>,
    of_later: Vec<u32>,
}

impl TwoYears {
    /// A year has a cluster once.
    pub(crate) fn new(earlier: &[u32], later: &[u32]) -> Self {
        let mut clusters: Vec<u32> = earlier.iter().chain(later).copied().collect();
        clusters.sort_unstable();
        clusters.dedup();
        let places = |year: &[u32]| -> Vec<u32> {
            year.iter().map(|cluster| clusters.partition_point(|known| known < cluster) as u32).collect()
        };
        let (of_earlier, of_later) = (places(earlier), places(later));
        Self { earlier: earlier.to_vec(), later: later.to_vec(), clusters, of_earlier, of_later }
    }

    /// Whether they are those of these years.
    pub(crate) fn is_of(&self, earlier: &[u32], later: &[u32]) -> bool {
        self.earlier == earlier && self.later == later
    }

    /// The later total of each cluster less the earlier.
    pub(crate) fn change(&self, earlier: &[f64], later: &[f64]) -> Vec<f64> {
        let mut totals = vec![0.0; self.clusters.len()];
        self.of_earlier.iter().zip(earlier).for_each(|(place, total)| totals[*place as usize] -= total);
        self.of_later.iter().zip(later).for_each(|(place, total)| totals[*place as usize] += total);
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_of_both_years_changes_by_the_difference_and_one_of_a_single_year_by_all_of_it() {
        let years = TwoYears::new(&[7, 2, 9], &[3, 9, 2]);
        assert_eq!(years.clusters, [2, 3, 7, 9]);
        assert_eq!(years.change(&[1.0, 2.0, 4.0], &[8.0, 16.0, 32.0]), [30.0, 8.0, -1.0, 12.0]);
        assert!(years.is_of(&[7, 2, 9], &[3, 9, 2]));
        assert!(!years.is_of(&[7, 2], &[3, 9, 2]));
        assert_eq!(TwoYears::new(&[], &[]), TwoYears::default());
    }
}
