//! What people received: quarterly totals of each kind, and some trainees by name, who are visited again half a year later.

use uplift_proto::v1::records::{Delivery, DeliveryKind};

use crate::county::equal_part;
use crate::share::Share;
use crate::totals::{DELIVERED, JOBS};

/// People whom a county trains by name, in the first quarter.
const NAMED: u64 = 30;

pub(crate) fn deliveries(share: &Share<'_>) -> Vec<Delivery> {
    let mut all = Vec::new();
    for (kind, line, unit, totals, of_hundred) in DELIVERED {
        let total = share.part(totals.of(share.year));
        let named = if kind == DeliveryKind::EmploymentTraining { NAMED.min(total) } else { 0 };
        for q in 0..4 {
            let quantity = equal_part(total - named, q, 4);
            let of_these = |n: usize| of_hundred.map(|shares| (quantity * shares[n] / 100) as f64);
            let id = kind.as_str_name().to_lowercase().replace("delivery_kind_", "");
            all.push(Delivery {
                women: of_these(0),
                poor: of_these(1),
                ..delivery(share, share.id(&id, q + 1), kind, (line, unit), (quantity as f64, 3 * (q + 1)))
            });
        }
        all.extend((0..named).flat_map(|n| trainee(share, n)));
    }
    for (n, (sector, totals)) in JOBS.into_iter().enumerate() {
        let total = share.part(totals.of(share.year));
        for q in (0..4).filter(|_| total > 0) {
            let id = share.id("job", format!("{n}-{}", q + 1));
            let quantity = equal_part(total, q, 4) as f64;
            let work = ("training", "person");
            let job = delivery(share, id, DeliveryKind::Job, work, (quantity, 3 * (q + 1)));
            all.push(Delivery { sector: sector.into(), ..job });
        }
    }
    all.retain(|delivery| delivery.quantity > Some(0.0) || delivery.kind() == DeliveryKind::TrainingFollowUp);
    all
}

fn delivery(
    share: &Share<'_>,
    id: String,
    kind: DeliveryKind,
    (line, unit): (&str, &str),
    (quantity, month): (f64, usize),
) -> Delivery {
    Delivery {
        delivery_id: id,
        date: format!("{}-{month:02}-28", share.year),
        kind: kind.into(),
        area_code: share.area().to_owned(),
        programme_id: line.into(),
        quantity: Some(quantity),
        unit: unit.into(),
        ..Delivery::default()
    }
}

/// A person trained in March and visited in October: most are in work.
fn trainee(share: &Share<'_>, n: u64) -> [Delivery; 2] {
    let one = |what: &str, kind, quantity, month| Delivery {
        person_id: format!("T{}-{}-{n:03}", share.area(), share.year),
        ..delivery(share, share.id(what, n), kind, ("training", "person"), (quantity, month))
    };
    // From seven to nine in ten, by county and year.
    let place = share.n as u64 * 5 + share.year as u64 * 3;
    let in_work = if (n * 13 + place) % 30 < 21 + place % 7 { 1.0 } else { 0.0 };
    [
        one("trainee", DeliveryKind::EmploymentTraining, 1.0, 3),
        one("follow_up", DeliveryKind::TrainingFollowUp, in_work, 10),
    ]
}
