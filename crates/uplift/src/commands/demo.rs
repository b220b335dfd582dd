//! `uplift demo`: everything once, from the article to an edition and what would change it, through the real services.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use tonic::transport::Channel;
use uplift_client::{MetricsClient, all_checks, connect};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{CheckStatementsRequest, Verdict};
use uplift_proto::v1::reporting::GenerateReportRequest;
use uplift_server::config::Config;
use uplift_server::node::Node;
use uplift_simulate::article::Document;
use uplift_simulate::{Article, Plan};

use crate::arguments::{OutputFormat, ProgrammeSize};
use crate::commands::{check, demo_edition, load, scorecard, serve};
use crate::figure_text::{print_agreement_note, print_margin_note, print_simulated_note};
use crate::outcome::Outcome;
use crate::terminal::{say, say_in};

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for tables and reports.
    #[arg(long, value_name = "DIR", default_value = "uplift-demo", env = "UPLIFT_DATA_DIR")]
    data_dir: PathBuf,
    #[command(flatten)]
    size: ProgrammeSize,
    /// Keep the services running on their usual ports until Ctrl-C.
    #[arg(long)]
    serve: bool,
}

pub(crate) async fn run(args: DemoArgs, language: Language) -> Result<Outcome> {
    let began = Instant::now();
    let config = match args.serve {
        true => Config { data_dir: args.data_dir.clone(), ..Config::default() },
        false => Config::on_free_ports(&args.data_dir),
    };
    let node = Node::start(&config).await?;
    let article = Article::chongqing_2011()?;
    let document = &article.document;
    say!("{}", language.choose(&document.title_en, &document.title_zh));

    let plan = Plan { households: args.size.households, seed: args.size.seed };
    load::submit(connect_to(&node, Service::Ingest).await?, &article, plan, language).await?;
    let mut metrics = uplift_client::metrics(connect_to(&node, Service::Metrics).await?);
    show_scorecard(&mut metrics, document, language).await?;
    let contradictions = show_contradictions(&mut metrics, document, language).await?;

    let folder = args.data_dir.join("report");
    let request = GenerateReportRequest {
        document_id: document.document_id.clone(),
        // Without records there is nothing but the article to report on.
        template: if args.size.households == 0 { "reconciliation" } else { "annual" }.to_owned(),
        area_code: document.area_code.clone(),
        period: document.period.clone(),
        ..GenerateReportRequest::default()
    };
    let reporting = connect_to(&node, Service::Reporting).await?;
    let (edition, written) =
        demo_edition::publish(reporting.clone(), request, &contradictions, &folder, language).await?;
    let page = written.files.first().map(|file| folder.join(&file.name)).unwrap_or(folder);
    let path = page.canonicalize().unwrap_or(page);
    say_in!(
        language,
        "Report with {} figures: file://{}",
        "报告（{}个数字）：file://{}",
        written.figures,
        path.display()
    );
    if args.size.households > 0 {
        let ingest = connect_to(&node, Service::Ingest).await?;
        demo_edition::correct(ingest, reporting, &edition, language).await?;
    }
    let tables = args.data_dir.join("tables");
    say_in!(language, "Tables: {} (any Delta reader)", "数据表：{}（任何Delta工具可读）", tables.display());
    say_in!(language, "Done in {:.1} s.", "完成，用时{:.1}秒。", began.elapsed().as_secs_f64());
    if !args.serve {
        say_in!(
            language,
            "Next: uplift demo --serve, then open http://localhost:7104 or: grpcurl -plaintext localhost:7102 list",
            "下一步：uplift demo --serve，然后打开 http://localhost:7104 或执行 grpcurl -plaintext localhost:7102 list"
        );
        return node.stop().await.map(|()| Outcome::Done);
    }
    for (service, address) in node.addresses() {
        say_in!(language, "{service} serves at {address}", "{service} 服务地址：{address}");
    }
    if let Some(address) = node.portal() {
        say_in!(language, "Open in a browser: http://{address}/", "用浏览器打开：http://{address}/");
    }
    say_in!(language, "Ctrl-C stops.", "按 Ctrl-C 停止。");
    serve::until_signal(node).await
}

async fn show_scorecard(metrics: &mut MetricsClient, document: &Document, language: Language) -> Result<()> {
    let (figures, indicators) = scorecard::figures(metrics, &document.area_code, &document.period).await?;
    say!(
        "{}{}",
        language.choose("Scorecard of ", ""),
        document.period.clone() + language.choose("", "年度概览")
    );
    scorecard::listing(&figures, &indicators, language).print(OutputFormat::Table)?;
    print_simulated_note(&figures, language);
    print_margin_note(&figures, language);
    print_agreement_note(&figures, language);
    Ok(())
}

/// Shows the checks that no values can satisfy, and returns their ids.
async fn show_contradictions(
    metrics: &mut MetricsClient,
    document: &Document,
    language: Language,
) -> Result<Vec<String>> {
    let request = CheckStatementsRequest { document_id: document.document_id.clone(), ..Default::default() };
    let answer = all_checks(metrics, request).await?;
    say!("{}", check::summary(&answer, language));
    let contradictions: Vec<_> =
        answer.results.iter().filter(|r| r.verdict() == Verdict::Inconsistent).cloned().collect();
    check::listing(&contradictions, language).print(OutputFormat::Table)?;
    check::explanations(&answer.conflict_groups, language).iter().for_each(|line| say!("{line}"));
    Ok(contradictions.into_iter().filter_map(|result| Some(result.check?.check_id)).collect())
}

async fn connect_to(node: &Node, service: Service) -> Result<Channel> {
    let address = node.address(service);
    let address = address.ok_or_else(|| Error::internal("connecting", format!("{service} does not run")))?;
    connect(&format!("http://{address}")).await
}
