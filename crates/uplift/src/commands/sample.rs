//! `uplift sample`: which accepted projects to inspect again.

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{DrawInspectionSampleRequest, SampledProject};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say_in};

#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Period in which the projects were accepted.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Projects to draw.
    #[arg(long, value_name = "N", default_value_t = 20)]
    size: i32,
    /// Number that the draw begins with; the same one draws the same projects.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: i64,
    /// Draw from simulated projects.
    #[arg(long)]
    simulated: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Draws and prints the sample, each project with what makes its risk.
pub(crate) async fn run(args: SampleArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = DrawInspectionSampleRequest {
        area_code: args.area,
        period: args.period,
        size: args.size,
        seed: args.seed,
        simulated: args.simulated,
        ..Default::default()
    };
    let answer = client.draw_inspection_sample(request).await.map_err(|s| from_status(&s))?.into_inner();
    let row = |project: &SampledProject| {
        let reason = |r: &uplift_proto::v1::metrics::RiskReason| {
            format!("{} (+{})", language.choose(&r.text_en, &r.text_zh), r.points)
        };
        let reasons: Vec<_> = project.reasons.iter().map(reason).collect();
        vec![
            project.project_id.clone(),
            language.choose(&project.area_name_en, &project.area_name_zh).to_owned(),
            project.accepted_on.clone(),
            project.risk.to_string(),
            reasons.join(language.choose("; ", "；")),
        ]
    };
    let listing = Listing {
        columns: match language {
            Language::En => vec!["project", "area", "accepted", "risk", "reasons"],
            Language::Zh => vec!["项目", "地区", "验收日期", "风险", "原因"],
        },
        numbers: vec![3],
        rows: answer.projects.iter().map(row).collect(),
    };
    listing.print(args.format)?;
    if args.format == OutputFormat::Table {
        let (drawn, population, seed) = (answer.projects.len(), answer.population, args.seed);
        say_in!(
            language,
            "{drawn} of {population} accepted projects, drawn by risk with seed {seed}",
            "从{population}个已验收项目中按风险抽取{drawn}个，随机种子{seed}"
        );
    }
    Ok(Outcome::Done)
}
