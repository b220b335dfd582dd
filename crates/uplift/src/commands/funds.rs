//! `uplift funds`: where the money of a budget year is.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;
use rust_decimal::Decimal;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{FundNode, FundStage, FundStatement, GetFundStatementRequest};
use uplift_proto::v1::records::AreaLevel;

use crate::arguments::{Level, MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct FundsArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Budget year, or a part of it: the budget year up to its end.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Tell the areas of this level apart.
    #[arg(long = "by", value_enum, value_name = "LEVEL")]
    by_level: Option<Level>,
    /// Money of this project alone, of all its sources.
    #[arg(long, value_name = "ID", default_value = "")]
    project: String,
    /// Use the tables as they were at this instant, for example 2011-12-31T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<DateTime<Utc>>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Prints every node of the money's way, with what came in, went out, is left and is unexplained.
pub(crate) async fn run(args: FundsArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let request = GetFundStatementRequest {
        area_code: args.area.clone(),
        period: args.period.clone(),
        by_level: args.by_level.map_or(AreaLevel::Unspecified, Into::into).into(),
        project_id: args.project,
        as_of: args.as_of.map(|instant| SystemTime::from(instant).into()),
        ..Default::default()
    };
    let answer = client.get_fund_statement(request).await.map_err(|s| from_status(&s))?.into_inner();
    let mut unexplained = 0;
    if answer.statements.is_empty() && args.format == OutputFormat::Table {
        let (area, period) = (&args.area, &args.period);
        say_in!(
            language,
            "No fund flows of area {area} are on record for {period}.",
            "没有地区{area}在{period}的资金收支记录。"
        );
    }
    for statement in &answer.statements {
        unexplained +=
            statement.nodes.iter().filter(|node| amount(&node.unexplained) != Decimal::ZERO).count();
        print(statement, args.format, language)?;
    }
    if unexplained > 0 && args.format == OutputFormat::Table {
        say_in!(
            language,
            "{unexplained} nodes paid out money whose receipt nobody recorded: records are missing, or of another budget year, source or line of work.",
            "{unexplained}个环节有来源不明的支出：缺少上一环节的记录，或其预算年度、资金来源、工作类别不一致。"
        );
    }
    Ok(if unexplained == 0 { Outcome::Done } else { Outcome::ProblemsFound })
}

fn print(statement: &FundStatement, format: OutputFormat, language: Language) -> Result<()> {
    let shown = |text: &String| match format {
        OutputFormat::Table => grouped(amount(text)),
        _ => text.clone(),
    };
    let row = |node: &FundNode| {
        let stage = FundStage::try_from(node.stage).unwrap_or_default();
        let own = [stage_name(stage, language).to_owned(), node.code.clone()];
        let name = language.choose(&node.name_en, &node.name_zh).to_owned();
        let amounts = [&node.inflow, &node.outflow, &node.balance, &node.unexplained].map(shown);
        own.into_iter().chain([name]).chain(amounts).collect()
    };
    let listing = Listing {
        columns: match language {
            Language::En => vec!["stage", "code", "name", "in", "out", "balance", "unexplained"],
            Language::Zh => vec!["环节", "编码", "名称", "收入", "支出", "结余", "来源不明"],
        },
        numbers: vec![3, 4, 5, 6],
        rows: statement.nodes.iter().map(row).collect(),
    };
    listing.print(format)?;
    if format == OutputFormat::Table {
        say!(
            "{}",
            language.choose(
                "yuan; in = out + balance + unexplained at each node",
                "单位：元；各环节：收入＝支出＋结余＋来源不明"
            )
        );
        if statement.simulated {
            say!("{}", language.choose("from simulated records", "据模拟数据"));
        }
    }
    Ok(())
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap_or_default()
}

fn stage_name(stage: FundStage, language: Language) -> &'static str {
    let (en, zh) = match stage {
        FundStage::Source => ("budget by source", "预算来源"),
        FundStage::Programme => ("budget by line of work", "预算类别"),
        FundStage::Area => ("allocated to area", "下达地区"),
        FundStage::Spending => ("disbursed in area", "拨付地区"),
        FundStage::Spent => ("spent", "支出"),
        FundStage::Unspecified => ("", ""),
    };
    language.choose(en, zh)
}
