//! What households of the sample received by name: safe water, beds for guests, a new home, money; training and businesses beside
//! it. The poor come first; a few others are helped as well.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{
    Delivery, DeliveryKind, FundSource, Household, Payment, Person, RegistrationStatus, Relocation,
    Settlement,
};

use crate::area::{VILLAGES_PER_TOWNSHIP, township_code};
use crate::county::YEARS;
use crate::share::Share;

/// Yuan a head that relocation pays, and its parts by fund: what the article's funds give for 89,000 people.
const STANDARD: i64 = 5_400;
const FUNDS: [(FundSource, i64); 3] = [
    (FundSource::FiscalNational, 1_670),
    (FundSource::WorkRelief, 2_220),
    (FundSource::Reforestation, 1_510),
];

/// People whom a county trains by name at least, however small the sample.
const TRAINEES: usize = 30;

/// Of a thousand poor households, and of a thousand others, those that have each kind of help in a year.
const TRAINED: [u32; 2] = [150, 8];
const MOVED: [u32; 2] = [45, 4];
const WATER: [u32; 2] = [50, 6];
const BUSINESS: [u32; 2] = [20, 3];
const INDUSTRY: [u32; 2] = [220, 0];
const RELIEF: [u32; 2] = [100, 2];
const ALLOWANCE: [u32; 2] = [500, 0];

/// What the households of a county received in a year.
#[derive(Debug, Default, Clone)]
pub(crate) struct Helped {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) relocations: Vec<Relocation>,
}

/// A household in a year, as far as help depends on it.
pub(crate) struct Villagers<'a> {
    pub(crate) household: &'a Household,
    pub(crate) members: &'a [Person],
    /// Number of its village in the county.
    pub(crate) village: usize,
    /// Whether it takes part in the tourism pilot.
    pub(crate) pilot: bool,
}

impl Villagers<'_> {
    fn is_poor(&self) -> bool {
        use RegistrationStatus::{NewlyPoor, Registered, Returned};
        matches!(self.household.status(), Registered | Returned | NewlyPoor)
    }

    /// The first member who can be trained.
    pub(crate) fn trainee(&self) -> Option<&Person> {
        let can =
            |person: &&Person| person.died.is_empty() && (17..=55).contains(&person.age.unwrap_or_default());
        self.members.iter().find(can)
    }
}

/// The number of the account that a household is paid into. One household in thirty has that of the household before it, with
/// which it lives.
pub(crate) fn account(household: &str) -> String {
    let (place, number) = household.rsplit_once('-').unwrap_or_default();
    let number: u64 = number.parse().unwrap_or_default();
    let own = if number % 30 == 7 { number - 1 } else { number };
    let county: u64 = place.trim_start_matches('H').parse().unwrap_or_default();
    format!("6217{county:06}{:09}", own * 97 + 11)
}

/// What the households of a county received in the share's year, and how those whom it helped in the year before fare.
pub(crate) fn help(
    share: &Share<'_>,
    villagers: &[Villagers<'_>],
    before: &Helped,
    random: &mut ChaCha8Rng,
) -> Helped {
    let once = |d: &&Delivery| matches!(d.kind(), DeliveryKind::SafeWater | DeliveryKind::BusinessStart);
    let delivered = before.deliveries.iter().filter(once).map(|d| (d.household_id.as_str(), Some(d.kind())));
    let moved = before.relocations.iter().map(|r| (r.household_id.as_str(), None));
    let had = delivered.chain(moved).collect();
    let mut year = Year {
        share,
        random,
        had,
        helped: Helped::default(),
        left: TRAINEES,
        lacks_move: true,
        lacks_business: true,
    };
    let poor_first =
        villagers.iter().filter(|v| v.is_poor()).chain(villagers.iter().filter(|v| !v.is_poor()));
    poor_first.for_each(|villagers| year.household(villagers));
    year.follow_up(before);
    year.helped
}

/// A year of help in a county, as far as it is made.
pub(crate) struct Year<'a> {
    pub(crate) share: &'a Share<'a>,
    pub(crate) random: &'a mut ChaCha8Rng,
    /// What is given once, and was given before, by household; none is a new home.
    had: HashSet<(&'a str, Option<DeliveryKind>)>,
    pub(crate) helped: Helped,
    /// Trainees that the county still lacks, however small the sample, and whether it lacks a household that moves and one that
    /// begins a business.
    pub(crate) left: usize,
    lacks_move: bool,
    pub(crate) lacks_business: bool,
}

impl Year<'_> {
    pub(crate) fn one_of(&mut self, of_thousand: [u32; 2], poor: bool) -> bool {
        self.random.random_range(0..1_000) < of_thousand[usize::from(!poor)]
    }

    pub(crate) fn day(&mut self, months: std::ops::Range<u32>) -> String {
        let (month, day) = (self.random.random_range(months), self.random.random_range(1..29));
        format!("{}-{month:02}-{day:02}", self.share.year)
    }

    fn household(&mut self, villagers: &Villagers<'_>) {
        let poor = villagers.is_poor();
        let trained = self.one_of(TRAINED, poor);
        if let Some(person) = villagers.trainee().filter(|_| trained || self.left > 0) {
            self.train(villagers, person);
        }
        let id = villagers.household.household_id.as_str();
        let had = |year: &Self, kind| year.had.contains(&(id, kind));
        let moves = self.one_of(MOVED, poor) || self.lacks_move;
        if moves && !had(self, None) {
            self.relocate(villagers);
        }
        if self.one_of(WATER, poor) && !had(self, Some(DeliveryKind::SafeWater)) {
            let date = self.day(3..12);
            let people = f64::from(villagers.household.size.unwrap_or_default());
            self.deliver(villagers, DeliveryKind::SafeWater, ("infrastructure", "person"), (people, date));
        }
        let begins = self.one_of(BUSINESS, poor) || self.lacks_business;
        if begins && !had(self, Some(DeliveryKind::BusinessStart)) {
            self.start_business(villagers);
        }
        if self.one_of(INDUSTRY, poor) {
            let (date, fen) = (self.day(4..11), self.random.random_range(60..300) * 1_000);
            self.pay(villagers, "industry", FundSource::FiscalNational, (fen, date));
        }
        if self.one_of(RELIEF, poor) {
            let (date, fen) = (self.day(1..13), self.random.random_range(30..100) * 1_000);
            self.pay(villagers, "social", FundSource::Social, (fen, date));
        }
        if villagers.pilot && self.share.year == YEARS[1] {
            self.beds(villagers);
        }
        let old = |person: &&Person| person.age.unwrap_or_default() >= 65 || !person.died.is_empty();
        for person in villagers.members.iter().filter(old) {
            if self.one_of(ALLOWANCE, poor) {
                self.allowance(villagers, person);
            }
        }
    }

    fn relocate(&mut self, villagers: &Villagers<'_>) {
        let household = villagers.household;
        let date = self.day(5..11);
        let settlement = match self.random.random_range(0..10) {
            0..6 => Settlement::Central,
            6..8 => Settlement::Town,
            _ => Settlement::Scattered,
        };
        let township = township_code(self.share.area(), villagers.village);
        let first = villagers.village - villagers.village % VILLAGES_PER_TOWNSHIP;
        let to = match settlement {
            Settlement::Central => crate::area::village_code(self.share.area(), first),
            Settlement::Town => township,
            _ => household.area_code.clone(),
        };
        let people = household.size.unwrap_or_default();
        let hamlet = self.random.random_range(1..6);
        // Every third hamlet is left by its last household.
        let last = self.random.random_range(0..3) == 0 || self.lacks_move;
        self.lacks_move = false;
        let remaining = if last { 0 } else { self.random.random_range(1..15) };
        self.helped.relocations.push(Relocation {
            household_id: household.household_id.clone(),
            date: date.clone(),
            area_code: household.area_code.clone(),
            to_area_code: to,
            people: Some(people),
            settlement: settlement.into(),
            standard_fen: Some(STANDARD * 100),
            from_place: format!("{hamlet}社"),
            remaining: Some(remaining),
            poor: Some(villagers.is_poor()),
            project_id: String::new(),
        });
        let paid = (date.parse::<NaiveDate>().unwrap_or_default() + Days::new(20)).to_string();
        for (source, yuan) in FUNDS {
            self.pay(villagers, "relocation", source, (yuan * 100 * i64::from(people), paid.clone()));
        }
    }

    fn beds(&mut self, villagers: &Villagers<'_>) {
        let beds = self.random.random_range(3..9);
        let date = self.day(3..6);
        self.deliver(villagers, DeliveryKind::Bed, ("tourism", "bed"), (f64::from(beds), date.clone()));
        let project = self.share.id("tourism_pilot", villagers.village);
        if let Some(bed) = self.helped.deliveries.last_mut() {
            bed.project_id.clone_from(&project);
        }
        self.pay(villagers, "tourism", FundSource::FiscalMunicipal, (i64::from(beds) * 200_000, date));
        if let Some(payment) = self.helped.payments.last_mut() {
            payment.project_id = project;
        }
    }

    /// Money for one who is old. Nothing is paid to the dead, but now and then by an office that does not know yet.
    fn allowance(&mut self, villagers: &Villagers<'_>, person: &Person) {
        let date = self.day(1..13);
        if !person.died.is_empty() && date > person.died {
            let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
            let late = (day(&date) - day(&person.died)).num_days();
            if late > 30 {
                return;
            }
        }
        let fen = self.random.random_range(20..60) * 1_000;
        self.pay(villagers, "social", FundSource::FiscalCounty, (fen, date));
        if let Some(payment) = self.helped.payments.last_mut() {
            payment.person_id.clone_from(&person.person_id);
        }
    }

    pub(crate) fn last_of(&mut self, person: &Person) {
        if let Some(delivery) = self.helped.deliveries.last_mut() {
            delivery.person_id.clone_from(&person.person_id);
        }
    }

    pub(crate) fn deliver(
        &mut self,
        villagers: &Villagers<'_>,
        kind: DeliveryKind,
        (line, unit): (&str, &str),
        (quantity, date): (f64, String),
    ) {
        self.helped.deliveries.push(Delivery {
            delivery_id: self.share.id("named", self.helped.deliveries.len()),
            date,
            kind: kind.into(),
            area_code: villagers.household.area_code.clone(),
            programme_id: line.into(),
            household_id: villagers.household.household_id.clone(),
            quantity: Some(quantity),
            unit: unit.into(),
            ..Delivery::default()
        });
    }

    pub(crate) fn pay(
        &mut self,
        villagers: &Villagers<'_>,
        line: &str,
        source: FundSource,
        (fen, date): (i64, String),
    ) {
        self.helped.payments.push(Payment {
            payment_id: self.share.id("payment", self.helped.payments.len()),
            date,
            area_code: villagers.household.area_code.clone(),
            household_id: villagers.household.household_id.clone(),
            programme_id: line.into(),
            source: source.into(),
            amount_fen: Some(fen),
            account: account(&villagers.household.household_id),
            budget_year: Some(self.share.year),
            ..Payment::default()
        });
    }
}
