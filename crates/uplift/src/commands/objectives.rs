//! `uplift objectives`: how far the targets of a year are, and where they lead to.

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{GetObjectivesRequest, IncomeObjective, Objective, ObjectiveStatus};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::words::{claim_verdict, objective_status};

use crate::arguments::{Level, MetricsAddress, OutputFormat};
use crate::figure_text::rounded;
use crate::outcome::Outcome;
use crate::terminal::{Listing, say_in};

#[derive(Debug, Args)]
pub(crate) struct ObjectivesArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Month until which is looked at, or a year.
    #[arg(long, value_name = "MONTH", default_value = "2011")]
    period: String,
    /// Targets of the areas of this level inside as well.
    #[arg(long, value_enum, value_name = "LEVEL")]
    by: Option<Level>,
    /// Objective of income growth in yuan a household.
    #[arg(long, value_name = "YUAN", default_value_t = 10_000.0)]
    income: f64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Prints the objectives; exits 1 if one is behind or was missed.
pub(crate) async fn run(args: ObjectivesArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = GetObjectivesRequest {
        area_code: args.area,
        period: args.period,
        by_level: args.by.map_or(AreaLevel::Unspecified, AreaLevel::from).into(),
        income_objective: args.income,
        ..GetObjectivesRequest::default()
    };
    let answer = client.get_objectives(request).await.map_err(|s| from_status(&s))?.into_inner();
    if args.format != OutputFormat::Table {
        plain(&answer.objectives).print(args.format)?;
    } else if answer.objectives.is_empty() {
        say_in!(
            language,
            "No target of this area and year is on record; correct the area or the year, or import records of the dataset programme.",
            "没有该地区该年度的目标；请改正地区或年度，或先导入扶贫工作类别（programme）。"
        );
    } else {
        let listing = Listing {
            columns: match language {
                Language::En => {
                    vec!["area", "objective", "target", "reached", "due", "behind", "forecast", "±", "status"]
                }
                Language::Zh => {
                    vec!["地区", "目标", "目标数", "已完成", "应完成", "差额", "全年预测", "±", "状态"]
                }
            },
            numbers: vec![2, 3, 4, 5, 6, 7],
            rows: answer.objectives.iter().map(|objective| row(objective, language)).collect(),
        };
        listing.print(args.format)?;
    }
    if args.format == OutputFormat::Table {
        answer.income.iter().for_each(|income| tell(income, language));
    }
    if answer.objectives.is_empty() {
        return Ok(Outcome::ProblemsFound);
    }
    let bad = |o: &Objective| matches!(o.status(), ObjectiveStatus::Behind | ObjectiveStatus::Missed);
    Ok(if answer.objectives.iter().any(bad) { Outcome::ProblemsFound } else { Outcome::Done })
}

/// Every objective for programs: numbers as they are.
fn plain(objectives: &[Objective]) -> Listing<'static> {
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let row = |o: &Objective| {
        vec![
            o.area_code.clone(),
            o.programme_id.clone(),
            o.measure.clone(),
            o.unit.clone(),
            o.simulated.to_string(),
            o.target.to_string(),
            o.achieved.to_string(),
            optional(o.due),
            optional(o.behind),
            optional(o.forecast),
            optional(o.forecast_error),
            o.status().as_str_name().to_owned(),
        ]
    };
    Listing {
        columns: vec![
            "area_code",
            "programme_id",
            "measure",
            "unit",
            "simulated",
            "target",
            "achieved",
            "due",
            "behind",
            "forecast",
            "forecast_error",
            "status",
        ],
        numbers: Vec::new(),
        rows: objectives.iter().map(row).collect(),
    }
}

fn row(objective: &Objective, language: Language) -> Vec<String> {
    let shown = |value: f64| rounded(value, &objective.unit, language);
    let optional = |value: Option<f64>| value.map_or("–".to_owned(), shown);
    let name = language.choose(&objective.area_name_en, &objective.area_name_zh);
    let mark = if objective.simulated { "*" } else { "" };
    let title = language.choose(&objective.title_en, &objective.title_zh);
    vec![
        if name.is_empty() { objective.area_code.clone() } else { name.to_owned() },
        if title.is_empty() { objective.measure.clone() } else { title.to_owned() },
        shown(objective.target),
        format!("{}{mark}", shown(objective.achieved)),
        optional(objective.due),
        optional(objective.behind),
        optional(objective.forecast),
        optional(objective.forecast_error),
        objective_status(objective.status()).text(language).to_owned(),
    ]
}

fn tell(income: &IncomeObjective, language: Language) {
    let yuan = |value: f64| rounded(value, "CNY", language);
    let error = income.standard_error.map_or("–".to_owned(), yuan);
    let others = income.growth_of_others.map_or("–".to_owned(), yuan);
    let others_error = income.standard_error_of_others.map_or("–".to_owned(), yuan);
    let (households, growth, objective) = (income.households, yuan(income.growth), yuan(income.objective));
    let mark = if income.simulated { language.choose(" (simulated)", "（模拟数据）") } else { "" };
    let verdict = claim_verdict(income.verdict());
    let verdict = verdict.text(language);
    say_in!(
        language,
        "Income of pilot households{mark}, the same ones in both years ({households}): {growth} yuan more than the year before (standard error {error}); objective {objective}: {verdict}. Other registered poor households of these counties: {others} ({others_error}).",
        "同一批{households}户试点户{mark}户均增收{growth}元（标准误{error}），目标{objective}元：{verdict}。同区县其他建档立卡贫困户户均增收{others}元（{others_error}）。"
    );
}
