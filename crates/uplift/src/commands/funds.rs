//! `uplift funds`: where the money of a budget year is.

use std::path::{Path, PathBuf};
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
use uplift_reporting::fund_picture;

use crate::arguments::{Level, MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::saved_file::save;
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
    /// Also draw it as a picture (SVG): bands as thick as what flows. Real and simulated records make two, the second with
    /// -simulated in its name.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
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
    let is_table = args.format == OutputFormat::Table;
    if answer.statements.is_empty() && is_table {
        let (area, period) = (&args.area, &args.period);
        say_in!(
            language,
            "No such money of area {area} is on record for {period}; correct the area, the project or the period, or import fund flows.",
            "没有地区{area}在{period}的此类资金记录；请改正地区、项目或时期，或先导入资金收支。"
        );
    }
    for statement in &answer.statements {
        if is_table {
            print(statement, language)?;
        }
        if let Some(path) = &args.picture {
            let path = picture_path(path, statement.simulated && answer.statements.len() > 1);
            save(&path, fund_picture(statement, language).as_bytes())?;
            eprintln!("{}", path.display());
        }
    }
    if !is_table {
        plain(&answer.statements).print(args.format)?;
    }
    let nodes = answer.statements.iter().flat_map(|statement| &statement.nodes);
    let unexplained = nodes.filter(|node| amount(&node.unexplained) != Decimal::ZERO).count();
    if unexplained > 0 && is_table {
        say_in!(
            language,
            "Nodes with money that is unexplained: {unexplained}. Below zero more was paid out than recorded as received: records are missing, or of another budget year, source or line of work. Above zero less was counted than should be left.",
            "有不明资金的环节：{unexplained}个。负数为支出多于收入记录：缺少上一环节的记录，或其预算年度、资金来源、工作类别不一致；正数为账面结余少于应有结余。"
        );
    }
    Ok(if unexplained == 0 { Outcome::Done } else { Outcome::ProblemsFound })
}

/// A statement for reading.
fn print(statement: &FundStatement, language: Language) -> Result<()> {
    let row = |node: &FundNode| {
        let stage = FundStage::try_from(node.stage).unwrap_or_default();
        let name = language.choose(&node.name_en, &node.name_zh).to_owned();
        let own = [stage_name(stage, language).to_owned(), node.code.clone(), name];
        own.into_iter().chain(amounts(node).map(|text| grouped(amount(text)))).collect()
    };
    let listing = Listing {
        columns: match language {
            Language::En => vec!["stage", "code", "name", "in", "out", "balance", "unexplained"],
            Language::Zh => vec!["环节", "编码", "名称", "收入", "支出", "结余", "不明"],
        },
        numbers: vec![3, 4, 5, 6],
        rows: statement.nodes.iter().map(row).collect(),
    };
    listing.print(OutputFormat::Table)?;
    say!(
        "{}",
        language.choose(
            "yuan; in = out + balance + unexplained at each node",
            "单位：元；各环节：收入＝支出＋结余＋不明"
        )
    );
    if statement.simulated {
        say!("{}", language.choose("from simulated records", "据模拟数据"));
    }
    Ok(())
}

/// Statements for programs, told apart by a column.
fn plain(statements: &[FundStatement]) -> Listing<'_> {
    let row = |(simulated, node): (bool, &FundNode)| {
        let own = [node.node_id.clone(), node.code.clone(), node.name_en.clone(), node.name_zh.clone()];
        own.into_iter().chain(amounts(node).map(str::to_owned)).chain([simulated.to_string()]).collect()
    };
    let all = statements.iter().flat_map(|s| s.nodes.iter().map(|node| (s.simulated, node)));
    Listing {
        columns: vec![
            "node",
            "code",
            "name_en",
            "name_zh",
            "inflow",
            "outflow",
            "balance",
            "unexplained",
            "simulated",
        ],
        numbers: Vec::new(),
        rows: all.map(row).collect(),
    }
}

fn amounts(node: &FundNode) -> [&str; 4] {
    [&node.inflow, &node.outflow, &node.balance, &node.unexplained].map(String::as_str)
}

/// The file of a statement's picture.
fn picture_path(path: &Path, is_second: bool) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-simulated.{}", extension.to_string_lossy()),
        None => format!("{stem}-simulated"),
    };
    if is_second { path.with_file_name(name) } else { path.to_owned() }
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
