//! Households and their members in two years.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{Household, HouseholdRecord, Person, RegistrationStatus, Sex, Work};

use crate::area::SeedArea;
use crate::programme::YEARS;
use crate::submission::{Plan, SimulatedSubmission};

/// Households of the rural population that the sample represents.
const POPULATION: f64 = 7_000_000.0;
/// Maximum number of households of a cluster: one village in the sample.
const CLUSTER_SIZE: usize = 20;
/// Minimum number of clusters of a county: one village alone shows no difference between villages.
const MIN_CLUSTERS: usize = 4;
/// Villages of a township, and those that a county has codes for.
const VILLAGES_PER_TOWNSHIP: usize = 10;
const VILLAGES_PER_COUNTY: usize = 900 * VILLAGES_PER_TOWNSHIP;
/// Yuan per head at which the register begins, a little above the national line of 2,300.
const REGISTER_LINE: f64 = 2_600.0;

/// Number of households for each county: key counties are sampled twice as densely.
pub(crate) fn shares(households: usize, counties: &[SeedArea]) -> Vec<usize> {
    let density = |c: &SeedArea| if c.is_key() { 2 } else { 1 };
    let total: usize = counties.iter().map(density).sum();
    let mut given = 0;
    let mut passed = 0;
    let share = |county: &SeedArea| {
        passed += density(county);
        let until_here = households * passed / total.max(1);
        let share = until_here - given;
        given = until_here;
        share
    };
    counties.iter().map(share).collect()
}

/// Households of one village in the sample, of a county's share.
fn cluster(share: usize) -> usize {
    (share / MIN_CLUSTERS).clamp(2, CLUSTER_SIZE)
}

/// Codes of the villages that a county's share of the sample lives in, each township before its villages.
pub(crate) fn area_codes(county: &SeedArea, share: usize) -> Vec<String> {
    let mut codes = Vec::new();
    let each = cluster(share);
    for n in 0..share.div_ceil(each).min(VILLAGES_PER_COUNTY) {
        let village = village_code(county, n);
        if n.is_multiple_of(VILLAGES_PER_TOWNSHIP) {
            codes.push(village[..9].to_owned());
        }
        codes.push(village);
    }
    codes
}

fn village_code(county: &SeedArea, n: usize) -> String {
    let n = n % VILLAGES_PER_COUNTY;
    format!(
        "{}{:03}{:03}",
        county.area_code,
        100 + n / VILLAGES_PER_TOWNSHIP,
        200 + n % VILLAGES_PER_TOWNSHIP
    )
}

/// Registration of household `h` by its income per head in the first year and in this.
fn status(h: usize, later: bool, first: f64, per_head: f64) -> RegistrationStatus {
    match (first < REGISTER_LINE, later, per_head < REGISTER_LINE) {
        (true, true, false) => RegistrationStatus::Lifted,
        (true, _, _) => RegistrationStatus::Registered,
        (false, true, true) if random_bit(h) => RegistrationStatus::Returned,
        (false, _, _) => RegistrationStatus::NotPoor,
    }
}

/// A county's households and their members in a year. The second year continues the first, because both
/// are drawn from the same random numbers.
pub(crate) fn submissions(
    plan: Plan,
    n: usize,
    county: &SeedArea,
    share: usize,
    year: i32,
) -> Vec<SimulatedSubmission> {
    let mut random = plan.random(1_000 + n as u64);
    let later = year == YEARS[1];
    let poverty = match (county.is_key(), county.wing.as_str()) {
        (true, "southeast") => 0.66,
        (true, _) => 0.74,
        (false, _) => 1.05,
    };
    let weight = POPULATION / 38.0 / share.max(1) as f64;
    let (mut households, mut people) = (Vec::with_capacity(share), Vec::new());
    let mut village_effect = 1.0;
    let each = cluster(share);
    for h in 0..share {
        if h % each == 0 {
            village_effect = normal(&mut random, 0.0, 0.28).exp();
        }
        let size = 1 + (random.random_range(0.0..1.0f64).powi(2) * 6.0) as i32 + random.random_range(0..2);
        let level = 5_200.0 * poverty * village_effect * normal(&mut random, 0.0, 0.55).exp();
        // All numbers are drawn in both years, so that the second differs by growth and relief alone.
        let growth = normal(&mut random, 0.17, 0.14).exp();
        let per_head = if later { level * growth } else { level };
        let mut lacks = |base: f64| {
            let draw = random.random_range(0.0..1.0);
            let relief = if later { 0.8 } else { 1.0 };
            Some(draw < base * relief * (REGISTER_LINE / level).clamp(0.2, 3.0))
        };
        let household = Household {
            household_id: format!("H{}-{h:06}", county.area_code),
            year,
            area_code: village_code(county, h / each),
            size: Some(size),
            income_fen: Some((per_head * f64::from(size) * 100.0).round() as i64),
            status: status(h, later, level, per_head).into(),
            deprived_schooling: lacks(0.06),
            deprived_health: lacks(0.12),
            deprived_housing: lacks(0.18),
            deprived_water: lacks(0.22),
            deprived_road: lacks(0.15),
            deprived_power: lacks(0.03),
            weight: Some((weight * 1e4).round() / 1e4),
            stratum: county.area_code.clone(),
            cluster: format!("{}-{:05}", county.area_code, h / each),
            record: HouseholdRecord::Survey.into(),
        };
        people.extend((0..size).map(|m| person(&mut random, &household, m, later)));
        households.push(household);
    }
    let area = county.area_code.as_str();
    let submissions = [
        plan.submission("household", area, year, &households),
        plan.submission("person", area, year, &people),
    ];
    submissions.into_iter().filter(|s| s.rows > 0).collect()
}

fn person(random: &mut ChaCha8Rng, household: &Household, m: i32, later: bool) -> Person {
    let base = match m {
        0 | 1 => random.random_range(24..68),
        _ => random.random_range(0..80),
    };
    let age = base + i32::from(later);
    let reach = random.random_range(3..13);
    let work = match (age, random.random_range(0..10)) {
        (..=5, _) => Work::None,
        (6..=16, _) => Work::Student,
        (_, 0..=3) => Work::Farm,
        (17..=55, 4..=6) => Work::Migrant,
        (_, 7) => Work::Local,
        (_, 8) => Work::Business,
        _ => Work::None,
    };
    Person {
        person_id: format!("P{}-{m}", &household.household_id[1..]),
        year: household.year,
        household_id: household.household_id.clone(),
        sex: if random.random_range(0..2) == 0 { Sex::Female } else { Sex::Male }.into(),
        age: Some(age),
        schooling: Some(reach.min((age - 6).max(0))),
        work: work.into(),
    }
}

/// Half of the households, without drawing: a draw here would make the years differ.
fn random_bit(h: usize) -> bool {
    h.wrapping_mul(2_654_435_761) >> 7 & 1 == 0
}

/// A normal deviate, from two uniform ones (Box and Muller, 1958).
fn normal(random: &mut ChaCha8Rng, mean: f64, deviation: f64) -> f64 {
    let (u, v): (f64, f64) = (random.random_range(f64::EPSILON..1.0), random.random_range(0.0..1.0));
    mean + deviation * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
