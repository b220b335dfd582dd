//! Which modules of a crate refer to which, read from its source files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Meta, UseTree};

/// Name of the root module of a crate.
const ROOT: &str = "crate";

/// The modules of a crate and those that each refers to, without its own children's declarations. What is
/// compiled for tests only does not count.
pub(crate) fn references(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    collect(source, &[], &mut files);
    let modules: BTreeSet<Vec<String>> = files.iter().map(|(module, _)| module.clone()).collect();
    let mut references = BTreeMap::new();
    for (module, text) in &files {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{module:?}: {e}"));
        let mut collector =
            Collector { module, inline: Vec::new(), modules: &modules, targets: BTreeSet::new() };
        collector.visit_file(&file);
        collector.targets.remove(&full_name(module));
        references.insert(full_name(module), collector.targets);
    }
    references
}

/// The files of a folder with their module paths.
fn collect(folder: &Path, parent: &[String], files: &mut Vec<(Vec<String>, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let module = match stem.as_str() {
            "lib" | "main" | "mod" => parent.to_vec(),
            name => [parent, &[name.to_owned()]].concat(),
        };
        if path.is_dir() {
            collect(&path, &module, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push((module, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn full_name(module: &[String]) -> String {
    std::iter::once(ROOT).chain(module.iter().map(String::as_str)).collect::<Vec<_>>().join("::")
}

struct Collector<'a> {
    module: &'a [String],
    /// Modules inside the file that are being read.
    inline: Vec<String>,
    modules: &'a BTreeSet<Vec<String>>,
    targets: BTreeSet<String>,
}

impl Collector<'_> {
    /// Adds the module that a path leads to: the longest part of it that is a file.
    fn add(&mut self, segments: &[String]) {
        let current: Vec<String> = self.module.iter().chain(&self.inline).cloned().collect();
        let Some((first, rest)) = segments.split_first() else { return };
        let (mut path, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (current, rest),
            "super" => (current[..current.len().saturating_sub(1)].to_vec(), rest),
            // A child by its name, as in the file that declares it.
            name if self.modules.contains(&[current.as_slice(), &[name.to_owned()]].concat()) => {
                (current, segments)
            }
            _ => return,
        };
        while let Some((_, after)) = rest.split_first().filter(|(next, _)| *next == "super") {
            path.pop();
            rest = after;
        }
        path.extend(rest.iter().cloned());
        while !path.is_empty() && !self.modules.contains(&path) {
            path.pop();
        }
        self.targets.insert(full_name(&path));
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(&path.tree, prefix);
                prefix.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(tree, prefix)),
            UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => {
                let name = match tree {
                    UseTree::Name(name) => Some(name.ident.to_string()),
                    UseTree::Rename(rename) => Some(rename.ident.to_string()),
                    _ => None,
                };
                let path: Vec<String> = prefix.iter().cloned().chain(name.filter(|n| n != "self")).collect();
                self.add(&path);
            }
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| match &a.meta {
        Meta::List(list) => a.path().is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() && !is_for_tests(&item.attrs) {
            self.inline.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.inline.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_use(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        // A single name is a local item, not a path to a module.
        if segments.len() > 1 {
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }
}
