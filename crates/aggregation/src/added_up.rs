//! Records that were added up over files: what families of files come to, and what is in several.

use datafusion::common::Result;
use rayon::prelude::*;
use std::sync::Arc;

use crate::addition::{AddedColumns, Addition};
use crate::families::Families;
use crate::kept::{FamilyPart, Kept};
use crate::key_merge::{merged, shares};
use crate::key_pass::KeyStates;
use crate::partial::Partial;
use crate::pass::Pass;
use crate::program::Program;

/// Partials of each family of files; those that are kept are shared.
pub(crate) fn added_up(
    addition: &Addition,
    wanted: &AddedColumns,
    program: &Program,
    parts: &[KeyStates],
    kept: &Kept,
) -> Result<Vec<Partial>> {
    let computed = |parts: Vec<KeyStates>| -> Result<Vec<Partial>> {
        let of_share = |share| {
            let all: Vec<usize> = (0..program.aggregates.len()).collect();
            let mut pass = Pass::new(program, &all)?;
            pass.add(merged(addition, wanted, &parts, share)?)?;
            pass.finish(&kept.groups, &kept.clusters).map(Partial::from)
        };
        shares(&parts).map(of_share).collect()
    };
    let families = Families::new(parts);
    let what = kept.texts.numbers(&[told(addition, wanted, program).into()])[0];
    let of_family = |family: usize| {
        let mut files: Vec<u32> = families.members[family].iter().map(|file| parts[*file].file).collect();
        files.sort_unstable();
        let left_out = families.left_out(parts, family);
        let key = FamilyPart { files: files.into(), left_out, what };
        kept.of_family(key, || computed(families.own(parts, family)?))
    };
    let of_families = (0..families.members.len()).into_par_iter().map(of_family);
    let of_families: Vec<Arc<Vec<Partial>>> = of_families.collect::<Result<_>>()?;
    let mut partials = computed(families.mixed(parts)?)?;
    for of_family in of_families {
        match Arc::try_unwrap(of_family) {
            Ok(own) => partials.extend(own),
            Err(shared) => partials.extend(shared.iter().map(Partial::shared)),
        }
    }
    Ok(partials)
}

/// What tells what is computed of records that are added up.
pub(crate) fn told(addition: &Addition, wanted: &AddedColumns, program: &Program) -> String {
    format!("{}\n{}\n{}", addition.identity, wanted.told(addition), program.told())
}
