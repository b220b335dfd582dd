//! A pass over the records of a file that are added up: what each key has in it.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::row::RowConverter;
use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use uplift_engine::SESSION;

use crate::addition::Addition;
use crate::batch::{Batch, Taken};
use crate::keys::{Digest, Numbers, digest};
use crate::saved::secret::Secret;
use crate::state::{Content, State};

/// Bytes of the number of a key, about.
const ENTRY: usize = 40;

pub(crate) struct KeyPass<'a> {
    addition: &'a Addition,
    secret: &'a Secret,
    converter: RowConverter,
    numbers: Numbers,
    running: Vec<(usize, Box<dyn GroupsAccumulator>)>,
    memory: MemoryReservation,
}

impl<'a> KeyPass<'a> {
    /// A pass for some of the aggregates.
    pub(crate) fn new(addition: &'a Addition, wanted: &[usize], secret: &'a Secret) -> Result<Self> {
        let running = wanted.iter().filter_map(|aggregate| {
            let running = addition.aggregates[*aggregate].accumulator()?;
            Some(running.map(|running| (*aggregate, running)))
        });
        Ok(Self {
            addition,
            secret,
            converter: RowConverter::new(addition.key_fields())?,
            numbers: Numbers::default(),
            running: running.collect::<Result<_>>()?,
            memory: MemoryConsumer::new("records added up").register(&SESSION.runtime_env().memory_pool),
        })
    }

    pub(crate) fn add(&mut self, rows: RecordBatch) -> Result<()> {
        let mut batch = Batch::new(&self.addition.nodes, rows);
        if let Some(passes) = batch.passes(&self.addition.conditions)? {
            match passes.true_count() {
                0 => return Ok(()),
                all if all == batch.rows.num_rows() => {}
                _ => batch = batch.part(&passes)?,
            }
        }
        let keys = self.converter.convert_columns(&batch.values(&self.addition.key)?)?;
        let number = |key: arrow::row::Row<'_>| self.numbers.number(digest(key.as_ref(), self.secret));
        let numbers: Vec<usize> = keys.iter().map(number).collect();
        for (aggregate, running) in &mut self.running {
            if let Some(Taken { arguments, passes }) = batch.taken(&self.addition.aggregates[*aggregate])? {
                running.update_batch(&arguments, &numbers, passes.as_ref(), self.numbers.len())?;
            }
        }
        let held = self.running.iter().map(|(_, running)| running.size()).sum::<usize>();
        self.memory.try_resize(held + self.numbers.len() * ENTRY)
    }

    /// The keys in ascending order, a state of each aggregate with a row for each key, and the memory that they take.
    pub(crate) fn finish(self) -> Result<(Vec<Digest>, Vec<State>, MemoryReservation)> {
        let all = self.numbers.len();
        if all == 0 {
            // Not every function has a state of no groups.
            return Ok((Vec::new(), self.running.iter().map(|_| State::default()).collect(), self.memory));
        }
        let (keys, numbers): (Vec<Digest>, Vec<u32>) = self.numbers.sorted().into_iter().unzip();
        let numbers = UInt32Array::from(numbers);
        let states = self.running.into_iter().map(|(aggregate, mut running)| {
            // It may not have seen the last keys.
            self.addition.aggregates[aggregate].tell_groups(&self.addition.nodes, running.as_mut(), all)?;
            let state = running.state(EmitTo::All)?;
            let state =
                state.iter().map(|column| Ok(take(column, &numbers, None)?)).collect::<Result<_>>()?;
            Ok(State { content: Content::Engine(state), ..State::default() })
        });
        let states = states.collect::<Result<Vec<_>>>()?;
        self.memory
            .try_resize(states.iter().map(State::size).sum::<usize>() + size_of_val(keys.as_slice()))?;
        Ok((keys, states, self.memory))
    }
}

/// What a file has of each key.
#[derive(Debug)]
pub(crate) struct KeyStates {
    /// Number of the file.
    pub(crate) file: u32,
    /// In ascending order.
    pub(crate) keys: Arc<Vec<Digest>>,
    /// Of each aggregate that is wanted.
    pub(crate) states: Vec<Arc<State>>,
    /// Held as long as they are merged; none where all were kept, which have a limit of their own.
    pub(crate) _memory: Option<MemoryReservation>,
}

impl KeyStates {
    /// The same states, as long as these are there.
    pub(crate) fn shared(&self) -> Self {
        Self { file: self.file, keys: self.keys.clone(), states: self.states.clone(), _memory: None }
    }

    /// Those of some of the keys, by their places in ascending order.
    pub(crate) fn select(&self, places: Vec<u32>) -> Result<Self> {
        let keys = places.iter().map(|place| self.keys[*place as usize]).collect();
        let places = UInt32Array::from(places);
        let selected = |state: &Arc<State>| {
            let Content::Engine(columns) = &state.content else { return Ok(state.clone()) };
            let columns = columns.iter().map(|column| Ok(take(column, &places, None)?));
            let content = Content::Engine(columns.collect::<Result<_>>()?);
            Ok(Arc::new(State { content, ..State::default() }))
        };
        let states = self.states.iter().map(selected).collect::<Result<_>>()?;
        Ok(Self { file: self.file, keys: Arc::new(keys), states, _memory: None })
    }
}
