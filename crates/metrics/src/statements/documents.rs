//! Statements by the names that checks use for them.

use std::collections::HashMap;

use super::read::PublishedFigure;

/// The figures of documents. If a statement was submitted twice, the later one counts.
pub(crate) struct Documents<'a>(HashMap<&'a str, HashMap<&'a str, &'a PublishedFigure>>);

impl<'a> Documents<'a> {
    pub(crate) fn new(figures: &'a [PublishedFigure]) -> Self {
        let mut documents: HashMap<&str, HashMap<&str, &PublishedFigure>> = HashMap::new();
        for figure in figures {
            let document = documents.entry(&figure.statement.document_id).or_default();
            document.insert(&figure.statement.statement_id, figure);
        }
        Self(documents)
    }

    /// The figure that a check of a document means by a name; one of another document is document/statement.
    pub(crate) fn find(&self, document: &str, name: &str) -> Option<&'a PublishedFigure> {
        let own = self.0.get(document).and_then(|own| own.get(name)).copied();
        own.or_else(|| {
            let mut parted = name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
            parted.find_map(|(other, statement)| self.0.get(other)?.get(statement).copied())
        })
    }
}

/// A statement's name among those of all documents.
pub(crate) fn full_name(document: &str, name: &str) -> String {
    format!("{document}/{name}")
}
