//! `uplift report list` and `templates`: reports that are kept, and what they can be written by.

use clap::Args;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{ListReportsRequest, ListTemplatesRequest, Report, Template};

use crate::arguments::{OutputFormat, ReportingAddress};
use crate::outcome::Outcome;
use crate::terminal::{Listing, remark};

#[derive(Debug, Args)]
pub(super) struct TemplatesArgs {
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: ReportingAddress,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn reports(args: ListArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let (mut reports, mut damaged, mut request) = (Vec::new(), Vec::new(), ListReportsRequest::default());
    loop {
        let page = client.list_reports(request.clone()).await.map_err(|s| from_status(&s))?.into_inner();
        reports.extend(page.reports);
        damaged.extend(page.damaged_report_ids);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let row = |report: &Report| {
        vec![
            report.report_id.clone(),
            report.create_time.map(|time| time.to_string()).unwrap_or_default(),
            language.choose(&report.title_en, &report.title_zh).to_owned(),
            report.template.clone(),
            report.area_code.clone(),
            report.period.clone(),
            report.figures.to_string(),
        ]
    };
    let columns = match language {
        Language::En => vec!["report", "written", "title", "template", "area", "period", "figures"],
        Language::Zh => vec!["报告", "生成时间", "标题", "模板", "地区", "时期", "数据项"],
    };
    Listing { columns, numbers: vec![6], rows: reports.iter().map(row).collect() }.print(args.format)?;
    for id in &damaged {
        remark(&match language {
            Language::En => format!("report {id} cannot be read; restore it from a backup"),
            Language::Zh => format!("报告{id}无法读取，请从备份恢复"),
        });
    }
    Ok(if damaged.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}

pub(super) async fn templates(args: TemplatesArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let answer = client.list_templates(ListTemplatesRequest {}).await.map_err(|s| from_status(&s))?;
    let templates = answer.into_inner().templates;
    let row = |template: &Template| {
        let title = language.choose(&template.title_en, &template.title_zh);
        vec![template.template_id.clone(), title.to_owned(), template.problems.join("; ")]
    };
    let columns = match language {
        Language::En => vec!["template", "title", "problems"],
        Language::Zh => vec!["模板", "标题", "问题"],
    };
    Listing { columns, numbers: Vec::new(), rows: templates.iter().map(row).collect() }.print(args.format)?;
    let wrong = templates.iter().any(|template| !template.problems.is_empty());
    Ok(if wrong { Outcome::ProblemsFound } else { Outcome::Done })
}
