//! A report template: a folder of text files, typed when it is loaded.
//!
//! `report.toml` has the structure: figures by name, tables, charts, sections. `en.ftl` and `zh.ftl` have the texts, with
//! figures in place. What is wrong is told with its file and line, all of it at once.

mod annex;
mod check;
mod condition;
mod files;
mod model;
mod reference;
mod source;
mod structure;
mod text;

pub(crate) use self::annex::Annex;
pub(crate) use self::check::Indicators;
pub(crate) use self::condition::{Comparison, Condition};
pub(crate) use self::files::{TEMPLATE_FILES, template_digest};
pub(crate) use self::model::{ChartDeclaration, Content, TableDeclaration, Template};
pub(crate) use self::reference::FigureReference;
pub(crate) use self::source::{Templates, load_folder};
pub(crate) use self::structure::{Breakdown, ChartKind};
pub(crate) use self::text::{Form, Part, Selector};
