//! What to look at in a household's history.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uplift_core::language::Bilingual;
use uplift_proto::dataset::stored_title;
use uplift_proto::v1::metrics::HouseholdRemarkKind as Kind;

use super::history::{History, Receipt};

/// A remark with the records that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) kind: Kind,
    pub(crate) text: Bilingual,
    pub(crate) records: Vec<String>,
}

/// What is given to a household once.
const ONCE: [&str; 3] = ["relocation", "safe_water", "business_start"];

/// All remarks on a history.
pub(crate) fn remarks(history: &History) -> Vec<Remark> {
    let mut all = Vec::new();
    helped_twice(history, &mut all);
    of_years(history, &mut all);
    standard(history, &mut all);
    all
}

fn helped_twice(history: &History, all: &mut Vec<Remark>) {
    let mut of_kind: BTreeMap<(&str, &str, &str), Vec<&Receipt>> = BTreeMap::new();
    for receipt in history.receipts.iter().filter(|receipt| ONCE.contains(&receipt.kind.as_str())) {
        let person = if receipt.kind == "business_start" { receipt.person.as_str() } else { "" };
        of_kind.entry((&receipt.dataset, &receipt.kind, person)).or_default().push(receipt);
    }
    for ((_, kind, _), receipts) in of_kind.into_iter().filter(|(_, receipts)| receipts.len() > 1) {
        let (title, times) = (kind_title(kind), receipts.len());
        all.push(Remark {
            kind: Kind::HelpedTwice,
            text: Bilingual::new(
                format!("helped {times} times with what is given once: {}", title.en),
                format!("一次性帮扶重复享受{times}次：{}", title.zh),
            ),
            records: receipts.iter().map(|receipt| receipt.record.clone()).collect(),
        });
    }
    let mut paid: BTreeMap<(i64, &str, &str, &str, Decimal), Vec<&Receipt>> = BTreeMap::new();
    for receipt in history.receipts.iter().filter(|receipt| receipt.kind == "payment") {
        let amount = receipt.amount.unwrap_or_default();
        let key = (
            receipt.year(),
            receipt.programme.as_str(),
            receipt.source.as_str(),
            receipt.person.as_str(),
            amount,
        );
        paid.entry(key).or_default().push(receipt);
    }
    for ((year, _, _, _, amount), receipts) in paid.into_iter().filter(|(_, receipts)| receipts.len() > 1) {
        let times = receipts.len();
        all.push(Remark {
            kind: Kind::HelpedTwice,
            text: Bilingual::new(
                format!("paid {} yuan {times} times in {year} for the same", amount.normalize()),
                format!("{year}年同一事项{times}次发放{}元", amount.normalize()),
            ),
            records: receipts.iter().map(|receipt| receipt.record.clone()).collect(),
        });
    }
}

fn of_years(history: &History, all: &mut Vec<Remark>) {
    let mut add = |kind, en: String, zh: String| {
        all.push(Remark { kind, text: Bilingual::new(en, zh), records: Vec::new() });
    };
    let in_need = |y: &&super::history::Year| y.is_registered() || y.is_poor() == Some(true);
    let need: Vec<i64> = history.years.iter().filter(in_need).map(|y| y.year).collect();
    if let (Some(first), Some(last), false) =
        (need.first(), need.last(), history.receipts.iter().any(Receipt::is_help))
    {
        add(
            Kind::NeverHelped,
            if first == last {
                format!("in need in {first}, and received nothing")
            } else {
                format!("in need from {first} to {last}, and received nothing")
            },
            if first == last {
                format!("{first}年有需要而未获任何帮扶")
            } else {
                format!("{first}年至{last}年有需要而未获任何帮扶")
            },
        );
    }
    for year in &history.years {
        match (year.is_poor(), year.is_registered()) {
            (Some(true), false) => add(
                Kind::LeftOut,
                format!("its income of {} was below the line, and it was not registered as poor", year.year),
                format!("{}年收入低于贫困线，但不是建档立卡贫困户", year.year),
            ),
            (Some(false), true) => add(
                Kind::NotPoor,
                format!("registered as poor in {}, with an income above the line", year.year),
                format!("{}年为建档立卡贫困户，但收入高于贫困线", year.year),
            ),
            _ => {}
        }
    }
    let helped: Vec<_> = history.receipts.iter().filter(|receipt| receipt.is_help()).collect();
    if history.years.is_empty() && !helped.is_empty() {
        add(
            Kind::NotOnRecord,
            format!("received {} times, and is in no register", helped.len()),
            format!("有{}笔受益记录，但不在任何登记册", helped.len()),
        );
    }
}

/// What it was paid for moving, against the standard.
fn standard(history: &History, all: &mut Vec<Remark>) {
    let due: Decimal = history.standards.iter().map(|(_, amount)| *amount).sum();
    let paid: Vec<_> = history
        .receipts
        .iter()
        .filter(|receipt| receipt.kind == "payment" && receipt.programme == "relocation")
        .collect();
    let sum: Decimal = paid.iter().filter_map(|receipt| receipt.amount).sum();
    if paid.is_empty() && !due.is_zero() {
        let due = due.normalize();
        all.push(Remark {
            kind: Kind::Standard,
            text: Bilingual::new(
                format!("moved, and no payment for it is on record; the standard gives {due}"),
                format!("已搬迁，但没有搬迁补助发放记录；按标准应为{due}元"),
            ),
            records: Vec::new(),
        });
        return;
    }
    if due != sum && !due.is_zero() {
        let (due, sum) = (due.normalize(), sum.normalize());
        all.push(Remark {
            kind: Kind::Standard,
            text: Bilingual::new(
                format!("was paid {sum} yuan for moving; the standard gives {due}"),
                format!("搬迁补助共发放{sum}元，按标准应为{due}元"),
            ),
            records: paid.iter().map(|receipt| receipt.record.clone()).collect(),
        });
    }
}

/// What a kind of receipt is called.
pub(crate) fn kind_title(kind: &str) -> Bilingual {
    match (stored_title("delivery", "kind", kind), kind) {
        (Some(title), _) => title.clone(),
        (None, "payment") => Bilingual::new("payment", "到户补助"),
        (None, "loan") => Bilingual::new("loan of the mutual fund", "互助社借款"),
        (None, other) => Bilingual::new(other, other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::Year;
    use super::*;

    fn receipt(kind: &str, record: &str) -> Receipt {
        Receipt {
            kind: kind.into(),
            record: record.into(),
            dataset: "delivery".into(),
            date: "2011-05-01".into(),
            ..Receipt::default()
        }
    }

    fn kinds(history: &History) -> Vec<Kind> {
        remarks(history).iter().map(|remark| remark.kind).collect()
    }

    #[test]
    fn what_is_given_once_and_what_is_given_often_are_told_apart() {
        let mut history = History {
            receipts: vec![
                receipt("safe_water", "a"),
                receipt("safe_water", "b"),
                receipt("practical_training", "c"),
            ],
            ..History::default()
        };
        history.receipts.push(receipt("practical_training", "d"));
        let found = remarks(&history);
        assert_eq!(kinds(&history), [Kind::HelpedTwice, Kind::NotOnRecord]);
        assert_eq!(found[0].records, ["a", "b"]);
    }

    #[test]
    fn need_without_help_is_told_and_a_visit_is_no_help() {
        let poor = Year {
            year: 2011,
            status: "registered".into(),
            size: 2,
            income: Some(4_000.into()),
            line: Some(2_536.into()),
            ..Year::default()
        };
        let mut history = History { years: vec![poor.clone()], ..History::default() };
        assert_eq!(kinds(&history), [Kind::NeverHelped]);
        history.receipts.push(receipt("training_follow_up", "a"));
        assert_eq!(kinds(&history), [Kind::NeverHelped]);
        history.receipts.push(receipt("safe_water", "b"));
        assert_eq!(kinds(&history), []);
        history.years[0].status = "not_poor".into();
        assert_eq!(kinds(&history), [Kind::LeftOut]);
        history.years = vec![Year { income: Some(90_000.into()), ..poor }];
        assert_eq!(kinds(&history), [Kind::NotPoor]);
    }

    #[test]
    fn money_for_moving_is_held_against_the_standard() {
        let paid = |yuan: i64, record: &str| Receipt {
            amount: Some(yuan.into()),
            programme: "relocation".into(),
            dataset: "payment".into(),
            source: record.into(),
            ..receipt("payment", record)
        };
        let mut history = History {
            years: vec![Year { year: 2011, ..Year::default() }],
            receipts: vec![paid(3_000, "a"), paid(2_400, "b")],
            standards: vec![("2011-05-01".into(), 5_400.into())],
            ..History::default()
        };
        assert_eq!(kinds(&history), []);
        history.receipts.pop();
        let found = remarks(&history);
        assert_eq!(found[0].kind, Kind::Standard);
        assert_eq!(found[0].text.en, "was paid 3000 yuan for moving; the standard gives 5400");
    }
}
