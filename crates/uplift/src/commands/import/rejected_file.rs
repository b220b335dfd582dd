//! The rejected rows of a file beside it, in a file of its own kind that nobody has edited.

use std::path::{Path, PathBuf};

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::v1::ingest::Rejection;

use super::arguments::ImportArgs;
use crate::saved_file::save_private;
use crate::terminal::{say, say_in};

/// Names that are tried for one file.
const MAX_NAMES: usize = 1_000;

/// Saves the rejected rows with their reasons, and says how to go on.
pub(super) fn save(
    args: &ImportArgs,
    bytes: Vec<u8>,
    rejections: &[Rejection],
    rejected: i64,
    mark: &str,
    language: Language,
) -> Result<()> {
    let reasons = uplift_formats::reasons(rejections, language);
    let dataset = uplift_proto::dataset::find(&args.dataset);
    let dataset =
        dataset.ok_or_else(|| Error::not_found(format!("there is no dataset {:?}", args.dataset)))?;
    let file = args.upload(bytes)?.open(dataset)?;
    let content = file.rejected_rows(&reasons)?;
    let path = free_path(&args.file, file.extension(), &content)?;
    save_private(&path, &content)?;
    let unexplained = rejected - reasons.len() as i64;
    if unexplained > 0 {
        let file = args.file.display();
        say_in!(
            language,
            "  and {unexplained} more rows were rejected, whose reasons are not kept: correct the same faults in {file} and \
             import it with --replace",
            "  另有{unexplained}行退回，原因未保留：请在{file}中改正同类错误，并加 --replace 重新导入",
        );
    }
    say_in!(
        language,
        "Rejected rows, with reasons: {}. Correct them there, then:",
        "退回的行及原因：{}。在其中改正后执行：",
        path.display()
    );
    say!("  {}", again(args, &path, mark));
    if args.replace {
        say_in!(
            language,
            "Without --replace: it would take away the rows that are accepted now.",
            "不要加 --replace，否则会移除现已入库的行。"
        );
    }
    Ok(())
}

/// The command that imports the corrected rows.
/// The decimal mark that the whole file shows goes with it: its rows alone may not show it.
fn again(args: &ImportArgs, path: &Path, mark: &str) -> String {
    let mut words = vec!["uplift import".to_owned(), quoted(&path.display().to_string())];
    let mut option = |name: &str, value: &str| words.push(format!("--{name} {}", quoted(value)));
    option("dataset", &args.dataset);
    option("area", &args.area);
    option("period", &args.period);
    args.units.iter().for_each(|unit| option("unit", unit));
    args.ignored.iter().for_each(|column| option("ignore", column));
    args.constants.iter().for_each(|constant| option("set", constant));
    let options = args.reading.options();
    options.encoding.iter().for_each(|name| option("encoding", name));
    options.missing_marks.iter().for_each(|mark| option("missing", mark));
    let said = args.reading.decimal_word();
    let mark = if said.is_empty() { mark } else { said };
    if ["point", "comma"].contains(&mark) {
        option("decimal", mark);
    }
    words.join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '=' | ',');
    if word.chars().all(plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A name beside the file that is free, or whose file is the same already: an edited one is somebody's work.
fn free_path(file: &Path, extension: &str, content: &[u8]) -> Result<PathBuf> {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let base = stem.split_once(".rejected").map_or(stem.as_str(), |(base, _)| base);
    let name = |n: usize| match n {
        1 => format!("{base}.rejected.{extension}"),
        n => format!("{base}.rejected-{n}.{extension}"),
    };
    let mut paths = (1..=MAX_NAMES).map(|n| file.with_file_name(name(n)));
    let free = paths.find(|path| match std::fs::read(path) {
        Ok(there) => there == content,
        Err(e) => e.kind() == std::io::ErrorKind::NotFound && std::fs::symlink_metadata(path).is_err(),
    });
    free.ok_or_else(|| {
        let message = format!("there are {MAX_NAMES} files of rejected rows already; move them away");
        Error::invalid_field(file.display().to_string(), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_file_of_rejected_rows_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("funds.csv");
        let name = |file: &Path, content: &[u8]| {
            let path = free_path(file, "csv", content).unwrap();
            path.file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(name(&file, b"a"), "funds.rejected.csv");
        std::fs::write(folder.path().join("funds.rejected.csv"), "a").unwrap();
        assert_eq!(name(&file, b"a"), "funds.rejected.csv");
        assert_eq!(name(&file, b"b"), "funds.rejected-2.csv");
        let rejected = folder.path().join("funds.rejected.csv");
        assert_eq!(name(&rejected, b"b"), "funds.rejected-2.csv");
        std::fs::write(folder.path().join("funds.rejected-2.csv"), "b").unwrap();
        assert_eq!(name(&folder.path().join("funds.rejected-2.csv"), b"c"), "funds.rejected-3.csv");
    }
}
