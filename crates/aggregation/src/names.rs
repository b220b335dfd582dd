//! Names that occur in many files, each with one number for as long as the process runs.

use std::hash::Hash;
use std::sync::{RwLock, RwLockReadGuard};

use hashbrown::HashMap;

/// Numbers of names. Which name has which depends on what was read first: nothing that is computed may depend on it.
#[derive(Debug)]
pub(crate) struct Names<T> {
    known: RwLock<Known<T>>,
}

#[derive(Debug)]
pub(crate) struct Known<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { known: RwLock::new(Known { numbers: HashMap::new(), names: Vec::new() }) }
    }
}

impl<T: Hash + Eq + Clone> Names<T> {
    /// The numbers of some names, which are given to those that have none.
    pub(crate) fn numbers(&self, names: &[T]) -> Vec<u32> {
        let known = self.read();
        let found: Option<Vec<u32>> = names.iter().map(|name| known.numbers.get(name).copied()).collect();
        drop(known);
        found.unwrap_or_else(|| {
            let mut known = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
            names.iter().map(|name| known.number(name)).collect()
        })
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Known<T>> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<T: Hash + Eq + Clone> Known<T> {
    fn number(&mut self, name: &T) -> u32 {
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        number
    }

    pub(crate) fn name(&self, number: u32) -> &T {
        &self.names[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
