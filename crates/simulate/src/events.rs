//! Inspections and public events: villages that pass and those that fail at first, funds that are followed up, what is published
//! and celebrated.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::records::{
    Acceptance, Event, EventKind, Inspection, InspectionKind, Nomination, NominationResult,
};

use crate::area::village_code;
use crate::county::YEARS;
use crate::organisations::MEDIA;
use crate::projects::village_project;
use crate::share::Share;
use crate::totals::{RAISED, SIGNED};

/// Criteria of the acceptance standard: seven possessions, four accesses, three solutions.
const CRITERIA: i32 = 14;
/// Lines of work whose funds are followed up.
const FOLLOWED: [&str; 3] = ["village", "relocation", "training"];
/// Actions to supervise the use of funds. The article counts three and names none.
const ACTIONS: [&str; 3] = ["资金监管行动一", "资金监管行动二", "资金监管行动三"];

/// People honoured in the award of the second year.
const HONOURED: usize = 10;

pub(crate) fn inspections(share: &Share<'_>, random: &mut ChaCha8Rng) -> Vec<Inspection> {
    let mut all = Vec::new();
    // The villages that began the year before are accepted now. One in twenty-five fails at first.
    for village in share.batch(share.year - 1) {
        let people = random.random_range(600..2_600);
        let base = |n: i32, date: &str, passed: bool, met: i32| Inspection {
            project_id: village_project(share, share.year - 1, village),
            area_code: village_code(share.area(), village),
            criteria: Some(CRITERIA),
            criteria_met: Some(met),
            people: Some(people),
            poor_people: Some(people * if passed { 2 } else { 9 } / 100),
            result: if passed { Acceptance::Passed } else { Acceptance::Failed }.into(),
            ..inspection(share, format!("{village}-{n}"), InspectionKind::Acceptance, date)
        };
        if random.random_range(0..25) == 0 {
            all.push(base(1, "10-10", false, random.random_range(9..13)));
            all.push(base(2, "12-05", true, CRITERIA));
        } else {
            all.push(base(1, "10-10", true, CRITERIA - i32::from(random.random_range(0..9) == 0)));
        }
    }
    for (n, programme) in FOLLOWED.iter().copied().chain(["training"]).enumerate() {
        let kind = if n < FOLLOWED.len() { InspectionKind::FollowUp } else { InspectionKind::Special };
        let findings = random.random_range(0..6);
        let rectified = random.random_range(0..=findings);
        let inspected: i64 = random.random_range(300_000_000..900_000_000);
        let open = rectified < findings;
        all.push(Inspection {
            programme_id: programme.into(),
            findings: Some(findings),
            rectified: Some(rectified),
            inspected_fen: Some(inspected),
            questioned_fen: Some(i64::from(findings) * random.random_range(0..4_000_000)),
            result: if open { Acceptance::Open } else { Acceptance::Passed }.into(),
            ..inspection(share, format!("funds-{n}"), kind, &format!("{:02}-10", 4 + 2 * n))
        });
    }
    all
}

fn inspection(share: &Share<'_>, n: String, kind: InspectionKind, day: &str) -> Inspection {
    Inspection {
        inspection_id: share.id("inspection", n),
        date: format!("{}-{day}", share.year),
        kind: kind.into(),
        area_code: share.area().to_owned(),
        ..Inspection::default()
    }
}

fn event(id: String, kind: EventKind, area: &str, date: String, title: String) -> Event {
    Event { event_id: id, date, kind: kind.into(), area_code: area.into(), title, ..Event::default() }
}

/// Events of the municipality.
pub(crate) fn municipal(year: i32) -> Vec<Event> {
    let mut n = 0;
    let mut one = |kind, day: &str, title: &str| {
        n += 1;
        event(format!("event-50-{year}-{n}"), kind, "50", format!("{year}-{day}"), title.to_owned())
    };
    let mut all: Vec<_> = (1..=MEDIA)
        .map(|medium| Event {
            organisation_id: format!("medium-{medium:02}"),
            ..one(EventKind::Coverage, "10-17", "国际消除贫困日报道")
        })
        .collect();
    all.extend(ACTIONS.map(|title| one(EventKind::Supervision, "05-20", title)));
    let signed = Some(SIGNED.of(year) as i64 * 100);
    all.push(Event { raised_fen: signed, ..one(EventKind::Signing, "05-18", "经贸合作签约仪式") });
    if year == YEARS[1] {
        all.push(one(EventKind::Exhibition, "11-16", "扶贫成就展"));
        all.push(Event {
            participants: Some(HONOURED as i64),
            ..one(EventKind::Award, "12-20", "十大扶贫人物评选")
        });
    }
    all
}

/// Who is nominated for the award of the second year: three of each key county, of whom the public chooses ten.
pub(crate) fn nominations(share: &Share<'_>) -> Vec<Nomination> {
    if share.year != YEARS[1] {
        return Vec::new();
    }
    let nomination = |i: usize| {
        let place = i * share.weights.len() + share.n;
        let result = match place {
            ..HONOURED => NominationResult::Selected,
            HONOURED..30 => NominationResult::NotSelected,
            _ => NominationResult::Nominated,
        };
        let decided = result != NominationResult::Nominated;
        Nomination {
            nomination_id: share.id("nomination", i),
            date: format!("{}-08-{:02}", share.year, 1 + share.n),
            area_code: share.area().to_owned(),
            award: format!("十大扶贫人物{}", share.year),
            nominee: format!("候选人{}", place + 1),
            result: result.into(),
            decided_on: if decided { format!("{}-12-20", share.year) } else { String::new() },
            votes: decided.then(|| 90_000 - 1_700 * place as i64),
        }
    };
    (0..3).map(nomination).collect()
}

/// Events of a county.
pub(crate) fn of_county(share: &Share<'_>) -> Vec<Event> {
    let name = &share.county.area(share.year).name_zh;
    let one = |what: &str, kind, title: &str| {
        let date = format!("{}-10-17", share.year);
        event(share.id(what, 1), kind, share.area(), date, format!("{title} {name}"))
    };
    let mut all = vec![one("disclosure", EventKind::Disclosure, "资金使用公示")];
    if share.year == YEARS[1] {
        let raised = Some(share.part(RAISED) as i64);
        all.push(Event { raised_fen: raised, ..one("bazaar", EventKind::Bazaar, "书画义卖") });
    }
    all
}
