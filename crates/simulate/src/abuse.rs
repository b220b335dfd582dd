//! Abuse, planted at stated rates: what a dishonest official or contractor does to the records of an honest programme. It knows
//! nothing of the rules that look for it, and tells what it planted, so that what they find can be held against it.

use chrono::{Days, NaiveDate};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{
    Delivery, DeliveryKind, Household, Payment, Person, RegistrationStatus, Relocation,
};

use crate::county::YEARS;
use crate::help::Helped;
use crate::planted::{Planted, PlantedKind};
use crate::share::Share;
use crate::submission::Plan;

/// Of a thousand payments, those made to a household that there is not, and those made in a village that is not the
/// household's.
const INVENTED: f64 = 5.0;
const ELSEWHERE: f64 = 4.0;
/// Of a thousand payments, groups of households whose money an official draws from one account.
const COLLECTED: f64 = 1.5;
/// Of a thousand payments, those entered again some days later.
const AGAIN: f64 = 3.0;
/// Of a thousand people trained, those entered twice for one day.
const TWICE: f64 = 12.0;
/// Of a thousand households that moved in the year before, those that are entered as moving again.
const MOVED_AGAIN: f64 = 30.0;
/// Of a hundred of the dead, those whose money goes on.
const PAID_ON: u32 = 25;

/// The households of a county in a year, and who died in the year before.
pub(crate) struct Records<'a> {
    pub(crate) households: &'a [Household],
    pub(crate) members: &'a [Vec<Person>],
    /// What was received in the year before.
    pub(crate) before: &'a Helped,
    /// Households by their place among them, and the member who died.
    pub(crate) dead: &'a [(usize, Person)],
}

/// The abuse of one county in one year.
pub(crate) struct Abuse<'a> {
    share: &'a Share<'a>,
    random: ChaCha8Rng,
    pub(crate) planted: Vec<Planted>,
}

impl<'a> Abuse<'a> {
    pub(crate) fn new(plan: Plan, share: &'a Share<'a>) -> Self {
        let year = (share.year - YEARS[0]) as u64;
        Self { share, random: plan.random(9_000 + share.n as u64 * 2 + year), planted: Vec::new() }
    }

    /// A number of a rate for each thousand, whose fraction is a chance.
    fn count(&mut self, of: usize, of_thousand: f64) -> usize {
        let expected = of as f64 * of_thousand / 1_000.0;
        expected as usize + usize::from(self.random.random_range(0.0..1.0) < expected.fract())
    }

    fn plant(&mut self, kind: PlantedKind, dataset: &'static str, records: Vec<String>) {
        self.planted.push(Planted { kind, dataset, records });
    }

    /// What happens to the help of people.
    pub(crate) fn of_people(&mut self, helped: &mut Helped, records: &Records<'_>) {
        let honest = helped.payments.len();
        if honest > 0 {
            self.invented(helped, honest);
            self.elsewhere(helped, (honest, records));
            self.collected(helped, honest);
            self.again(helped, honest);
        }
        self.paid_on(helped, records);
        self.twice(helped, records);
        self.moved_again(helped, records);
    }

    fn moved_again(&mut self, helped: &mut Helped, records: &Records<'_>) {
        let before = &records.before.relocations;
        for _ in 0..self.count(before.len(), MOVED_AGAIN) {
            let like = &before[self.random.random_range(0..before.len())];
            let date = format!("{}-{:02}-20", self.share.year, self.random.random_range(5..11));
            let area_code = like.to_area_code.clone();
            let again = Relocation { date, area_code, ..like.clone() };
            // Two of the same household on one day would be one record.
            if helped.relocations.iter().any(|r| r.household_id == again.household_id) {
                continue;
            }
            let id = |r: &Relocation| format!("{}/{}", r.household_id, r.date);
            self.plant(PlantedKind::HelpedAgain, "relocation", vec![id(like), id(&again)]);
            helped.relocations.push(again);
        }
    }

    /// A payment beside the others of its kind.
    fn another(&self, helped: &Helped, like: &Payment) -> Payment {
        Payment { payment_id: self.share.id("payment", helped.payments.len()), ..like.clone() }
    }

    fn invented(&mut self, helped: &mut Helped, honest: usize) {
        for _ in 0..self.count(honest, INVENTED) {
            let like = helped.payments[self.random.random_range(0..honest)].clone();
            let household =
                format!("H{}-{}", self.share.county.id(), self.random.random_range(900_000..999_999));
            let payment = Payment {
                account: crate::help::account(&household),
                household_id: household,
                person_id: String::new(),
                project_id: String::new(),
                ..self.another(helped, &like)
            };
            self.plant(PlantedKind::InventedHousehold, "payment", vec![payment.payment_id.clone()]);
            helped.payments.push(payment);
        }
    }

    fn elsewhere(&mut self, helped: &mut Helped, (honest, records): (usize, &Records<'_>)) {
        for _ in 0..self.count(honest, ELSEWHERE) {
            let n = self.random.random_range(0..honest);
            let other = &records.households[self.random.random_range(0..records.households.len())];
            let payment = &mut helped.payments[n];
            if payment.area_code == other.area_code {
                continue;
            }
            payment.area_code.clone_from(&other.area_code);
            let id = payment.payment_id.clone();
            self.plant(PlantedKind::MoneyElsewhere, "payment", vec![id]);
        }
    }

    /// All money of some households goes to an account of the official's.
    fn collected(&mut self, helped: &mut Helped, honest: usize) {
        for group in 0..self.count(honest, COLLECTED) {
            let account = format!("6228{}{}{group:04}", self.share.county.id(), self.share.year);
            let mut households = Vec::new();
            let wanted = self.random.random_range(4..9);
            for _ in 0..wanted {
                let payment = &helped.payments[self.random.random_range(0..honest)];
                households.push(payment.household_id.clone());
            }
            let mut paid = Vec::new();
            for payment in helped.payments.iter_mut().filter(|p| households.contains(&p.household_id)) {
                payment.account.clone_from(&account);
                paid.push(payment.payment_id.clone());
            }
            self.plant(PlantedKind::CollectedMoney, "payment", paid);
        }
    }

    fn again(&mut self, helped: &mut Helped, honest: usize) {
        for _ in 0..self.count(honest, AGAIN) {
            let like = helped.payments[self.random.random_range(0..honest)].clone();
            let later = like.date.parse::<NaiveDate>().unwrap_or_default()
                + Days::new(self.random.random_range(1..20));
            if !later.to_string().starts_with(&self.share.year.to_string()) {
                continue;
            }
            let payment = Payment { date: later.to_string(), ..self.another(helped, &like) };
            let records = vec![like.payment_id, payment.payment_id.clone()];
            self.plant(PlantedKind::PaidAgain, "payment", records);
            helped.payments.push(payment);
        }
    }

    fn paid_on(&mut self, helped: &mut Helped, records: &Records<'_>) {
        let now = records.members.iter().enumerate();
        let now = now.flat_map(|(n, members)| members.iter().map(move |member| (n, member)));
        let dead: Vec<(usize, Person)> = now
            .filter(|(_, person)| !person.died.is_empty())
            .map(|(n, person)| (n, person.clone()))
            .chain(records.dead.iter().cloned())
            .collect();
        for (n, person) in dead {
            let household = &records.households[n];
            let registered = household.status() != RegistrationStatus::NotPoor;
            if !registered || self.random.random_range(0..100) >= PAID_ON {
                continue;
            }
            let after = self.random.random_range(90..300);
            let died = person.died.parse::<NaiveDate>().unwrap_or_default();
            let date = (died + Days::new(after)).to_string();
            if !date.starts_with(&self.share.year.to_string()) {
                continue;
            }
            let payment = Payment {
                payment_id: self.share.id("payment", helped.payments.len()),
                date,
                area_code: household.area_code.clone(),
                household_id: household.household_id.clone(),
                person_id: person.person_id,
                programme_id: "social".into(),
                source: uplift_proto::v1::records::FundSource::FiscalCounty.into(),
                amount_fen: Some(self.random.random_range(20..60) * 1_000),
                account: crate::help::account(&household.household_id),
                budget_year: Some(self.share.year),
                ..Payment::default()
            };
            self.plant(PlantedKind::MoneyOfTheDead, "payment", vec![payment.payment_id.clone()]);
            helped.payments.push(payment);
        }
    }

    /// A trainee is entered for the same day in another village too.
    fn twice(&mut self, helped: &mut Helped, records: &Records<'_>) {
        let trained = |d: &&Delivery| d.kind() == DeliveryKind::EmploymentTraining && !d.person_id.is_empty();
        let trainees: Vec<Delivery> = helped.deliveries.iter().filter(trained).cloned().collect();
        for _ in 0..self.count(trainees.len(), TWICE) {
            let like = &trainees[self.random.random_range(0..trainees.len())];
            let other = &records.households[self.random.random_range(0..records.households.len())];
            if other.area_code == like.area_code {
                continue;
            }
            let delivery = Delivery {
                delivery_id: self.share.id("named", helped.deliveries.len()),
                area_code: other.area_code.clone(),
                ..like.clone()
            };
            let records = vec![like.delivery_id.clone(), delivery.delivery_id.clone()];
            self.plant(PlantedKind::TrainedTwice, "delivery", records);
            helped.deliveries.push(delivery);
        }
    }
}
