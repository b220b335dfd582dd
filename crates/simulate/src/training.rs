//! Training and businesses of people by name, and how those fare who are visited again.

use chrono::{Months, NaiveDate};
use rand::Rng;
use uplift_proto::v1::records::{Delivery, DeliveryKind, FundSource, Person, Sector};

use crate::help::{Helped, Villagers, Year};

impl Year<'_> {
    pub(crate) fn train(&mut self, villagers: &Villagers<'_>, person: &Person) {
        self.left = self.left.saturating_sub(1);
        let date = self.day(2..4);
        let training = ("training", "person");
        self.deliver(villagers, DeliveryKind::EmploymentTraining, training, (1.0, date.clone()));
        self.last_of(person);
        let fen = self.random.random_range(30..80) * 1_000;
        self.pay(villagers, "training", FundSource::FiscalNational, (fen, date.clone()));
        if let Some(payment) = self.helped.payments.last_mut() {
            payment.person_id.clone_from(&person.person_id);
        }
        // From seven to nine in ten are in work, by county and year; in time some lose it.
        let place = self.share.n as u32 * 5 + self.share.year as u32 * 3;
        let works = self.random.random_range(0..30) < 21 + place % 7;
        for months in [3, 6] {
            let still = works && self.random.random_range(0..100) >= months;
            self.visit(villagers, person, DeliveryKind::TrainingFollowUp, (&date, months, still));
        }
        // A few go on to a second course, on a day of its own.
        if self.random.random_range(0..12) == 0 {
            let date = self.day(5..9);
            self.deliver(villagers, DeliveryKind::PracticalTraining, training, (1.0, date));
            self.last_of(person);
        }
        if works && self.random.random_range(0..4) == 0 {
            let date = self.day(5..8);
            self.deliver(villagers, DeliveryKind::Job, training, (1.0, date));
            self.last_of(person);
            if let Some(job) = self.helped.deliveries.last_mut() {
                job.sector = Sector::Electronics.into();
            }
        }
    }

    pub(crate) fn start_business(&mut self, villagers: &Villagers<'_>) {
        let Some(person) = villagers.trainee() else { return };
        self.lacks_business = false;
        let date = self.day(3..6);
        self.deliver(villagers, DeliveryKind::BusinessStart, ("training", "person"), (1.0, date.clone()));
        self.last_of(person);
        for months in [3, 6] {
            let runs = self.random.random_range(0..100) >= 2 * months;
            self.visit(villagers, person, DeliveryKind::BusinessFollowUp, (&date, months, runs));
        }
    }

    /// A visit some months after a day, unless that is after the year.
    fn visit(
        &mut self,
        villagers: &Villagers<'_>,
        person: &Person,
        kind: DeliveryKind,
        (from, months, found): (&str, u32, bool),
    ) {
        let day = from.parse::<NaiveDate>().unwrap_or_default() + Months::new(months);
        let day = day.to_string();
        if day.starts_with(&self.share.year.to_string()) {
            let quantity = if found { 1.0 } else { 0.0 };
            self.deliver(villagers, kind, ("training", "person"), (quantity, day));
            self.last_of(person);
            if let Some(visit) = self.helped.deliveries.last_mut() {
                visit.months_after = Some(months as i32);
            }
        }
    }

    /// Those who were trained or began a business in the year before are visited again a year later.
    pub(crate) fn follow_up(&mut self, before: &Helped) {
        for earlier in &before.deliveries {
            let (kind, lost) = match earlier.kind() {
                DeliveryKind::EmploymentTraining => (DeliveryKind::TrainingFollowUp, 25),
                DeliveryKind::BusinessStart => (DeliveryKind::BusinessFollowUp, 30),
                _ => continue,
            };
            let day = earlier.date.parse::<NaiveDate>().unwrap_or_default() + Months::new(12);
            let holds = self.random.random_range(0..100) >= lost;
            self.helped.deliveries.push(Delivery {
                delivery_id: self.share.id("later", self.helped.deliveries.len()),
                date: day.to_string(),
                kind: kind.into(),
                quantity: Some(if holds { 1.0 } else { 0.0 }),
                months_after: Some(12),
                ..earlier.clone()
            });
        }
    }
}
