//! Households and their members in both years: a stratified, clustered sample with weights, whose incomes are unequal within
//! and between villages and counties, and whose villages have a road or have none.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{
    Household, HouseholdRecord, Person, PovertyAttribute, PovertyCause, RegistrationStatus, Sex, Work,
};

use crate::area::village_code;
use crate::county::{County, YEARS};
use crate::share::Place;
use crate::totals::BATCHES;

/// Maximum number of households of a cluster: one village in the sample.
const CLUSTER_SIZE: usize = 20;
/// Minimum number of clusters of a county: one village alone shows no difference between villages.
const MIN_CLUSTERS: usize = 4;
/// Spread of the logarithm of incomes within a village and between the villages of a county. With the differences between
/// counties it gives the Gini index that surveys of rural households had, near 0.38.
const WITHIN: f64 = 0.56;
const BETWEEN: f64 = 0.28;
/// How far what villagers see is from income.
const UNSEEN: f64 = 0.45;
/// What a village's project adds to the growth of its incomes: in the year after it began, and in the year after that.
const BUILDING: f64 = 0.05;
const BUILT: f64 = 0.02;
/// Yuan that the tourism pilot adds to the income of a household that takes part, and how far households differ.
const PILOT: [f64; 2] = [15_000.0, 5_000.0];
/// Yuan per head at which deprivations are as frequent as their base says.
const MODEST: f64 = 2_600.0;

/// Number of households for each county: by its size, key counties sampled twice as densely, and enough in each to tell its
/// villages apart, where there are enough.
pub(crate) fn shares(households: usize, counties: &[County]) -> Vec<usize> {
    let density = |c: &County| c.farm_households as f64 * if c.is_key() { 2.0 } else { 1.0 };
    let densities: Vec<_> = counties.iter().map(density).collect();
    let least = (households / counties.len().max(1) / 2).min(2 * MIN_CLUSTERS);
    let rest = (households - least * counties.len()) as u64;
    (0..counties.len()).map(|n| least + crate::county::part(rest, n, &densities) as usize).collect()
}

/// Households of one village in the sample, of a county's share.
fn cluster(share: usize) -> usize {
    (share / MIN_CLUSTERS).clamp(2, CLUSTER_SIZE)
}

/// Villages of a county in which households of the sample live: as many as there are clusters, spread over those that the
/// programme works in and others.
pub(crate) fn villages(share: usize, in_programme: usize) -> usize {
    share.div_ceil(cluster(share)) * stride(share, in_programme)
}

/// Households of the sample that live in a village of a county, by their places.
pub(crate) fn in_village(share: usize, in_programme: usize, village: usize) -> std::ops::Range<usize> {
    let (each, apart) = (cluster(share), stride(share, in_programme));
    let first = village / apart * each;
    if village.is_multiple_of(apart) { first.min(share)..(first + each).min(share) } else { 0..0 }
}

/// The number of a household of a county.
pub(crate) fn household_id(county: &County, place: usize) -> String {
    format!("H{}-{place:06}", county.id())
}

/// How far the villages of the sample are apart, in the order of a county's villages.
fn stride(share: usize, in_programme: usize) -> usize {
    let clusters = share.div_ceil(cluster(share)).max(1);
    (in_programme * 5 / 4 / clusters).max(if in_programme > 0 { 3 } else { 1 })
}

/// A household as it is drawn, through both years.
pub(crate) struct Drawn {
    /// Number of its village in the county.
    pub(crate) village: usize,
    pub(crate) size: [i32; 2],
    /// Whether it takes part in the tourism pilot of the second year.
    pub(crate) pilot: bool,
    per_head: [f64; 2],
    /// Schooling, health, housing, water, road, power in each year.
    deprived: [[bool; 6]; 2],
    /// Shares of wages, property and transfers in income; the rest is of farm and business.
    sources: [f64; 3],
    attribute: PovertyAttribute,
    cause: PovertyCause,
    members: Vec<Member>,
    pub(crate) standing: [f64; 2],
    /// Day in the first year on which its last member died.
    died: Option<String>,
}

struct Member {
    sex: Sex,
    age: i32,
    schooling: i32,
    work: i32,
}

/// Households of the population that each one of a county's share stands for.
pub(crate) fn weight(county: &County, share: usize) -> f64 {
    let weight = county.farm_households as f64 * 1_000.0 / share.max(1) as f64;
    (weight * 1e4).round() / 1e4
}

pub(crate) fn draw(random: &mut ChaCha8Rng, place: Place<'_>, share: usize) -> Vec<Drawn> {
    let county = place.county;
    let each = cluster(share);
    let apart = stride(share, place.in_programme);
    // Villages whose projects run in the second year.
    let worked = place.share(YEARS[1]).map(|share| share.batch(YEARS[0])).unwrap_or_default();
    let finished = place.share(YEARS[1]).map(|share| share.batch(BATCHES[0].0)).unwrap_or_default();
    // The mean of a lognormal distribution is above its median.
    let median = county.mean_income() * (-(WITHIN * WITHIN + BETWEEN * BETWEEN) / 2.0).exp();
    let mut village_effect = 1.0;
    let mut road = [true; 2];
    let mut households = Vec::with_capacity(share);
    for h in 0..share {
        if h % each == 0 {
            village_effect = normal(random, 0.0, BETWEEN).exp();
            // A road comes to the village, and to all of its households.
            let remote = if county.is_key() { 0.16 } else { 0.03 } * (1.0 / village_effect).clamp(0.4, 2.5);
            let draw = random.random_range(0.0..1.0);
            road = [draw >= remote, draw >= remote * 0.7];
        }
        let size = 1 + (random.random_range(0.0..1.0f64).powi(2) * 6.0) as i32 + random.random_range(0..2);
        let births = match random.random_range(0..100) {
            0..3 => 1,
            3..6 if size > 1 => -1,
            _ => 0,
        };
        let level = median * village_effect * normal(random, 0.0, WITHIN).exp();
        let village = h / each * apart;
        // The programme helps the poor first, and those in villages where it builds.
        let help = if level < MODEST { 0.06 } else { 0.0 }
            + if worked.contains(&village) { BUILDING } else { 0.0 }
            + if finished.contains(&village) { BUILT } else { 0.0 };
        let per_head = [level, level * normal(random, county.growth() + help, 0.14).exp()];
        let unseen = normal(random, 0.0, UNSEEN);
        let mut lacks = |base: f64| {
            let draw = random.random_range(0.0..1.0);
            let often = base * (MODEST / level).clamp(0.2, 3.0);
            [draw < often, draw < often * 0.8]
        };
        let [schooling, health, housing, water, power] = [0.05, 0.1, 0.14, 0.2, 0.02].map(&mut lacks);
        let deprived = [0, 1].map(|y| [schooling[y], health[y], housing[y], water[y], !road[y], power[y]]);
        let members = (0..=size).map(|m| member(random, m)).collect();
        households.push(Drawn {
            village,
            pilot: false,
            died: (births < 0 && h % 2 == 0)
                .then(|| format!("{}-{:02}-{:02}", YEARS[0], 1 + h / 2 % 12, 1 + h % 28)),
            size: [size, size + births],
            standing: per_head.map(|income| income.ln() + unseen),
            per_head,
            deprived,
            sources: [(0.2, 0.6), (0.005, 0.03), (0.03, 0.14)].map(|(a, b)| random.random_range(a..b)),
            attribute: attribute(random),
            cause: cause(random),
            members,
        });
    }
    households
}

fn member(random: &mut ChaCha8Rng, m: i32) -> Member {
    let age = match m {
        0 | 1 => random.random_range(24..68),
        _ => random.random_range(0..80),
    };
    let sex = if random.random_range(0..100) < 48 { Sex::Female } else { Sex::Male };
    Member { sex, age, schooling: random.random_range(3..13), work: random.random_range(0..10) }
}

fn attribute(random: &mut ChaCha8Rng) -> PovertyAttribute {
    match random.random_range(0..100) {
        0..62 => PovertyAttribute::Ordinary,
        62..93 => PovertyAttribute::Allowance,
        _ => PovertyAttribute::FiveGuarantees,
    }
}

/// Main causes, roughly as often as offices found them in the first full registration.
fn cause(random: &mut ChaCha8Rng) -> PovertyCause {
    match random.random_range(0..100) {
        0..40 => PovertyCause::Illness,
        40..46 => PovertyCause::Disability,
        46..54 => PovertyCause::Schooling,
        54..58 => PovertyCause::Disaster,
        58..60 => PovertyCause::Land,
        60..62 => PovertyCause::Water,
        62..75 => PovertyCause::Skills,
        75..83 => PovertyCause::Labour,
        83..93 => PovertyCause::Money,
        93..97 => PovertyCause::Roads,
        97..99 => PovertyCause::Effort,
        _ => PovertyCause::Other,
    }
}

pub(crate) fn record(
    drawn: &Drawn,
    h: usize,
    y: usize,
    (county, area): (&County, &str),
    weight: f64,
    status: RegistrationStatus,
) -> Household {
    let size = drawn.size[y];
    let fen = |yuan: f64| (yuan * 100.0).round() as i64;
    // By a number of its own, so that no other household changes.
    let luck = f64::from((h as u32).wrapping_mul(2_654_435_761)) / f64::from(u32::MAX) - 0.5;
    let added = if drawn.pilot && y == 1 { PILOT[0] + PILOT[1] * 2.0 * luck } else { 0.0 };
    let income = fen(drawn.per_head[y] * f64::from(size) + added);
    let [wages, property, transfers] = drawn.sources.map(|share| (income as f64 * share).round() as i64);
    let [schooling, health, housing, water, road, power] = drawn.deprived[y].map(Some);
    let registered = status != RegistrationStatus::NotPoor;
    Household {
        household_id: household_id(county, h),
        year: YEARS[y],
        area_code: village_code(area, drawn.village),
        size: Some(size),
        income_fen: Some(income),
        status: status.into(),
        deprived_schooling: schooling,
        deprived_health: health,
        deprived_housing: housing,
        deprived_water: water,
        deprived_road: road,
        deprived_power: power,
        weight: Some(weight),
        stratum: county.id().to_owned(),
        cluster: format!("{}-{:05}", county.id(), drawn.village),
        record: HouseholdRecord::Survey.into(),
        income_wages_fen: Some(wages),
        income_business_fen: Some(income - wages - property - transfers),
        income_property_fen: Some(property),
        income_transfers_fen: Some(transfers),
        attribute: if registered { drawn.attribute.into() } else { 0 },
        cause: if registered { drawn.cause.into() } else { 0 },
    }
}

pub(crate) fn people(drawn: &Drawn, household: &Household, y: usize) -> Vec<Person> {
    let members = drawn.members.iter().take(drawn.size[y] as usize).enumerate();
    let person = |(m, member): (usize, &Member)| {
        let age = member.age + y as i32;
        let work = match (age, member.work) {
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
            year: YEARS[y],
            household_id: household.household_id.clone(),
            sex: member.sex.into(),
            age: Some(age),
            schooling: Some(member.schooling.min((age - 6).max(0))),
            work: work.into(),
            died: match &drawn.died {
                Some(day) if y == 0 && m + 1 == drawn.size[0] as usize => day.clone(),
                _ => String::new(),
            },
        }
    };
    members.map(person).collect()
}

/// A normal deviate, from two uniform ones (Box and Muller, 1958).
fn normal(random: &mut ChaCha8Rng, mean: f64, deviation: f64) -> f64 {
    let (u, v): (f64, f64) = (random.random_range(f64::EPSILON..1.0), random.random_range(0.0..1.0));
    mean + deviation * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
