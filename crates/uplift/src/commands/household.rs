//! `uplift household`: the story of one household, from every record that names it.

use clap::Args;
use serde_json::{Value, json};
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_core::unit::{unit_name, unit_of};
use uplift_proto::dataset::find;
use uplift_proto::v1::metrics::{
    GetHouseholdRequest, HouseholdHistory, HouseholdYear, Receipt, ReceivedMoney,
};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct HouseholdArgs {
    /// Number of the household, as its records have it.
    #[arg(value_name = "HOUSEHOLD")]
    household: String,
    /// Output format; csv lists what it received.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Tells the story; exits 1 if the household is nowhere on record.
pub(crate) async fn run(args: HouseholdArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = GetHouseholdRequest { household_id: args.household.clone(), ..Default::default() };
    let answer = client.get_household(request).await.map_err(|s| from_status(&s))?.into_inner();
    if args.format == OutputFormat::Json {
        say!("{:#}", Value::Array(answer.households.iter().map(to_json).collect()));
        return Ok(if answer.households.is_empty() { Outcome::ProblemsFound } else { Outcome::Done });
    }
    if answer.households.is_empty() {
        let household = &args.household;
        say_in!(
            language,
            "No record names household {household}; correct the number.",
            "没有任何记录提到户{household}；请改正户编号。"
        );
        return Ok(Outcome::ProblemsFound);
    }
    for history in &answer.households {
        if args.format == OutputFormat::Csv {
            received(history, language).print(args.format)?;
        } else {
            tell(history, language)?;
        }
    }
    Ok(Outcome::Done)
}

fn tell(history: &HouseholdHistory, language: Language) -> Result<()> {
    let simulated =
        if history.simulated { language.choose(" (simulated)", "（模拟数据）") } else { "" };
    say_in!(language, "Household {}{simulated}", "农户{}{simulated}", history.household_id);
    if !history.years.is_empty() {
        years(history, language).print(OutputFormat::Table)?;
    }
    if !history.receipts.is_empty() {
        say_in!(language, "What it received:", "受益情况：");
        received(history, language).print(OutputFormat::Table)?;
    }
    if !history.money.is_empty() {
        say_in!(language, "Money that reached it:", "到户资金：");
        money(history, language).print(OutputFormat::Table)?;
    }
    if let Some(outcome) = &history.outcome {
        let text = language.choose(&outcome.text_en, &outcome.text_zh);
        let percent = outcome.income_growth_percent.map(|p| format!(" ({p:+.1}%)")).unwrap_or_default();
        match outcome.income_growth.as_str() {
            "" => say_in!(language, "Outcome: {text}.", "结果：{text}。"),
            growth => {
                let (first, last) = (outcome.first_year, outcome.last_year);
                say_in!(
                    language,
                    "Outcome: {text}; income {first} to {last}: {growth} yuan{percent}.",
                    "结果：{text}；{first}年至{last}年收入变化{growth}元{percent}。"
                );
            }
        }
    }
    for remark in &history.remarks {
        let text = language.choose(&remark.text_en, &remark.text_zh);
        let records = if remark.records.is_empty() {
            String::new()
        } else {
            format!(" [{}]", remark.records.join(" "))
        };
        say!("! {text}{records}");
    }
    Ok(())
}

fn years(history: &HouseholdHistory, language: Language) -> Listing<'static> {
    let row = |year: &HouseholdYear| {
        let below = match year.poor {
            Some(true) => language.choose("below", "低于"),
            Some(false) => language.choose("above", "高于"),
            None => "–",
        };
        vec![
            year.year.to_string(),
            language.choose(&year.area_name_en, &year.area_name_zh).to_owned(),
            language.choose(&year.status_en, &year.status_zh).to_owned(),
            language.choose(&year.cause_en, &year.cause_zh).to_owned(),
            year.size.to_string(),
            year.income_per_head.clone(),
            year.poverty_line.clone(),
            below.to_owned(),
            year.deprivations
                .iter()
                .map(|name| deprivation(name, language))
                .collect::<Vec<_>>()
                .join(language.choose(", ", "、")),
        ]
    };
    Listing {
        columns: match language {
            Language::En => vec![
                "year",
                "lives in",
                "status",
                "cause",
                "members",
                "yuan a head",
                "line",
                "is",
                "deprived in",
            ],
            Language::Zh => vec![
                "年度",
                "居住地",
                "状态",
                "致贫原因",
                "人口",
                "人均收入（元）",
                "贫困线",
                "收入",
                "未保障",
            ],
        },
        numbers: vec![4, 5, 6],
        rows: history.years.iter().map(row).collect(),
    }
}

/// What a household lacks, as its dataset calls it in Chinese and in one word in English.
fn deprivation(name: &str, language: Language) -> String {
    let title =
        find("household").and_then(|dataset| dataset.field(name)).map(|field| field.title.text(language));
    match language {
        Language::En => name.trim_start_matches("deprived_").to_owned(),
        Language::Zh => title.unwrap_or(name).to_owned(),
    }
}

fn received(history: &HouseholdHistory, language: Language) -> Listing<'static> {
    let row = |receipt: &Receipt| {
        let much = match receipt.quantity {
            Some(quantity) if language == Language::En => {
                format!("{quantity} {}", unit_of(&receipt.unit, quantity == 1.0))
            }
            Some(quantity) => format!("{quantity} {}", unit_name(&receipt.unit, language)),
            None => format!("{} {}", receipt.amount, unit_name("CNY", language)),
        };
        vec![
            receipt.date.clone(),
            language.choose(&receipt.kind_en, &receipt.kind_zh).to_owned(),
            receipt.programme_id.clone(),
            much,
            receipt.person_id.clone(),
            format!("{} {}", receipt.dataset, receipt.record),
        ]
    };
    Listing {
        columns: match language {
            Language::En => vec!["date", "what", "programme", "how much", "person", "record"],
            Language::Zh => vec!["日期", "内容", "工作类别", "数量", "人员", "记录"],
        },
        numbers: vec![3],
        rows: history.receipts.iter().map(row).collect(),
    }
}

fn money(history: &HouseholdHistory, language: Language) -> Listing<'static> {
    let row = |money: &ReceivedMoney| {
        vec![
            money.year.to_string(),
            money.programme_id.clone(),
            language.choose(&money.source_en, &money.source_zh).to_owned(),
            money.amount.parse().map_or_else(|_| money.amount.clone(), grouped),
        ]
    };
    Listing {
        columns: match language {
            Language::En => vec!["year", "programme", "source", "yuan"],
            Language::Zh => vec!["年度", "工作类别", "资金来源", "金额（元）"],
        },
        numbers: vec![3],
        rows: history.money.iter().map(row).collect(),
    }
}

/// The whole history for programs.
fn to_json(history: &HouseholdHistory) -> Value {
    let years = history.years.iter().map(|y| {
        json!({
            "year": y.year, "area_code": y.area_code, "record": y.record, "status": y.status, "cause": y.cause_en,
            "size": y.size, "income": y.income, "income_per_head": y.income_per_head,
            "poverty_line": y.poverty_line, "poor": y.poor, "deprivations": y.deprivations,
            "members": y.members.iter().map(|m| json!({
                "person_id": m.person_id, "sex": m.sex, "age": m.age, "work": m.work, "died": m.died,
            })).collect::<Vec<_>>(),
        })
    });
    let receipts = history.receipts.iter().map(|r| {
        json!({
            "date": r.date, "dataset": r.dataset, "record": r.record, "kind": r.kind, "programme_id": r.programme_id,
            "area_code": r.area_code, "person_id": r.person_id, "quantity": r.quantity, "unit": r.unit,
            "amount": r.amount, "source": r.source, "submission_id": r.submission_id,
        })
    });
    let money = history.money.iter().map(
        |m| json!({"year": m.year, "programme_id": m.programme_id, "source": m.source, "amount": m.amount}),
    );
    let outcome = history.outcome.clone().unwrap_or_default();
    let remarks = history.remarks.iter().map(|r| {
        json!({"kind": r.kind().as_str_name(), "text_en": r.text_en, "text_zh": r.text_zh, "records": r.records})
    });
    json!({
        "household_id": history.household_id,
        "simulated": history.simulated,
        "years": years.collect::<Vec<_>>(),
        "receipts": receipts.collect::<Vec<_>>(),
        "money": money.collect::<Vec<_>>(),
        "outcome": {
            "first_year": outcome.first_year, "last_year": outcome.last_year, "income_growth": outcome.income_growth,
            "income_growth_percent": outcome.income_growth_percent, "text_en": outcome.text_en, "text_zh": outcome.text_zh,
        },
        "remarks": remarks.collect::<Vec<_>>(),
    })
}
