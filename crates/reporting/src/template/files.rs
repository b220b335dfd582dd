//! The files of a template, and what is wrong with them by file and line.

use std::fmt;

use uplift_core::error::FieldViolation;

use crate::digest::digest;

/// A file of a template.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// As people find it: annual/report.toml.
    pub(super) name: String,
    pub(super) content: String,
}

/// Names of a template's files.
pub(crate) const TEMPLATE_FILES: [&str; 3] = ["report.toml", "en.ftl", "zh.ftl"];

/// SHA-256 of the files of a template in their order, each after its length, in hex.
pub(crate) fn template_digest(files: [&[u8]; 3]) -> String {
    let mut content = Vec::new();
    for file in files {
        content.extend_from_slice(&(file.len() as u64).to_be_bytes());
        content.extend_from_slice(file);
    }
    digest(&content)
}

/// The files of a template.
#[derive(Debug, Clone)]
pub(crate) struct SourceFiles {
    pub(super) id: String,
    pub(super) structure: SourceFile,
    pub(super) en: SourceFile,
    pub(super) zh: SourceFile,
}

impl SourceFiles {
    /// Name and content of each.
    pub(crate) fn contents(&self) -> [(&'static str, &str); 3] {
        let [structure, en, zh] = TEMPLATE_FILES;
        [(structure, &self.structure.content), (en, &self.en.content), (zh, &self.zh.content)]
    }

    /// SHA-256 of them, in hex.
    pub(crate) fn sha256(&self) -> String {
        template_digest(self.contents().map(|(_, content)| content.as_bytes()))
    }
}

impl SourceFile {
    /// The line of a byte, counted from 1.
    pub(super) fn line_at(&self, byte: usize) -> usize {
        let end = self.content.floor_char_boundary(byte);
        self.content[..end].matches('\n').count() + 1
    }

    /// The line of a piece of the content, which tells by where it lies.
    pub(super) fn line_of(&self, piece: &str) -> usize {
        let start = (piece.as_ptr() as usize).checked_sub(self.content.as_ptr() as usize);
        start.filter(|start| *start <= self.content.len()).map_or(1, |start| self.line_at(start))
    }
}

/// Problems that were found.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<FieldViolation>);

impl Problems {
    pub(super) fn add(&mut self, file: &SourceFile, line: usize, message: impl fmt::Display) {
        self.0.push(FieldViolation::new(format!("{}, line {line}", file.name), message));
    }
}
