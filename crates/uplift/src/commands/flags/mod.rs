//! `uplift flags`: records that look like abuse, and the findings that supervision may make of them.

mod findings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use uplift_client::{MetricsClient, connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{
    ListRedFlagsRequest, ListRedFlagsResponse, RedFlag, RedFlagCount, RedFlagRule,
};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct FlagsArgs {
    /// Area code.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Period: flags whose last record is of it.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// List what this rule found; may be given several times. Without it, how much every rule found.
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// Limit of a rule in place of the declared one, for example shared_account.households=4.
    #[arg(long = "limit", value_name = "RULE.LIMIT=N", value_parser = limit)]
    limits: Vec<(String, f64)>,
    /// Show what every rule finds, with its limits.
    #[arg(long)]
    explain: bool,
    /// Write the flags as findings for supervision to confirm, a CSV file of the dataset finding. Nothing is handed in.
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Flags of a page.
const MAX_PAGE: i32 = 10_000;

impl FlagsArgs {
    /// Whether only how much rules find is shown.
    fn only_counts(&self) -> bool {
        let lists = !self.rules.is_empty() || self.findings.is_some() || self.format != OutputFormat::Table;
        self.explain || !lists
    }
}

fn limit(text: &str) -> Result<(String, f64), String> {
    let wanted = || format!("{text:?} is not a limit; write it as shared_account.households=4");
    let (name, value) = text.split_once('=').ok_or_else(wanted)?;
    Ok((name.trim().to_owned(), value.trim().parse().map_err(|_| wanted())?))
}

/// Lists what rules found; exits 1 if they found anything.
pub(crate) async fn run(args: FlagsArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let (counts, flags) = all_flags(&mut client, &args).await?;
    if args.explain {
        explain(&counts, language);
        return Ok(Outcome::Done);
    }
    let listing = match (args.format, args.rules.is_empty()) {
        (OutputFormat::Table, true) => of_rules(&counts, language),
        (OutputFormat::Table, false) => of_flags(&flags, language),
        _ => plain(&flags, language),
    };
    listing.print(args.format)?;
    let found: i64 = counts.iter().map(|count| count.flags).sum();
    if args.format == OutputFormat::Table {
        let simulated: i64 = counts.iter().map(|count| count.simulated).sum();
        say_in!(
            language,
            "Flags: {found}, of simulated records: {simulated}. A flag is a reason to look, and proves nothing.",
            "疑点{found}条，其中模拟数据{simulated}条。疑点只是核查线索，不是结论。"
        );
    }
    if let Some(file) = &args.findings {
        findings::keep(file, &counts, &flags, language)?;
    }
    Ok(if found == 0 { Outcome::Done } else { Outcome::ProblemsFound })
}

/// Every page of the answer.
async fn all_flags(
    client: &mut MetricsClient,
    args: &FlagsArgs,
) -> Result<(Vec<RedFlagCount>, Vec<RedFlag>)> {
    let mut request = ListRedFlagsRequest {
        area_code: args.area.clone(),
        period: args.period.clone(),
        rules: args.rules.clone(),
        limits: args.limits.iter().cloned().collect(),
        // Every page applies the rules anew; how much they find is told with the first.
        page_size: if args.only_counts() { 1 } else { MAX_PAGE },
        ..ListRedFlagsRequest::default()
    };
    let (mut counts, mut flags) = (Vec::new(), Vec::new());
    loop {
        let answer = client.list_red_flags(request.clone()).await.map_err(|s| from_status(&s))?;
        let ListRedFlagsResponse { counts: told, flags: page, next_page_token, .. } = answer.into_inner();
        counts.extend(told);
        flags.extend(page);
        if next_page_token.is_empty() || args.only_counts() {
            return Ok((counts, flags));
        }
        request.page_token = next_page_token;
    }
}

fn rule(count: &RedFlagCount) -> RedFlagRule {
    count.rule.clone().unwrap_or_default()
}

fn of_rules(counts: &[RedFlagCount], language: Language) -> Listing<'static> {
    let row = |count: &RedFlagCount| {
        let rule = rule(count);
        vec![
            rule.rule,
            language.choose(&rule.title_en, &rule.title_zh).to_owned(),
            count.flags.to_string(),
            count.simulated.to_string(),
            count.records.to_string(),
            yuan(&count.amount),
        ]
    };
    Listing {
        columns: match language {
            Language::En => vec!["rule", "finds", "flags", "simulated", "records", "yuan"],
            Language::Zh => vec!["规则", "疑点", "条数", "其中模拟", "涉及记录", "金额（元）"],
        },
        numbers: vec![2, 3, 4, 5],
        rows: counts.iter().map(row).collect(),
    }
}

fn of_flags(flags: &[RedFlag], language: Language) -> Listing<'static> {
    let row = |flag: &RedFlag| {
        let name = language.choose(&flag.area_name_en, &flag.area_name_zh);
        let mark = if flag.simulated { language.choose(" (simulated)", "（模拟）") } else { "" };
        vec![
            flag.rule.clone(),
            if name.is_empty() { flag.area_code.clone() } else { name.to_owned() },
            flag.date.clone(),
            yuan(&flag.amount),
            format!("{}{mark}", language.choose(&flag.text_en, &flag.text_zh)),
            findings::shown_records(flag),
        ]
    };
    Listing {
        columns: match language {
            Language::En => vec!["rule", "area", "date", "yuan", "what", "records"],
            Language::Zh => vec!["规则", "地区", "日期", "金额（元）", "疑点", "记录"],
        },
        numbers: vec![3],
        rows: flags.iter().map(row).collect(),
    }
}

fn yuan(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), grouped)
}

fn explain(counts: &[RedFlagCount], language: Language) {
    for rule in counts.iter().map(rule) {
        say!("{}  {}", rule.rule, language.choose(&rule.title_en, &rule.title_zh));
        say!("  {}", language.choose(&rule.definition_en, &rule.definition_zh));
        let limits: BTreeMap<_, _> = rule.limits.into_iter().collect();
        for (limit, value) in limits {
            say!("  --limit {}.{limit}={value}", rule.rule);
        }
    }
}

/// Every flag for programs.
fn plain(flags: &[RedFlag], language: Language) -> Listing<'static> {
    let row = |flag: &RedFlag| {
        vec![
            flag.flag_id.clone(),
            flag.rule.clone(),
            flag.simulated.to_string(),
            flag.area_code.clone(),
            flag.date.clone(),
            flag.amount.clone(),
            language.choose(&flag.text_en, &flag.text_zh).to_owned(),
            flag.dataset.clone(),
            flag.records.join(" "),
            flag.record_count.to_string(),
            flag.household_id.clone(),
            flag.project_id.clone(),
            flag.programme_id.clone(),
            flag.organisation_id.clone(),
        ]
    };
    Listing {
        columns: vec![
            "flag_id",
            "rule",
            "simulated",
            "area_code",
            "date",
            "amount",
            "text",
            "dataset",
            "records",
            "record_count",
            "household_id",
            "project_id",
            "programme_id",
            "organisation_id",
        ],
        numbers: Vec::new(),
        rows: flags.iter().map(row).collect(),
    }
}
