//! The rules of a dataset over several records, compiled: what they read, and what they decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;
use uplift_core::dataset::{Dataset, SetRule};
use uplift_core::error::{Error, Result};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_engine::expressions::Expressions;
use uplift_formats::columns::columns;
use uplift_store::schema::SIMULATED;

use super::joins::Join;
use super::windows::{Groups, Windowed};

/// False of a record that is there already and stays as it is.
pub(super) const IS_NEW: &str = "is_new";
/// The index of a record among those that come; null of one that is there.
pub(super) const ROW_INDEX: &str = "row_index";

/// One rule.
#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) rule: &'static SetRule,
    /// Counted in the order of declaration.
    pub(super) number: usize,
    /// Whether the rule is about a record.
    about: Arc<dyn PhysicalExpr>,
    holds: Windowed,
    shown: Option<Windowed>,
    /// Columns of the group.
    group: Vec<usize>,
    order: Vec<Arc<dyn PhysicalExpr>>,
}

/// What a rule decides of records.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) groups: Groups,
    pub(super) about: BooleanArray,
    /// True of every record that the rule is not about or that keeps it.
    pub(super) holds: BooleanArray,
}

/// The rules of one dataset, and what they read.
#[derive(Debug)]
pub(super) struct CompiledRules {
    pub(super) rules: Vec<CompiledRule>,
    /// Fields that every rule groups by: records of other values of them do not matter.
    pub(super) scope: Vec<String>,
    /// Columns of the dataset that are read, the key's among them.
    pub(super) read: SchemaRef,
    pub(super) joins: Vec<Join>,
    /// Columns of a record with what is joined to it and what it is here.
    pub(super) columns: SchemaRef,
}

impl CompiledRules {
    /// The rules of a dataset; fails if one does not fit its columns.
    pub(super) fn for_dataset(dataset: &'static Dataset) -> Result<Self> {
        let failed = |e| query_failed(format!("compiling the rules over records of {}", dataset.name), e);
        let words = words(dataset);
        let joins =
            dataset.joined.iter().map(|joined| Join::new(dataset, joined, |name| words.contains(name)));
        let joins: Vec<_> = joins.filter_map(Result::transpose).collect::<Result<_>>()?;
        let joined_on = joins.iter().flat_map(|join| join.joined.own.iter().chain([&join.joined.at]));
        let also: BTreeSet<&str> = dataset.key.iter().chain(joined_on).map(String::as_str).collect();
        let own = columns(dataset);
        let is_read =
            |c: &&Arc<Column>| words.contains(c.name().as_str()) || also.contains(c.name().as_str());
        let simulated = Arc::new(Column::new(SIMULATED, DataType::Boolean, false));
        let read: Vec<_> = own.fields().iter().filter(is_read).cloned().chain([simulated]).collect();
        let joined = joins.iter().flat_map(|join| join.named.iter().map(|(_, column)| column.clone()));
        let standing = [
            Arc::new(Column::new(IS_NEW, DataType::Boolean, false)),
            Arc::new(Column::new(ROW_INDEX, DataType::Int64, true)),
        ];
        let columns =
            Arc::new(Schema::new(read.iter().cloned().chain(joined).chain(standing).collect::<Vec<_>>()));
        let rules = dataset.set_rules.iter().enumerate();
        let rules = rules.map(|(number, rule)| CompiledRule::compile(number, rule, &columns));
        let rules = rules.collect::<std::result::Result<_, _>>().map_err(failed)?;
        Ok(Self { rules, scope: scope(dataset)?, read: Arc::new(Schema::new(read)), joins, columns })
    }
}

impl CompiledRule {
    fn compile(
        number: usize,
        rule: &'static SetRule,
        columns: &SchemaRef,
    ) -> std::result::Result<Self, DataFusionError> {
        let schema = DFSchema::try_from(columns.clone())?;
        let when = if rule.when.is_empty() { "true" } else { &rule.when };
        let in_group: Vec<_> = rule.group.iter().map(|name| format!("{name} IS NOT NULL")).collect();
        let about = format!("coalesce(({when}) AND {}, false)", in_group.join(" AND "));
        let expressions = Expressions::over(schema);
        let ready = |sql: &str| expressions.ready(&SESSION.parse_sql_expr(sql, expressions.columns())?);
        // What is there comes before what comes, and that as it was sent.
        let order = rule.order.iter().map(String::as_str).chain([IS_NEW, ROW_INDEX]);
        let group = rule.group.iter().map(String::as_str).chain([SIMULATED]);
        let shown = (!rule.shows.is_empty()).then(|| format!("CAST({} AS VARCHAR)", rule.shows));
        Ok(Self {
            rule,
            number,
            about: ready(&about)?,
            holds: Windowed::compile(&format!("coalesce({}, true)", rule.sql), columns)?,
            shown: shown.map(|sql| Windowed::compile(&sql, columns)).transpose()?,
            group: group.map(|name| columns.index_of(name)).collect::<std::result::Result<_, _>>()?,
            order: order.map(ready).collect::<std::result::Result<_, _>>()?,
        })
    }

    /// What the rule decides of records.
    pub(super) fn decide(&self, records: &RecordBatch) -> Result<Decision> {
        let rows = records.num_rows();
        let failed = |e| query_failed(format!("deciding {}", self.rule.sql), e);
        let array = |expr: &Arc<dyn PhysicalExpr>| -> Result<ArrayRef> {
            expr.evaluate(records).and_then(|value| value.into_array(rows)).map_err(failed)
        };
        let group: Vec<_> = self.group.iter().map(|index| records.column(*index).clone()).collect();
        let order: Vec<_> = self.order.iter().map(array).collect::<Result<_>>()?;
        let groups = Groups::of(&group, &order, rows)?;
        let about = array(&self.about)?.as_boolean().clone();
        let kept = self.holds.evaluate(records, &groups)?;
        let outside = arrow::compute::not(&about).map_err(|e| Error::internal("deciding rules", e))?;
        let holds = arrow::compute::or(&outside, kept.as_boolean());
        Ok(Decision { groups, about, holds: holds.map_err(|e| Error::internal("deciding rules", e))? })
    }

    /// What a message shows of each record.
    pub(super) fn shown(&self, records: &RecordBatch, groups: &Groups) -> Result<Option<ArrayRef>> {
        self.shown.as_ref().map(|shown| shown.evaluate(records, groups)).transpose()
    }
}

/// The words of all rules, the names of columns among them.
fn words(dataset: &'static Dataset) -> BTreeSet<&'static str> {
    let texts = dataset
        .set_rules
        .iter()
        .flat_map(|rule| rule.group.iter().chain(&rule.order).chain([&rule.when, &rule.sql, &rule.shows]));
    texts.flat_map(|text| text.split(|c: char| c != '_' && !c.is_alphanumeric())).collect()
}

fn scope(dataset: &Dataset) -> Result<Vec<String>> {
    let Some((first, others)) = dataset.set_rules.split_first() else { return Ok(Vec::new()) };
    let of_all = |name: &&String| others.iter().all(|rule| rule.group.contains(name));
    let scope: Vec<_> = first.group.iter().filter(of_all).cloned().collect();
    if scope.is_empty() {
        let message =
            format!("the rules over records of {} have no column of their groups in common", dataset.name);
        return Err(Error::internal("compiling rules", message));
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_every_dataset_compiles() {
        let mut compiled = 0;
        for dataset in uplift_proto::dataset::all() {
            let rules = CompiledRules::for_dataset(dataset).unwrap_or_else(|e| panic!("{e}: {:?}", e.source));
            assert_eq!(rules.rules.len(), dataset.set_rules.len());
            compiled += rules.rules.len();
        }
        assert!(compiled > 0);
    }
}
