//! Flags as findings, for supervision to look at.

use std::collections::HashMap;
use std::path::Path;

use chrono::{Datelike, Utc};
use uplift_core::cell;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::dataset::{find, stored_title};
use uplift_proto::v1::metrics::{RedFlag, RedFlagCount};

use crate::saved_file::save_private;
use crate::terminal::say_in;

/// Writes findings of real records to a new file, and tells what is left out.
pub(super) fn keep(
    file: &Path,
    counts: &[RedFlagCount],
    flags: &[RedFlag],
    language: Language,
) -> Result<()> {
    if file.exists() {
        let message = format!("{} exists, and may have been edited; name another file", file.display());
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    // A finding concerns something; a simulated one would be handed in as real.
    let concerns = |flag: &&RedFlag| {
        let named = [&flag.project_id, &flag.programme_id, &flag.organisation_id];
        named.iter().any(|name| !name.is_empty()) || flag.area_code.len() == 12
    };
    let real: Vec<&RedFlag> = flags.iter().filter(|flag| !flag.simulated).collect();
    let (kept, left): (Vec<&RedFlag>, Vec<&RedFlag>) = real.iter().copied().partition(concerns);
    save_private(file, &findings(counts, &kept, language)?)?;
    let (kept, simulated) = (kept.len(), flags.len() - real.len());
    let (path, left, year) = (file.display(), left.len(), Utc::now().year());
    say_in!(
        language,
        "{path}: {kept} findings to look at; hand in those that supervision confirms with --dataset finding --period {year}. Left out: of simulated records {simulated}, without a line of work, project or village {left}.",
        "{path}：待核实问题{kept}个；核实后以--dataset finding --period {year}上报。未写入：模拟数据{simulated}条，无工作类别、项目或村的{left}条。"
    );
    Ok(())
}

/// The keys of a flag's records, as many as the service tells.
pub(super) fn shown_records(flag: &RedFlag) -> String {
    let shown = flag.records.join(" ");
    let more = (flag.record_count as usize).saturating_sub(flag.records.len());
    if more > 0 { format!("{} {shown} +{more}", flag.dataset) } else { format!("{} {shown}", flag.dataset) }
}

/// The flags as records of findings, which an officer looks at before they are handed in; headings and codes are in the
/// reader's language.
fn findings(counts: &[RedFlagCount], flags: &[&RedFlag], language: Language) -> Result<Vec<u8>> {
    let kinds: HashMap<String, String> = counts
        .iter()
        .filter_map(|count| count.rule.clone())
        .map(|rule| (rule.rule, rule.finding_kind))
        .collect();
    let failed = |e: String| Error::internal("writing findings", e);
    let dataset = find("finding").ok_or_else(|| failed("there is no dataset finding".to_owned()))?;
    let columns = [
        "finding_id",
        "date",
        "kind",
        "severity",
        "found_by",
        "area_code",
        "project_id",
        "programme_id",
        "organisation_id",
        "budget_year",
        "amount_fen",
        "description",
    ];
    let heading = |name: &&str| {
        let title = dataset.field(name).map_or(*name, |field| field.title.text(language));
        let money = language.choose(" (yuan)", "（元）");
        if *name == "amount_fen" { format!("{title}{money}") } else { title.to_owned() }
    };
    let code = |field: &str, stored: &str| {
        stored_title("finding", field, stored)
            .map_or(stored.to_owned(), |title| title.text(language).to_owned())
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(heading)).map_err(|e| failed(e.to_string()))?;
    let today = Utc::now().date_naive().to_string();
    for flag in flags {
        let text = language.choose(&flag.text_en, &flag.text_zh);
        let described: String =
            format!("{text} ({})", shown_records(flag)).chars().take(MAX_DESCRIPTION).collect();
        let cells = [
            format!("flag-{}", flag.flag_id),
            today.clone(),
            code("kind", kinds.get(&flag.rule).unwrap_or(&flag.rule)),
            code("severity", "major"),
            code("found_by", "data_comparison"),
            flag.area_code.clone(),
            flag.project_id.clone(),
            flag.programme_id.clone(),
            flag.organisation_id.clone(),
            flag.date.chars().take(4).collect(),
            flag.amount.clone(),
            described,
        ];
        let cells = cells.iter().map(|cell| cell::shown(cell).into_owned());
        writer.write_record(cells).map_err(|e| failed(e.to_string()))?;
    }
    writer.into_inner().map_err(|e| failed(e.to_string()))
}

/// Characters that a description may have.
const MAX_DESCRIPTION: usize = 500;
