//! What is kept of one file in one grouping: in memory, or on disk.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::cells::{self, Cells};
use crate::groups;
use crate::kept::Kept;
use crate::kept_parts::{Key, Part};
use crate::keys::Digest;
use crate::saved::names::{FileName, Name, name};
use crate::saved::reader::{Reader, write_all};
use crate::saved::writer::Content;
use crate::state::{LowerTotals, State};

/// Names of the parts that are not states; no identity of an aggregate is as short.
const GROUPS: &str = "groups";
const CELLS: &str = "cells";
const KEYS: &str = "keys";

pub(crate) struct KeptOfFile<'k> {
    kept: &'k Kept,
    file: Arc<str>,
    grouping: Arc<str>,
    /// Of the file that has it on disk.
    saved: FileName,
    /// Bytes of memory of what was read from there.
    loaded: Cell<usize>,
    /// Lower totals of what was read: measures of the same people have the same.
    lower: RefCell<Vec<Arc<LowerTotals>>>,
    saving: RefCell<Vec<(Name, Content)>>,
    /// Bytes of memory that what is saved holds.
    held: Cell<usize>,
}

impl<'k> KeptOfFile<'k> {
    pub(crate) fn new(kept: &'k Kept, file: &Arc<str>, grouping: &Arc<str>) -> Self {
        let saved = FileName::of_states(file, &name([file.as_bytes(), grouping.as_bytes(), &kept.secret]));
        let (file, grouping) = (file.clone(), grouping.clone());
        Self {
            kept,
            file,
            grouping,
            saved,
            loaded: Cell::new(0),
            lower: RefCell::default(),
            saving: RefCell::default(),
            held: Cell::new(0),
        }
    }

    pub(crate) fn groups(&self) -> Option<Arc<Vec<u32>>> {
        let read = |bytes: &[u8]| {
            let keys = groups::bytes::read(bytes)?;
            Some(Part::Groups(Arc::new(self.kept.groups.numbers(&keys))))
        };
        match self.part(&GROUPS.into(), read)? {
            Part::Groups(groups) => Some(groups),
            _ => None,
        }
    }

    pub(crate) fn cells(&self) -> Option<Arc<Cells>> {
        let read = |bytes: &[u8]| {
            let cells = cells::bytes::read(bytes, &self.kept.clusters)?;
            Some(Part::Cells(Arc::new(cells)))
        };
        match self.part(&CELLS.into(), read)? {
            Part::Cells(cells) => Some(cells),
            _ => None,
        }
    }

    pub(crate) fn keys(&self) -> Option<Arc<Vec<Digest>>> {
        let read = |bytes: &[u8]| {
            let mut from = Reader(bytes);
            let keys = from.all(Digest::from_le_bytes)?;
            from.end(Part::Keys(Arc::new(keys)))
        };
        match self.part(&KEYS.into(), read)? {
            Part::Keys(keys) => Some(keys),
            _ => None,
        }
    }

    /// The state of an aggregate, in which cells have the numbers of these.
    pub(crate) fn state(&self, identity: &Arc<str>, cells: Option<&Cells>) -> Option<Arc<State>> {
        let read = |bytes: &[u8]| {
            let mut state = State::from_bytes(bytes, cells)?;
            state.share_lower(&mut self.lower.borrow_mut());
            Some(Part::State(Arc::new(state)))
        };
        match self.part(identity, read)? {
            Part::State(state) => Some(state),
            _ => None,
        }
    }

    pub(crate) fn keep(&self, groups: &Arc<Vec<u32>>, cells: Option<&Arc<Cells>>) {
        self.keep_part(GROUPS.into(), Part::Groups(groups.clone()));
        self.save(GROUPS, 0, || {
            let names = self.kept.groups.read();
            let keys: Vec<_> = groups.iter().map(|group| names.name(*group).clone()).collect();
            let bytes = groups::bytes::write(&keys);
            Box::new(|| Some(bytes))
        });
        let Some(cells) = cells else { return };
        self.keep_part(CELLS.into(), Part::Cells(cells.clone()));
        self.save(CELLS, 0, || {
            let bytes = cells::bytes::write(cells, &self.kept.clusters);
            Box::new(|| Some(bytes))
        });
    }

    pub(crate) fn keep_keys(&self, keys: &Arc<Vec<Digest>>) {
        self.keep_part(KEYS.into(), Part::Keys(keys.clone()));
        let keys = keys.clone();
        self.save(KEYS, size_of_val(keys.as_slice()), || {
            Box::new(move || {
                let mut to = Vec::new();
                write_all(keys.iter().map(|key| key.to_le_bytes()), &mut to);
                Some(to)
            })
        });
    }

    pub(crate) fn keep_state(&self, identity: &Arc<str>, state: &Arc<State>, cells: Option<&Arc<Cells>>) {
        self.keep_part(identity.clone(), Part::State(state.clone()));
        let (state, cells) = (state.clone(), cells.cloned());
        self.save(identity, state.size(), || Box::new(move || state.to_bytes(cells.as_deref())));
    }

    /// Saves what was kept since, and tells the bytes of memory of what was read from disk.
    pub(crate) fn finish(self) -> usize {
        if let Some(saved) = &self.kept.saved {
            saved.write(self.saved, self.saving.take(), self.held.get());
        }
        self.loaded.get()
    }

    fn key(&self, part: Arc<str>) -> Key {
        Key { file: self.file.clone(), grouping: self.grouping.clone(), part }
    }

    fn part(&self, part: &Arc<str>, read: impl FnOnce(&[u8]) -> Option<Part>) -> Option<Part> {
        let key = self.key(part.clone());
        if let Some(known) = self.kept.of_files.get(&key) {
            return Some(known);
        }
        let bytes = self.kept.saved.as_ref()?.read(&self.saved, &name([part.as_bytes()]))?;
        let read = read(&bytes)?;
        self.loaded.set(self.loaded.get() + read.size());
        self.kept.of_files.insert(key, read.clone());
        Some(read)
    }

    fn keep_part(&self, part: Arc<str>, what: Part) {
        self.kept.of_files.insert(self.key(part), what);
    }

    fn save(&self, part: &str, held: usize, content: impl FnOnce() -> Content) {
        if self.kept.saved.is_some() {
            self.held.set(self.held.get() + held);
            self.saving.borrow_mut().push((name([part.as_bytes()]), content()));
        }
    }
}
