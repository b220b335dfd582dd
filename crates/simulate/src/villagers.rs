//! A county's households in both years: who they are, what they received, and the submissions that tell of it.

use std::collections::HashMap;

use uplift_proto::v1::records::{Household, Person, RegistrationStatus};

use crate::abuse::{Abuse, Records};
use crate::county::YEARS;
use crate::figures::MadeUp;
use crate::help::{Helped, Villagers, help};
use crate::households::{Drawn, draw, people, record, weight};
use crate::projects::pilot_villages;
use crate::register::{Register, Seen};
use crate::share::Place;
use crate::submission::{Plan, SimulatedSubmission};
use crate::work;

/// A county's households, their members, and what was delivered and paid in the county, in both years.
pub(crate) fn submissions(
    plan: Plan,
    (place, made_up): (Place<'_>, MadeUp),
    (share, of_registered): (usize, f64),
    register: &mut Register,
) -> Vec<SimulatedSubmission> {
    let county = place.county;
    let mut random = plan.random(1_000 + place.n as u64);
    let mut households = draw(&mut random, place, share);
    let weight = weight(county, share);
    let seen: Vec<_> = households
        .iter()
        .map(|h| Seen { people: weight * f64::from(h.size[0]), standing: h.standing })
        .collect();
    let statuses = register.statuses(of_registered, &seen);
    let pilots = place.share(YEARS[1]).map_or(0, |share| pilot_villages(&share) as usize);
    for (n, (household, [before, _])) in households.iter_mut().zip(&statuses).enumerate() {
        household.pilot =
            household.village < pilots && *before == RegistrationStatus::Registered && n % 5 != 4;
    }
    let mut all = Vec::new();
    let mut homes = HashMap::new();
    let mut before = Helped::default();
    let mut dead = Vec::new();
    for (y, year) in YEARS.into_iter().enumerate() {
        let area = county.area(year).area_code.as_str();
        let mut records: Vec<Household> = Vec::with_capacity(households.len());
        let mut members: Vec<Vec<Person>> = Vec::with_capacity(households.len());
        for (h, (household, status)) in households.iter().zip(&statuses).enumerate() {
            let mut record = record(household, h, y, (county, area), weight, status[y]);
            if let Some(home) = homes.get(&record.household_id) {
                record.area_code.clone_from(home);
            }
            members.push(people(household, &record, y));
            records.push(record);
        }
        if let Some(share) = place.share(year) {
            let mut random = plan.random(5_000 + place.n as u64 * 2 + y as u64);
            let villagers = villagers(&households, &records, &members);
            let mut helped = help(&share, &villagers, &before, &mut random);
            for moved in &helped.relocations {
                homes.insert(moved.household_id.clone(), moved.to_area_code.clone());
            }
            let honest = Helped {
                deliveries: helped.deliveries.clone(),
                relocations: helped.relocations.clone(),
                payments: Vec::new(),
            };
            let mut abuse = Abuse::new(plan, &share);
            let known = Records { households: &records, members: &members, before: &before, dead: &dead };
            abuse.of_people(&mut helped, &known);
            before = honest;
            abuse.planted.extend(made_up.planted(&share));
            let deliveries = work::deliveries(&share, made_up, helped.deliveries);
            let mut submission = plan.submission("delivery", area, year, &deliveries);
            submission.planted = abuse.planted;
            all.push(submission);
            all.push(plan.submission("payment", area, year, &helped.payments));
            all.push(plan.submission("relocation", area, year, &helped.relocations));
            // Who moved in the year lives in the new place at the end of it.
            for record in &mut records {
                if let Some(home) = homes.get(&record.household_id) {
                    record.area_code.clone_from(home);
                }
            }
        }
        let died = members.iter().enumerate().flat_map(|(n, members)| members.iter().map(move |m| (n, m)));
        dead = died.filter(|(_, m)| !m.died.is_empty()).map(|(n, m)| (n, m.clone())).collect();
        all.push(plan.submission("household", area, year, &records));
        all.push(plan.submission("person", area, year, &members.concat()));
    }
    all.retain(|s| s.rows > 0);
    all
}

fn villagers<'a>(
    households: &[Drawn],
    records: &'a [Household],
    members: &'a [Vec<Person>],
) -> Vec<Villagers<'a>> {
    let all = households.iter().zip(records.iter().zip(members));
    all.map(|(drawn, (household, members))| Villagers {
        household,
        members,
        village: drawn.village,
        pilot: drawn.pilot,
    })
    .collect()
}
