//! Where templates come from: those that Uplift ships, and those of an office's folder.

use std::path::{Path, PathBuf};

use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::nearest::nearest;

use super::check::Indicators;
use super::files::{SourceFile, SourceFiles, TEMPLATE_FILES};
use super::model::Template;

/// The three files of a shipped template.
macro_rules! shipped {
    ($id:literal) => {
        [
            include_str!(concat!("../../templates/", $id, "/report.toml")),
            include_str!(concat!("../../templates/", $id, "/en.ftl")),
            include_str!(concat!("../../templates/", $id, "/zh.ftl")),
        ]
    };
}

/// Shipped templates: id, structure, English and Chinese texts.
const SHIPPED: [(&str, [&str; 3]); 4] = [
    ("annual", shipped!("annual")),
    ("scorecard", shipped!("scorecard")),
    ("county", shipped!("county")),
    ("reconciliation", shipped!("reconciliation")),
];

/// Bytes of a template's file.
const MAX_FILE: u64 = 1 << 20;

/// The templates that a report can be written by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Templates {
    /// An office's own: a folder for each, which comes before a shipped one of the same name.
    folder: Option<PathBuf>,
}

impl Templates {
    /// The shipped templates, and those of a folder.
    pub(crate) fn with_folder(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The ids, an office's own first.
    pub(crate) fn ids(&self) -> Vec<String> {
        let own = self.folder.as_deref().and_then(|folder| std::fs::read_dir(folder).ok());
        let own = own.into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
        let mut ids: Vec<_> = own.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        ids.retain(|id| !id.starts_with('.'));
        ids.sort();
        for (id, _) in SHIPPED {
            if !ids.iter().any(|own| own == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// A template by its id, checked against the indicators.
    pub(crate) fn load(&self, id: &str, indicators: &Indicators) -> Result<Template> {
        // An id is the name of a folder: what could leave the folder of templates is not an id.
        let is_id = !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if !is_id {
            let message =
                format!("{id:?} is not a name of a template; use letters, digits, - and _ for its folder");
            return Err(Error::invalid_field("template", message));
        }
        if let Some(folder) = self.folder.as_ref().map(|folder| folder.join(id))
            && folder.is_dir()
        {
            return load_folder(&folder, indicators);
        }
        let shipped = SHIPPED.iter().find(|(known, _)| *known == id);
        let Some((_, contents)) = shipped else {
            let ids = self.ids();
            let hint = nearest(id, ids.iter().map(String::as_str)).unwrap_or_default();
            let message =
                format!("{id:?} is not a template; did you mean {hint}? There are {}", ids.join(", "));
            return Err(Error::invalid_field("template", message));
        };
        Template::read(&files(id, contents.map(str::to_owned)), indicators)
    }
}

/// The template of a folder.
pub(crate) fn load_folder(folder: &Path, indicators: &Indicators) -> Result<Template> {
    let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or("template");
    let mut contents = [const { String::new() }; 3];
    for (content, name) in contents.iter_mut().zip(TEMPLATE_FILES) {
        let path = folder.join(name);
        let unreadable = |e: std::io::Error| {
            Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", path.display()))
        };
        let about = std::fs::metadata(&path).map_err(unreadable)?;
        let shown = format!("{id}/{name}");
        if !about.is_file() {
            return Err(Error::invalid_field(shown, "is not a regular file; put the file itself here"));
        }
        if about.len() > MAX_FILE {
            return Err(Error::invalid_field(shown, "is larger than 1 MiB"));
        }
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        // Some editors begin a file with a mark of its encoding.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        *content = match std::str::from_utf8(bytes) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(e) => {
                let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
                return Err(Error::invalid_field(
                    format!("{shown}, line {line}"),
                    "is not UTF-8 (perhaps GBK); save the file as UTF-8",
                ));
            }
        };
    }
    Template::read(&files(id, contents), indicators)
}

fn files(id: &str, contents: [String; 3]) -> SourceFiles {
    let [structure, en, zh] = contents;
    let file = |name: &str, content| SourceFile { name: format!("{id}/{name}"), content };
    SourceFiles {
        id: id.to_owned(),
        structure: file(TEMPLATE_FILES[0], structure),
        en: file(TEMPLATE_FILES[1], en),
        zh: file(TEMPLATE_FILES[2], zh),
    }
}
