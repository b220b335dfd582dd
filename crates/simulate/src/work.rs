//! What people received: quarterly totals of each kind, less what the county tells of one by one.

use uplift_proto::v1::records::{Delivery, DeliveryKind};

use crate::county::equal_part;
use crate::figures::MadeUp;
use crate::share::Share;
use crate::totals::{DELIVERED, JOBS};

/// All deliveries of a county in a year, those by name among them.
pub(crate) fn deliveries(share: &Share<'_>, made_up: MadeUp, named: Vec<Delivery>) -> Vec<Delivery> {
    let mut all = Vec::new();
    for (kind, line, unit, totals, of_hundred) in DELIVERED {
        for q in 0..4 {
            let told = told(&named, kind, q);
            let quantity = made_up.quantity(share, totals, q).saturating_sub(told);
            let of_these = |n: usize| of_hundred.map(|shares| (quantity * shares[n] / 100) as f64);
            let id = kind.as_str_name().to_lowercase().replace("delivery_kind_", "");
            all.push(Delivery {
                women: of_these(0),
                poor: of_these(1),
                ..delivery(share, share.id(&id, q + 1), kind, (line, unit), (quantity as f64, 3 * (q + 1)))
            });
        }
    }
    for (n, (sector, totals)) in JOBS.into_iter().enumerate() {
        let total = share.part(totals.of(share.year));
        for q in (0..4).filter(|_| total > 0) {
            let id = share.id("job", format!("{n}-{}", q + 1));
            let told = if n == 0 { told(&named, DeliveryKind::Job, q) } else { 0 };
            let quantity = equal_part(total, q, 4).saturating_sub(told) as f64;
            let work = ("training", "person");
            let job = delivery(share, id, DeliveryKind::Job, work, (quantity, 3 * (q + 1)));
            all.push(Delivery { sector: sector.into(), ..job });
        }
    }
    all.retain(|delivery| delivery.quantity > Some(0.0));
    all.extend(named);
    all
}

/// How much of a kind was delivered by name in a quarter.
fn told(named: &[Delivery], kind: DeliveryKind, quarter: usize) -> u64 {
    let month = |delivery: &Delivery| delivery.date.get(5..7).and_then(|month| month.parse::<usize>().ok());
    let of_quarter = |d: &&Delivery| d.kind() == kind && month(d).is_some_and(|m| (m - 1) / 3 == quarter);
    named.iter().filter(of_quarter).map(|d| d.quantity.unwrap_or_default() as u64).sum()
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
