//! `uplift datasets` and `uplift template`: what can be handed in, and an empty file for it.

use uplift_core::dataset::Kind;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::ingest::GetTemplateRequest;
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;

use crate::cli::{Datasets, Language, Template};
use crate::commands::{Outcome, connect};
use crate::terminal::{Listing, say};

/// Lists the datasets, or the fields of one.
pub fn list(options: Datasets, language: Language) -> Result<Outcome> {
    let Some(name) = options.dataset else {
        let row = |d: &uplift_core::dataset::Dataset| {
            let title = language.of(&d.title.en, &d.title.zh).to_owned();
            vec![d.name.clone(), title, d.fields.len().to_string(), d.key.join(", ")]
        };
        let rows = uplift_proto::dataset::all().iter().map(row).collect();
        let listing = Listing { columns: vec!["dataset", "title", "fields", "key"], numbers: vec![2], rows };
        return listing.print(options.format).map(|()| Outcome::Done);
    };
    let found = uplift_proto::dataset::find(&name);
    let found = found
        .ok_or_else(|| Error::not_found(format!("there is no dataset {name:?}; see: uplift datasets")))?;
    let row = |f: &uplift_core::dataset::Field| {
        let holds = match &f.kind {
            Kind::Text(format) => format.describe().to_owned(),
            Kind::Code(codes) => codes.iter().map(|c| c.stored.as_str()).collect::<Vec<_>>().join(", "),
            Kind::Integer | Kind::Number | Kind::Money | Kind::Boolean => f.unit.clone(),
        };
        let required = if f.required { "yes" } else { "" };
        let title = language.of(&f.title.en, &f.title.zh).to_owned();
        vec![f.name.clone(), title, f.kind.name().to_owned(), required.to_owned(), holds]
    };
    let columns = vec!["field", "title", "type", "required", "holds"];
    let listing = Listing { columns, numbers: Vec::new(), rows: found.fields.iter().map(row).collect() };
    listing.print(options.format).map(|()| Outcome::Done)
}

/// Saves an empty file with a dataset's headings.
pub async fn template(options: Template, language: Language) -> Result<Outcome> {
    let mut client = IngestServiceClient::new(connect(&options.ingest_url).await?);
    let asked =
        GetTemplateRequest { dataset: options.dataset.clone(), language: language.of("en", "zh").to_owned() };
    let answer = client.get_template(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let output = options.output.unwrap_or_else(|| answer.file_name.clone().into());
    std::fs::write(&output, &answer.content).map_err(|e| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot write {}: {e}", output.display()))
    })?;
    say!("{}", output.display());
    Ok(Outcome::Done)
}
