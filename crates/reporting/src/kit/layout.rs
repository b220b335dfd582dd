//! What is where in a kit. docs/editions.md has it for readers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the kit is, and the digest of every other file.
pub(crate) const MANIFEST: &str = "kit.json";
/// The record of the edition, as the archive of reports keeps it.
pub(crate) const RECORD: &str = "edition.bin";
/// For who opens the archive by hand.
pub(crate) const README: &str = "README.txt";
/// The files that were published.
pub(crate) const FILES: &str = "files";
/// The definitions of indicators, and the tables.
pub(crate) const DEFINITIONS: &str = "definitions";
pub(crate) const TABLES: &str = "tables";
/// The template.
pub(crate) const TEMPLATE: &str = "template";

/// Layout that this program writes and reads.
pub(crate) const LAYOUT: u32 = 1;

/// What a kit is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Version of the layout.
    pub(crate) layout: u32,
    pub(crate) edition_id: String,
    /// SHA-256 of the record, in hex.
    pub(crate) edition_sha256: String,
    /// SHA-256 of every other file, in hex, by path.
    pub(crate) files: BTreeMap<String, String>,
}

/// The text for who opens the archive by hand.
pub(crate) fn readme(edition_id: &str, simulated: bool) -> String {
    let (en, zh) = match simulated {
        true => ("\nIts figures are of simulated records, at least in part.\n", "\n其中有模拟数据。\n"),
        false => ("", ""),
    };
    format!(
        "Replay kit of edition {edition_id}\n{en}\n\
         uplift report verify --kit FILE\n\n\
         compares every file with its digest and computes every figure again from the rows in this kit.\n\n\
         kit.json      what this is, and the SHA-256 of every file\n\
         edition.bin   the record: message uplift.reporting.v1.Edition\n\
         files/        what was published\n\
         template/     what it was written by\n\
         definitions/  the indicators, every version of each\n\
         tables/       the rows, as Delta Lake tables; what identifies a person is hashed\n\n\
         版本{edition_id}的复核包\n{zh}\n\
         uplift report verify --kit 文件\n\n\
         逐一核对文件摘要，并用包内数据行重新计算每项数据。\n\n\
         kit.json      说明及各文件的SHA-256\n\
         edition.bin   发布记录（uplift.reporting.v1.Edition）\n\
         files/        发布的文件\n\
         template/     模板\n\
         definitions/  指标定义及其历次版本\n\
         tables/       数据行（Delta Lake表），个人标识已作散列处理\n"
    )
}
