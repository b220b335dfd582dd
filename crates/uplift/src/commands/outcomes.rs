//! `uplift outcomes`: what changed for households in villages that were helped and in others, and what claims are worth.

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{
    ClaimVerdict, CompareOutcomesRequest, OutcomeClaim, OutcomeComparison, OutcomeGroup,
};
use uplift_proto::words::claim_verdict;

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::figure_text::rounded;
use crate::outcome::Outcome;
use crate::terminal::{Listing, say_in};

#[derive(Debug, Args)]
pub(crate) struct OutcomesArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Year, compared with the one before.
    #[arg(long, value_name = "YEAR", default_value = "2011")]
    period: String,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Prints the comparison; exits 1 if the data do not support a claim.
pub(crate) async fn run(args: OutcomesArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = CompareOutcomesRequest { area_code: args.area, period: args.period, ..Default::default() };
    let answer = client.compare_outcomes(request).await.map_err(|s| from_status(&s))?.into_inner();
    if answer.comparisons.is_empty() && args.format == OutputFormat::Table {
        say_in!(
            language,
            "No household is on record in both years; correct the area or the year, or import households.",
            "没有两个年度都有记录的农户；请改正地区或年度，或先导入农户数据。"
        );
    }
    let rows =
        answer.comparisons.iter().flat_map(|c| c.groups.iter().map(move |group| row(c, group, language)));
    let listing = Listing {
        columns: match language {
            Language::En => {
                vec![
                    "batch",
                    "villages",
                    "accepted",
                    "spent, yuan",
                    "households",
                    "poor before",
                    "after",
                    "change",
                    "±",
                    "beside others",
                    "±",
                    "fell more",
                ]
            }
            Language::Zh => {
                vec![
                    "批次",
                    "村数",
                    "已验收",
                    "投入（元）",
                    "样本户",
                    "上年贫困率",
                    "当年",
                    "变化",
                    "±",
                    "与其他村之差",
                    "±",
                    "降幅更大",
                ]
            }
        },
        numbers: vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        rows: rows.collect(),
    };
    if args.format == OutputFormat::Table && !answer.comparisons.is_empty() {
        listing.print(args.format)?;
    }
    if args.format != OutputFormat::Table {
        plain(&answer.comparisons).print(args.format)?;
    }
    let claims =
        || answer.comparisons.iter().flat_map(|c| c.claims.iter().map(move |claim| (c.simulated, claim)));
    if args.format == OutputFormat::Table {
        claims().for_each(|(simulated, claim)| tell(simulated, claim, language));
    }
    let refuted = claims().any(|(_, claim)| claim.verdict() == ClaimVerdict::NotSupported);
    Ok(if refuted { Outcome::ProblemsFound } else { Outcome::Done })
}

/// Groups and claims for programs: numbers as they are, a claim by what it says.
fn plain(comparisons: &[OutcomeComparison]) -> Listing<'static> {
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let group = |c: &OutcomeComparison, g: &OutcomeGroup| {
        vec![
            "batch".to_owned(),
            g.batch.clone(),
            c.simulated.to_string(),
            g.villages.to_string(),
            g.accepted.to_string(),
            g.households.to_string(),
            g.spent.clone(),
            optional(g.before),
            optional(g.after),
            String::new(),
            optional(g.change),
            optional(g.standard_error),
            optional(g.difference),
            optional(g.lower),
            optional(g.upper),
            g.verdict().as_str_name().to_owned(),
        ]
    };
    let claim = |c: &OutcomeComparison, claim: &OutcomeClaim| {
        let empty = || std::iter::repeat_n(String::new(), 6);
        let told = ["claim".to_owned(), claim.text_en.clone(), c.simulated.to_string()].into_iter();
        let measured = [
            claim.claimed.to_string(),
            claim.measured.to_string(),
            optional(claim.standard_error),
            String::new(),
            optional(claim.lower),
            optional(claim.upper),
            claim.verdict().as_str_name().to_owned(),
        ];
        told.chain(empty()).chain(measured).collect::<Vec<_>>()
    };
    let rows = comparisons.iter().flat_map(|c| {
        let groups = c.groups.iter().map(move |g| group(c, g));
        groups.chain(c.claims.iter().map(move |told| claim(c, told)))
    });
    Listing {
        columns: vec![
            "kind",
            "name",
            "simulated",
            "villages",
            "accepted",
            "households",
            "spent",
            "before",
            "after",
            "claimed",
            "change",
            "standard_error",
            "difference",
            "lower",
            "upper",
            "verdict",
        ],
        numbers: Vec::new(),
        rows: rows.collect(),
    }
}

fn row(comparison: &OutcomeComparison, group: &OutcomeGroup, language: Language) -> Vec<String> {
    let percent = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.1}%"));
    let points = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:+.1}"));
    let error = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.1}"));
    let none = language.choose("none", "无");
    let mark = if comparison.simulated { "*" } else { "" };
    vec![
        format!("{}{mark}", if group.batch.is_empty() { none } else { group.batch.as_str() }),
        group.villages.to_string(),
        group.accepted.to_string(),
        group.spent.parse().map_or_else(|_| group.spent.clone(), grouped),
        group.households.to_string(),
        percent(group.before),
        percent(group.after),
        points(group.change),
        error(group.standard_error),
        points(group.difference),
        error(group.difference_error),
        claim_verdict(group.verdict()).text(language).to_owned(),
    ]
}

fn tell(simulated: bool, claim: &OutcomeClaim, language: Language) {
    let people = |value: f64| rounded(value, "person", language);
    let text = language.choose(&claim.text_en, &claim.text_zh);
    let (claimed, measured) = (people(claim.claimed), people(claim.measured));
    let bounds = match (claim.lower, claim.upper) {
        (Some(lower), Some(upper)) => format!("{} – {}", people(lower), people(upper)),
        _ => "–".to_owned(),
    };
    let mark = if simulated { language.choose(" (simulated households)", "（模拟农户）") } else { "" };
    let verdict = claim_verdict(claim.verdict());
    let verdict = verdict.text(language);
    say_in!(
        language,
        "{text}: claimed {claimed} fewer; below the poverty line {measured} fewer ({bounds}){mark}: {verdict}.",
        "{text}：称减少{claimed}人；收入低于贫困线的减少{measured}人（{bounds}）{mark}：{verdict}。"
    );
}
