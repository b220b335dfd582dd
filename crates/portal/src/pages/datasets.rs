//! What can be handed in: datasets, their fields, code lists and rules, and templates to fill in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use minijinja::context;
use rust_decimal::Decimal;
use uplift_core::chinese::chinese;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_core::unit::unit_name;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest::{Dataset, Field, GetDatasetRequest, GetTemplateRequest, ListDatasetsRequest};

use super::Answer;
use crate::cache::CachePolicy;
use crate::download::attachment;
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::{Visit, code};

/// All datasets.
pub(crate) async fn list(State(site): State<Arc<Site>>, visit: Visit) -> Answer {
    let request = ListDatasetsRequest::default();
    let answer = site.services.ingest().list_datasets(request).await.map_err(failed)?.into_inner();
    let datasets = answer.datasets.iter().map(|dataset| {
        serde_json::json!({
            "name": dataset.name, "title": visit.text(&dataset.title_en, &dataset.title_zh), "public": dataset.public,
            "key": dataset.key,
        })
    });
    let content = context! { datasets => to_value(datasets.collect::<Vec<_>>()) };
    let title = visit.text("Datasets", "数据集").to_owned();
    let page =
        Page { template: "datasets.html", title, simulated: false, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// One dataset.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, name)): Path<(String, String)>,
) -> Answer {
    let request = GetDatasetRequest { dataset: name.clone() };
    let answer = site.services.ingest().get_dataset(request).await.map_err(failed)?.into_inner();
    let dataset = answer.dataset.unwrap_or_default();
    let title = visit.text(&dataset.title_en, &dataset.title_zh).to_owned();
    let places = &site.services.places;
    let content = context! {
        dataset => to_value(view(&dataset, &visit)),
        call => places.call(Service::Ingest, "GetDataset", &serde_json::json!({ "dataset": name })),
        line => places.command(Service::Ingest, &format!("uplift datasets {name}")),
    };
    let page =
        Page { template: "dataset.html", title, simulated: false, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

fn view(dataset: &Dataset, visit: &Visit) -> serde_json::Value {
    let rules = dataset.rules.iter().map(|rule| (rule.field.as_str(), &rule.remedy, &rule.remedy_zh));
    let set_rules = dataset.set_rules.iter().map(|rule| (rule.field.as_str(), &rule.remedy, &rule.remedy_zh));
    let rules = rules.chain(set_rules).map(|(name, en, zh)| {
        let field = dataset.fields.iter().find(|field| field.name == name);
        let title = field.map_or(name, |field| visit.text(&field.title_en, &field.title_zh));
        serde_json::json!({ "field": title, "remedy": visit.text(en, zh) })
    });
    serde_json::json!({
        "name": dataset.name, "key": dataset.key, "public": dataset.public, "max_records": dataset.max_records,
        "fields": dataset.fields.iter().map(|f| field(f, &dataset.key, visit)).collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn field(field: &Field, key: &[String], visit: &Visit) -> serde_json::Value {
    let codes = field.codes.iter().map(|code| {
        serde_json::json!({ "stored": code.stored, "title": visit.text(&code.title_en, &code.title_zh) })
    });
    // Calls have money in fen; files, which this page is about, in yuan unless a heading says otherwise.
    let is_money = field.r#type == "money";
    let limit = |limit: &str| {
        let number = limit.parse::<Decimal>().ok();
        let number = number.map(|number| if is_money { number / Decimal::ONE_HUNDRED } else { number });
        // A year is no amount.
        let is_year = field.unit == "year";
        number.map(|number| if is_year { number.to_string() } else { grouped(number.normalize()) })
    };
    let format = match visit.language {
        Language::En => None,
        Language::Zh => chinese(&field.format),
    };
    let format = format.as_ref().unwrap_or(&field.format);
    let range = match (limit(&field.minimum), limit(&field.maximum)) {
        (None, None) => String::new(),
        (Some(low), None) => format!("≥ {low}"),
        (None, Some(high)) => format!("≤ {high}"),
        (Some(low), Some(high)) => format!("{low} – {high}"),
    };
    serde_json::json!({
        "name": field.name, "title": visit.text(&field.title_en, &field.title_zh),
        "other": visit.text(&field.title_zh, &field.title_en), "type": kind(&field.r#type, visit.language), "format": format,
        "unit": unit_name(if is_money { "CNY" } else { &field.unit }, visit.language), "required": field.required, "range": range,
        "personal": field.personal, "withheld": field.withheld, "is_key": key.contains(&field.name),
        "codes": codes.collect::<Vec<_>>(),
    })
}

/// What a field holds.
fn kind(kind: &str, language: Language) -> &str {
    match kind {
        "text" => language.choose("text", "文本"),
        "integer" => language.choose("whole number", "整数"),
        "number" => language.choose("number", "数值"),
        "money" => language.choose("money", "金额"),
        "boolean" => language.choose("yes or no", "是/否"),
        "code" => language.choose("code", "代码"),
        other => other,
    }
}

/// The template of a dataset, in the language of the page.
pub(crate) async fn template(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, dataset)): Path<(String, String)>,
) -> Result<Response, crate::failure::Failure> {
    let request = GetTemplateRequest { dataset, language: code(visit.language).to_owned() };
    let answer = site.services.ingest().get_template(request).await.map_err(failed)?.into_inner();
    Ok(attachment(answer.content, "text/csv; charset=utf-8", &answer.file_name, CachePolicy::Revalidate))
}
