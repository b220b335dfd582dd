//! What is said of a report that was written.

use std::path::Path;

use uplift_core::language::Language;
use uplift_proto::v1::reporting::Report;

use crate::terminal::say;

/// What was written, and where it is.
pub(super) fn print_report(report: &Report, folder: &Path, language: Language) {
    let title = language.choose(&report.title_en, &report.title_zh);
    match language {
        Language::En => {
            say!("{title}: {} figures, {} contradictions", report.figures, report.contradictions);
        }
        Language::Zh => say!("{title}：{}个数字，{}处不相符", report.figures, report.contradictions),
    }
    for file in report.files.iter().filter(|file| !file.name.ends_with(".csv")) {
        say!("  {}", folder.join(&file.name).display());
    }
    let tables = report.files.iter().filter(|file| file.name.ends_with(".csv")).count();
    if tables > 0 {
        match language {
            Language::En => say!("  {tables} tables as CSV in {}", folder.display()),
            Language::Zh => say!("  CSV数据表{tables}个，位于{}", folder.display()),
        }
    }
}
