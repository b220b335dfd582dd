//! Figures and the relations that tie them.

use std::collections::HashMap;

use uplift_core::expression::Expression;
use uplift_core::interval::Interval;
use uplift_core::verdict::Relation;

use crate::term::Term;

/// A figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Names it; expressions use this name.
    pub id: String,
    /// The values that its print can stand for; `None` if it is not printed, so that it can have any value that is possible.
    pub printed: Option<Interval>,
    /// The values that it can have at all: a number of people is not below zero.
    pub possible: Interval,
}

/// A relation that should hold between a figure and an expression over others.
#[derive(Debug, Clone)]
pub struct Tie {
    /// Names it.
    pub id: String,
    /// The figure, by its name.
    pub figure: String,
    /// How it should stand to the expression.
    pub relation: Relation,
    /// The expression.
    pub expression: Expression,
}

/// Figures and ties, ready to be searched. Names that no figure has can have any value.
#[derive(Debug)]
pub struct System {
    pub(crate) figures: Vec<Figure>,
    pub(crate) ties: Vec<Compiled>,
    /// Ties of each figure.
    pub(crate) ties_of: Vec<Vec<usize>>,
}

/// A tie with its figures as numbers.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: String,
    pub(crate) figure: usize,
    pub(crate) relation: Relation,
    pub(crate) term: Term,
    /// Figures that the expression names twice.
    pub(crate) repeated: Vec<usize>,
}

impl Compiled {
    /// Its figures, as often as it names them.
    pub(crate) fn figures(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.figure).chain(self.term.figures())
    }

    /// Whether a figure stands in it twice, as on both sides.
    pub(crate) fn names_a_figure_twice(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        self.figures().any(|figure| !seen.insert(figure))
    }

    fn renumber(&mut self, numbers: &[usize]) {
        self.figure = numbers[self.figure];
        self.term.renumber(numbers);
        self.repeated = self.term.repeated();
    }
}

impl System {
    /// Joins figures and ties. Of figures with the same name the last counts.
    pub fn new(figures: Vec<Figure>, ties: Vec<Tie>) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Figure> = Vec::new();
        for figure in figures {
            match numbers.get(&figure.id) {
                Some(number) => kept[*number] = figure,
                None => {
                    numbers.insert(figure.id.clone(), kept.len());
                    kept.push(figure);
                }
            }
        }
        let mut number = |name: &str| {
            *numbers.entry(name.to_owned()).or_insert_with(|| {
                kept.push(Figure { id: name.to_owned(), printed: None, possible: Interval::default() });
                kept.len() - 1
            })
        };
        let compile = |tie: Tie| {
            let (figure, term) = (number(&tie.figure), Term::new(&tie.expression, &mut number));
            Compiled { id: tie.id, figure, relation: tie.relation, repeated: term.repeated(), term }
        };
        let ties: Vec<_> = ties.into_iter().map(compile).collect();
        let ties_of = ties_of(&ties, kept.len());
        Self { figures: kept, ties, ties_of }
    }

    /// The parts that no tie joins, each as a system of its own; figures without a tie are in none.
    pub(crate) fn split(self) -> Vec<Self> {
        let mut part_of: Vec<Option<usize>> = vec![None; self.figures.len()];
        let mut parts = 0;
        for start in 0..self.figures.len() {
            if part_of[start].is_some() || self.ties_of[start].is_empty() {
                continue;
            }
            part_of[start] = Some(parts);
            let mut waiting = vec![start];
            while let Some(figure) = waiting.pop() {
                for other in self.ties_of[figure].iter().flat_map(|tie| self.ties[*tie].figures()) {
                    if part_of[other].is_none() {
                        part_of[other] = Some(parts);
                        waiting.push(other);
                    }
                }
            }
            parts += 1;
        }
        let empty = || Self { figures: Vec::new(), ties: Vec::new(), ties_of: Vec::new() };
        let mut systems: Vec<Self> = (0..parts).map(|_| empty()).collect();
        let mut number_in_part = vec![0; self.figures.len()];
        for (number, figure) in self.figures.into_iter().enumerate() {
            let Some(part) = part_of[number] else { continue };
            number_in_part[number] = systems[part].figures.len();
            systems[part].figures.push(figure);
        }
        for mut tie in self.ties {
            let Some(part) = part_of[tie.figure] else { continue };
            tie.renumber(&number_in_part);
            systems[part].ties.push(tie);
        }
        for system in &mut systems {
            system.ties_of = ties_of(&system.ties, system.figures.len());
        }
        systems
    }
}

fn ties_of(ties: &[Compiled], figures: usize) -> Vec<Vec<usize>> {
    let mut ties_of = vec![Vec::new(); figures];
    for (n, tie) in ties.iter().enumerate() {
        for figure in tie.figures() {
            if ties_of[figure].last() != Some(&n) {
                ties_of[figure].push(n);
            }
        }
    }
    ties_of
}
