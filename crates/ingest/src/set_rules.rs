//! Rules over several records: a balance that must not fall below nothing, a voucher that must close, a month that is closed.
//! They are decided over what is there and what comes, of the groups that it touches, in the one state that it is committed
//! onto. `compiled` has the rules, `records` what they are decided over, `faults` who is at fault.

mod columns;
mod compiled;
mod faults;
mod joins;
mod kept;
mod records;
mod touched;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;
use tokio::sync::Mutex;
use uplift_core::dataset::{Dataset, SHOWN, SetRule};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_engine::error::query_failed;
use uplift_store::schema::{REPORTING_AREA, REPORTING_PERIOD, Scope};
use uplift_store::{Snapshot, Store};

use columns::{named, read_columns, read_rows};
use compiled::CompiledRules;
use faults::{Breaches, breaches, breaks_there, faults};
use joins::{Join, JoinedRows, JoinedTables};
use kept::KeptRecords;
use records::{Standing, ValueSet, retain, row_indexes};
use touched::{rows_joined, rows_of};

/// Rounds in which the rows at fault are looked for one by one in each group; beyond them all that the rule is about are.
const MAX_ROUNDS: usize = 64;

/// Records that a refusal names.
const MAX_NAMED: usize = 5;

/// A row that breaks a rule.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Among the rows that come.
    pub(crate) index: usize,
    pub(crate) rule: &'static SetRule,
    pub(crate) message: String,
}

/// What comes, and what it takes away.
#[derive(Debug)]
pub(crate) struct Coming<'a> {
    /// Rows that are accepted so far.
    pub(crate) rows: &'a RecordBatch,
    /// Rows of submissions that are committed with these, and were accepted before.
    pub(crate) earlier: &'a [RecordBatch],
    /// What is replaced.
    pub(crate) replaced: Option<Scope>,
}

/// Everything that is decided over several records when those of a dataset come: its own rules, and those of others that read
/// its records.
#[derive(Debug)]
pub(crate) struct RecordRules {
    dataset: &'static Dataset,
    own: Option<SetRules>,
    depending: Vec<SetRules>,
}

impl RecordRules {
    pub(crate) fn for_dataset(dataset: &'static Dataset, store: &Arc<Store>) -> Result<Self> {
        let own = SetRules::for_dataset(dataset, store)?;
        let depending = depending(dataset).map(|other| SetRules::for_dataset(other, store));
        let depending = depending.filter_map(Result::transpose).collect::<Result<_>>()?;
        Ok(Self { dataset, own, depending })
    }

    /// The rows that break a rule, each with the first that it breaks. Fails if what is there would break one although no
    /// row that comes is at fault: what is taken away is missing.
    pub(crate) async fn check(&self, snapshot: &Snapshot, coming: &Coming<'_>) -> Result<Vec<Fault>> {
        match &self.own {
            Some(rules) => rules.check(snapshot, coming).await,
            None => Ok(Vec::new()),
        }
    }

    /// Whether rows may come, and others go, that rules of other datasets read: what is there of those must keep them as it
    /// did before.
    pub(crate) async fn check_depending(&self, snapshot: &Snapshot, coming: &Coming<'_>) -> Result<()> {
        for rules in &self.depending {
            rules.check_joined(self.dataset, snapshot, coming).await?;
        }
        Ok(())
    }

    /// Rows were committed as a version of the table, and none was taken away.
    pub(crate) async fn committed(&self, version: i64, batches: &[&RecordBatch]) {
        if let Some(rules) = &self.own {
            let CompiledRules { scope, read, .. } = &rules.compiled;
            let batches = batches.iter().map(|batch| read_columns(batch, read)).collect::<Result<Vec<_>>>();
            let mut kept = rules.kept.lock().await;
            if batches.and_then(|batches| kept.committed(version, &batches, scope)).is_err() {
                // It is read again from the table.
                *kept = KeptRecords::default();
            }
        }
    }

    /// A version of the table has the same rows in other files.
    pub(crate) async fn compacted(&self, version: i64) {
        if let Some(rules) = &self.own {
            rules.kept.lock().await.compacted(version);
        }
    }
}

/// The rules over several records of one dataset.
#[derive(Debug)]
struct SetRules {
    dataset: &'static Dataset,
    store: Arc<Store>,
    compiled: CompiledRules,
    kept: Mutex<KeptRecords>,
    joined: JoinedTables,
}

impl SetRules {
    /// The rules of a dataset, none if it has none. Fails if one does not fit its columns.
    fn for_dataset(dataset: &'static Dataset, store: &Arc<Store>) -> Result<Option<Self>> {
        if dataset.set_rules.is_empty() {
            return Ok(None);
        }
        let compiled = CompiledRules::for_dataset(dataset)?;
        let (kept, joined) = (Mutex::default(), JoinedTables::default());
        Ok(Some(Self { dataset, store: store.clone(), compiled, kept, joined }))
    }

    async fn check(&self, snapshot: &Snapshot, coming: &Coming<'_>) -> Result<Vec<Fault>> {
        let rules = &self.compiled;
        let rows = read_columns(coming.rows, &rules.read)?;
        let (there, removed) = self.there(snapshot, &rows, coming).await?;
        let others = self.joined_rows().await?;
        let mut standing = Standing::Coming(vec![true; rows.num_rows()]);
        if let Some(removed) = &removed {
            self.keep(&there, removed, &rows, &others)?;
            let is_there = ValueSet::of(removed.columns())?.contains(rows.columns())?;
            standing = Standing::Coming(is_there.into_iter().map(|is_there| !is_there).collect());
        }
        let mut records = rules.records(&[(&there, Standing::There), (&rows, standing)], &others)?;
        let parts = [Some(&there), removed.as_ref()].into_iter().flatten();
        let parts: Vec<_> = parts.map(|part| (part, Standing::There)).collect();
        let mut before = Before { records: &|| rules.records(&parts, &others), breaches: None };
        let mut found: BTreeMap<usize, Fault> = BTreeMap::new();
        let mut round = 0;
        while records.num_rows() > 0 {
            records = self.round(records, round, &mut before, &mut found)?;
            round += 1;
        }
        Ok(found.into_values().collect())
    }

    /// Finds the rows that break a rule, in each part of the records that share the scope of all rules the first that is
    /// broken. Returns the records of those parts without these rows: they are decided again. Fails if what is there breaks
    /// a rule that it did not break before, and no row is at fault.
    fn round(
        &self,
        records: RecordBatch,
        round: usize,
        before: &mut Before<'_>,
        found: &mut BTreeMap<usize, Fault>,
    ) -> Result<RecordBatch> {
        let (mut rest, mut again) = (records, Vec::new());
        let mut rules = self.compiled.rules.iter().peekable();
        while let Some(rule) = rules.peek().copied() {
            let decision = rule.decide(&rest)?;
            if decision.holds.true_count() == rest.num_rows() {
                rules.next();
                continue;
            }
            if breaks_there(&rest, &decision) {
                before.read(|records| self.breaches(records))?;
            }
            let key = self.dataset.key.as_slice();
            let broken_before = before.breaches.as_ref().and_then(|breaches| breaches.get(&rule.number));
            let faults = faults(rule, (&rest, key), &decision, broken_before, round >= MAX_ROUNDS)?;
            if faults.rows.is_empty() {
                if !faults.others.is_empty() {
                    return Err(refusal(self.dataset, rule.rule, &faults.others));
                }
                rules.next();
                continue;
            }
            // The same rule again of the others: what of them is there must not break it either.
            let (touched, untouched) = self.parted(&rest, &faults.rows)?;
            again.push(touched);
            rest = untouched;
            found.extend(faults.rows.into_iter().map(|(index, shown)| {
                (index, Fault { index, rule: rule.rule, message: remedy(rule.rule, &shown) })
            }));
        }
        concat_batches(&self.compiled.columns, &again).map_err(|e| Error::internal("deciding rules", e))
    }

    /// The records of the parts that rows at fault are in, without these, and all others.
    fn parted(
        &self,
        records: &RecordBatch,
        at_fault: &BTreeMap<usize, String>,
    ) -> Result<(RecordBatch, RecordBatch)> {
        let indexes = row_indexes(records);
        let is_at_fault =
            |row: usize| indexes.is_valid(row) && at_fault.contains_key(&(indexes.value(row) as usize));
        let scope = &self.compiled.scope;
        let touched = ValueSet::of(&named(&retain(records, is_at_fault)?, scope))?;
        let touched = touched.contains(&named(records, scope))?;
        let again = retain(records, |row| touched[row] && !is_at_fault(row))?;
        Ok((again, retain(records, |row| !touched[row])?))
    }

    /// Whether records of another dataset may come, and others go, that these rules read: what is there must keep them as it
    /// did before.
    async fn check_joined(&self, other: &Dataset, snapshot: &Snapshot, coming: &Coming<'_>) -> Result<()> {
        let rules = &self.compiled;
        for join in rules.joins.iter().filter(|join| join.joined.dataset == other.name) {
            self.check_join(join, other, snapshot, coming).await?;
        }
        Ok(())
    }

    async fn check_join(
        &self,
        join: &Join,
        other: &Dataset,
        snapshot: &Snapshot,
        coming: &Coming<'_>,
    ) -> Result<()> {
        let rules = &self.compiled;
        let mut after = join.rows(snapshot.rows().await?).await?;
        let mut changed = vec![coming.rows.clone()];
        if let Some(scope) = &coming.replaced {
            let failed = |e| query_failed(format!("reading {}", other.name), e);
            let all = snapshot.rows().await?;
            changed.extend(join.rows(all.clone().filter(within(scope)).map_err(failed)?).await?);
            after = join.rows(all.filter(!within(scope)).map_err(failed)?).await?;
        }
        after.extend(coming.earlier.iter().chain([coming.rows]).cloned());
        let Some(table) = self.store.get(&self.dataset.name).await? else { return Ok(()) };
        // The records that are joined to what changes, and all of their groups.
        let all = table.snapshot().await?.rows().await?;
        let joined =
            self.read(rows_joined(all.clone(), (&join.joined.own, &join.joined.on), &changed).await?).await?;
        let there = self.read(rows_of(all, &rules.scope, &[joined]).await?).await?;
        if there.num_rows() == 0 {
            return Ok(());
        }
        let mut others = self.joined_rows().await?;
        let before = self.breaches(&rules.records(&[(&there, Standing::There)], &others)?)?;
        others.insert(join.joined.name.clone(), Arc::new(join.table(&after)?));
        let after = self.breaches(&rules.records(&[(&there, Standing::There)], &others)?)?;
        for (number, mut broken) in after {
            broken.retain(|key, _| before.get(&number).is_none_or(|before| !before.contains_key(key)));
            if !broken.is_empty() {
                return Err(refusal(self.dataset, rules.rules[number].rule, &broken));
            }
        }
        Ok(())
    }

    /// What is there of the groups that are touched, and what is taken away.
    async fn there(
        &self,
        snapshot: &Snapshot,
        rows: &RecordBatch,
        coming: &Coming<'_>,
    ) -> Result<(RecordBatch, Option<RecordBatch>)> {
        let failed = |e| query_failed(format!("reading {}", self.dataset.name), e);
        let CompiledRules { scope, read, .. } = &self.compiled;
        if let Some(replaced) = &coming.replaced {
            // A replacement has a commit of its own, and is rare enough to read what it needs.
            let all = snapshot.rows().await?;
            let removed = self.read(all.clone().filter(within(replaced)).map_err(failed)?).await?;
            let kept = all.filter(!within(replaced)).map_err(failed)?;
            let there = self.read(rows_of(kept, scope, &[rows.clone(), removed.clone()]).await?).await?;
            return Ok((there, Some(removed)));
        }
        let mut there = self.kept.lock().await.of_groups(snapshot, (scope, read), rows).await?;
        let touched = ValueSet::of(&named(rows, scope))?;
        for earlier in coming.earlier {
            let earlier = read_columns(earlier, read)?;
            let is_touched = touched.contains(&named(&earlier, scope))?;
            there.push(retain(&earlier, |row| is_touched[row])?);
        }
        let there = concat_batches(read, &there).map_err(|e| Error::internal("reading records", e))?;
        Ok((there, None))
    }

    /// What keeps records from being taken away: those that do not come again as they were.
    fn keep(
        &self,
        there: &RecordBatch,
        removed: &RecordBatch,
        rows: &RecordBatch,
        others: &JoinedRows,
    ) -> Result<()> {
        let comes_again = ValueSet::of(rows.columns())?.contains(removed.columns())?;
        let gone = retain(removed, |row| !comes_again[row])?;
        if gone.num_rows() == 0 {
            return Ok(());
        }
        let parts = [(there, Standing::There), (&gone, Standing::TakenAway)];
        let records = self.compiled.records(&parts, others)?;
        for rule in self.compiled.rules.iter().filter(|rule| rule.rule.keeps) {
            let kept = breaches(rule, &records, &self.dataset.key)?;
            if !kept.is_empty() {
                return Err(refusal(self.dataset, rule.rule, &kept));
            }
        }
        Ok(())
    }

    /// The records that break each rule.
    fn breaches(&self, records: &RecordBatch) -> Result<Breaches> {
        let each = self
            .compiled
            .rules
            .iter()
            .map(|rule| Ok((rule.number, breaches(rule, records, &self.dataset.key)?)));
        each.collect()
    }

    async fn joined_rows(&self) -> Result<JoinedRows> {
        let mut others = JoinedRows::new();
        for join in &self.compiled.joins {
            others.insert(join.joined.name.clone(), self.joined.read(&self.store, join).await?);
        }
        Ok(others)
    }

    /// Rows with the columns that rules read.
    async fn read(&self, rows: DataFrame) -> Result<RecordBatch> {
        let read = &self.compiled.read;
        let batches = read_rows(rows, read).await?;
        concat_batches(read, &batches).map_err(|e| Error::internal("reading records", e))
    }
}

/// What broke rules before, which is only read where something that is there breaks one.
struct Before<'a> {
    records: &'a dyn Fn() -> Result<RecordBatch>,
    breaches: Option<Breaches>,
}

impl Before<'_> {
    fn read(&mut self, breaches: impl Fn(&RecordBatch) -> Result<Breaches>) -> Result<()> {
        if self.breaches.is_none() {
            self.breaches = Some(breaches(&(self.records)()?)?);
        }
        Ok(())
    }
}

/// The other datasets whose rules read this one's records.
pub(crate) fn depending(dataset: &Dataset) -> impl Iterator<Item = &'static Dataset> {
    let name = dataset.name.clone();
    let reads = move |other: &&'static Dataset| other.joined.iter().any(|joined| joined.dataset == name);
    uplift_proto::dataset::all().iter().filter(reads)
}

/// What is wrong, with what is shown of it.
fn remedy(rule: &SetRule, shown: &str) -> String {
    rule.remedy.en.replace(SHOWN, shown)
}

/// Why a submission is refused whose own rows are not at fault.
fn refusal(dataset: &Dataset, rule: &SetRule, broken: &BTreeMap<String, String>) -> Error {
    let one = |(key, shown): (&String, &String)| format!("{key}: {} {}", rule.field, remedy(rule, shown));
    let more = broken.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let named: Vec<_> = broken.iter().take(MAX_NAMED).map(one).collect();
    let message =
        format!("records of {} would not keep their rules: {}{more}", dataset.name, named.join("; "));
    Error::new(ErrorKind::FailedPrecondition, message)
}

/// The rows that a replacing submission replaces.
pub(crate) fn within(scope: &Scope) -> Expr {
    ident(REPORTING_AREA).eq(lit(&scope.area)).and(ident(REPORTING_PERIOD).eq(lit(&scope.period)))
}
