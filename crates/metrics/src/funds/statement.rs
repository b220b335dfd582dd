//! The statement of one kind of records: every node of the money's way closes.

use std::collections::{BTreeMap, BTreeSet};

use uplift_engine::levels::{Lines, Passing, Recorded};

use super::node::{Amounts, Node, Stage, Surpluses, passed_on, settled};

/// What was recorded at each stage, by source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stages {
    pub(super) budget: BTreeMap<String, Recorded>,
    pub(super) allocation: BTreeMap<String, Recorded>,
    pub(super) disbursement: BTreeMap<String, Recorded>,
    pub(super) refund: BTreeMap<String, Recorded>,
    pub(super) expenditure: BTreeMap<String, Recorded>,
    /// What was counted as left, where it is held, by source.
    pub(super) counted: BTreeMap<(Stage, String), Counted>,
}

/// Fen that were counted as left, by area and line of work. An area's are those of the areas inside too.
pub(super) type Counted = BTreeMap<(String, String), i128>;

/// Nodes with what is in and out, and the flows between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) nodes: BTreeMap<Node, Amounts>,
    /// From, to, fen.
    pub(crate) flows: BTreeMap<(Node, Node), i128>,
}

/// The statement of an area, told apart by the areas inside whose codes have so many digits; without digits it is one place.
/// Money of the area that none of those records is at the area itself. The way of a project's money begins where a source
/// disburses it: what is budgeted and allocated seldom names one.
pub(crate) fn statement(stages: &Stages, area: &str, digits: Option<usize>, of_project: bool) -> Statement {
    let mut statement = Statement::default();
    let all = [&stages.budget, &stages.allocation, &stages.disbursement, &stages.refund, &stages.expenditure];
    let counted = stages.counted.keys().map(|(_, source)| source).filter(|_| !of_project);
    let sources: BTreeSet<&String> = all.into_iter().flat_map(BTreeMap::keys).chain(counted).collect();
    for source in sources {
        let of = |stage: &BTreeMap<String, Recorded>| stage.get(source).cloned().unwrap_or_default();
        let counted = |stage: Stage, parts: [Part<'_>; 3]| {
            let counted = stages.counted.get(&(stage, source.clone()));
            // What is counted is not told apart by project.
            let counted = counted.filter(|_| !of_project).into_iter().flatten();
            let difference = |((area, line), fen): (&(String, String), &i128)| Difference {
                area: area.clone(),
                line: line.clone(),
                expected: left_of(source, area, &parts).get(line).copied().unwrap_or_default(),
                counted: *fen,
            };
            counted.map(difference).collect::<Vec<_>>()
        };
        let passed = |stage, sign| Part { stage, sign, passing: Passing::Passed };
        // What is spent is other money in each place.
        let spent = Part { stage: &stages.expenditure, sign: -1, passing: Passing::Apart };
        let mut places = Places::of(area, digits, all.into_iter().filter_map(|stage| stage.get(source)));
        let of_source = stages.counted.iter().filter(|((_, of), _)| of == source && !of_project);
        places.add(digits, of_source.flat_map(|(_, counted)| counted.keys().map(|(area, _)| area)));
        let money = Money {
            budget: of(&stages.budget).within(area, Passing::Passed),
            allocation: places.split(&of(&stages.allocation), Passing::Passed),
            disbursement: places.split(&of(&stages.disbursement), Passing::Passed),
            refund: places.split(&of(&stages.refund), Passing::Passed),
            expenditure: places.split(&of(&stages.expenditure), Passing::Apart),
            in_treasury: counted(
                Stage::Area,
                [passed(&stages.allocation, 1), passed(&stages.refund, 1), passed(&stages.disbursement, -1)],
            ),
            with_spenders: counted(
                Stage::Spending,
                [passed(&stages.disbursement, 1), passed(&stages.refund, -1), spent],
            ),
        };
        if !of_project {
            statement.allocate(source, &money);
        }
        statement.disburse(source, area, &money, of_project);
    }
    statement
}

/// The places that money is told apart by.
struct Places<'a> {
    area: &'a str,
    inside: BTreeSet<String>,
}

impl<'a> Places<'a> {
    fn of<'r>(area: &'a str, digits: Option<usize>, recorded: impl Iterator<Item = &'r Recorded>) -> Self {
        let places = |recorded: &'r Recorded| digits.into_iter().flat_map(|digits| recorded.places(digits));
        let inside = recorded.flat_map(places).filter(|code| code.starts_with(area));
        Self { area, inside: inside.map(str::to_owned).collect() }
    }

    /// Adds the places that these areas are or lie in.
    fn add<'r>(&mut self, digits: Option<usize>, areas: impl Iterator<Item = &'r String>) {
        let codes = areas.filter_map(|area| area.get(..digits?)).filter(|code| code.starts_with(self.area));
        self.inside.extend(codes.map(str::to_owned));
    }

    /// What each place has; at the area itself what it has beyond those inside.
    fn split(&self, recorded: &Recorded, passing: Passing) -> BTreeMap<String, Lines> {
        let mut above = recorded.within(self.area, passing);
        let mut places = BTreeMap::new();
        for code in &self.inside {
            let lines = recorded.within(code, passing);
            for (line, fen) in &lines {
                *above.entry(line.clone()).or_default() -= fen;
            }
            places.insert(code.clone(), lines);
        }
        places.insert(self.area.to_owned(), above);
        places
    }
}

/// The money of one source.
struct Money {
    budget: Lines,
    allocation: BTreeMap<String, Lines>,
    disbursement: BTreeMap<String, Lines>,
    refund: BTreeMap<String, Lines>,
    expenditure: BTreeMap<String, Lines>,
    in_treasury: Vec<Difference>,
    with_spenders: Vec<Difference>,
}

/// What was counted of an area's money, and what should be left of it by its records.
struct Difference {
    area: String,
    line: String,
    expected: i128,
    counted: i128,
}

/// A stage that brings money or takes it.
struct Part<'a> {
    stage: &'a BTreeMap<String, Recorded>,
    sign: i128,
    passing: Passing,
}

/// What is left of a source's money in an area by stages that bring it and take it.
fn left_of(source: &str, area: &str, parts: &[Part<'_>; 3]) -> Surpluses {
    let mut left = Surpluses::new();
    for Part { stage, sign, passing } in parts {
        for (line, fen) in stage.get(source).map(|r| r.within(area, *passing)).unwrap_or_default() {
            *left.entry(line).or_default() += sign * fen;
        }
    }
    settled(&mut left);
    left
}

fn node(stage: Stage, code: &str) -> Node {
    Node { stage, code: code.to_owned() }
}

impl Statement {
    /// From the budget of a source to the areas that it is allocated to. Where no budget of it is on record, as in a county
    /// whose money is budgeted above it, the way begins with what is allocated.
    fn allocate(&mut self, source: &str, money: &Money) {
        let from = node(Stage::Source, source);
        let mut given = money.budget.clone();
        if given.values().all(|fen| *fen == 0) {
            for (line, fen) in money.allocation.values().flatten() {
                *given.entry(line.clone()).or_default() += fen;
            }
        }
        self.amounts(&from).inflow += given.values().sum::<i128>();
        for (line, fen) in &given {
            self.flow(&from, &node(Stage::Programme, line), *fen);
        }
        // What is budgeted for a line of work and not allocated.
        let mut left = given;
        for (place, lines) in &money.allocation {
            for (line, fen) in lines {
                self.flow(&node(Stage::Programme, line), &node(Stage::Area, place), *fen);
                *left.entry(line.clone()).or_default() -= fen;
            }
        }
        for (from, to, fen) in settled(&mut left) {
            self.flow(&node(Stage::Programme, &from), &node(Stage::Programme, &to), fen);
        }
        for (line, fen) in &left {
            self.left(&node(Stage::Programme, line), *fen);
        }
    }

    /// From the areas, or the source of a project, to who spends it and on what.
    fn disburse(&mut self, source: &str, area: &str, money: &Money, of_project: bool) {
        let at =
            |places: &BTreeMap<String, Lines>, place: &str| places.get(place).cloned().unwrap_or_default();
        let sum = |parts: [(Lines, i128); 3]| {
            let mut sum = Surpluses::new();
            for (line, fen) in
                parts.iter().flat_map(|(lines, sign)| lines.iter().map(move |(l, f)| (l, f * sign)))
            {
                *sum.entry(line.clone()).or_default() += fen;
            }
            sum
        };
        let (mut undisbursed, mut unspent) = (BTreeMap::new(), BTreeMap::new());
        for place in money.allocation.keys() {
            let (allocated, disbursed) = (at(&money.allocation, place), at(&money.disbursement, place));
            let (refunded, spent) = (at(&money.refund, place), at(&money.expenditure, place));
            let giver = if of_project { node(Stage::Source, source) } else { node(Stage::Area, place) };
            let unit = node(Stage::Spending, place);
            let (given, back) = (disbursed.values().sum(), refunded.values().sum());
            self.flow(&giver, &unit, given);
            self.flow(&unit, &giver, back);
            if of_project {
                self.amounts(&giver).inflow += given;
                self.left(&giver, back);
            }
            for (line, fen) in &spent {
                self.flow(&unit, &node(Stage::Spent, line), *fen);
                // Here the way ends.
                self.amounts(&node(Stage::Spent, line)).outflow += fen;
            }
            undisbursed
                .insert(place.clone(), sum([(allocated, 1), (refunded.clone(), 1), (disbursed.clone(), -1)]));
            unspent.insert(place.clone(), sum([(disbursed, 1), (refunded, -1), (spent, -1)]));
        }
        if !of_project {
            self.settle(Stage::Area, area, undisbursed, &money.allocation, &money.in_treasury);
        }
        self.settle(Stage::Spending, area, unspent, &money.disbursement, &money.with_spenders);
    }

    /// Settles one stage of all places, and tells what is left of it.
    fn settle(
        &mut self,
        stage: Stage,
        area: &str,
        mut places: BTreeMap<String, Surpluses>,
        received: &BTreeMap<String, Lines>,
        counted: &[Difference],
    ) {
        let node = |code: &str| node(stage, code);
        places.values_mut().for_each(|lines| drop(settled(lines)));
        let mut whole = places.remove(area).unwrap_or_default();
        for (place, lines) in &mut places {
            let fen = received.get(place).map_or(0, |received| passed_on(&mut whole, lines, received));
            self.flow(&node(area), &node(place), fen);
        }
        places.insert(area.to_owned(), whole);
        for (place, lines) in &places {
            for fen in lines.values() {
                self.left(&node(place), *fen);
            }
        }
        // Of an area it is counted with the areas inside: what those lack is theirs, and the rest is its own.
        let mut lacking: BTreeMap<(&str, &str), i128> = BTreeMap::new();
        let mut deepest_first: Vec<_> = counted.iter().collect();
        deepest_first.sort_by_key(|d| std::cmp::Reverse(d.area.len()));
        for d in deepest_first {
            let inside = |place: &&String| place.as_str() != area && d.area.starts_with(place.as_str());
            let place = places.keys().find(inside).map_or(area, String::as_str);
            // What was passed on to a place is known of the place alone.
            let settled = places.get(place).filter(|_| place == d.area && place != area);
            let settled = settled.and_then(|lines| lines.get(&d.line)).copied();
            let lacks = settled.unwrap_or(d.expected).max(0) - d.counted;
            let within = |(other, line): &(&str, &str)| *line == d.line && other.starts_with(&d.area);
            let of_others: i128 = lacking.iter().filter(|(key, _)| within(key)).map(|(_, fen)| fen).sum();
            let amounts = self.amounts(&node(place));
            amounts.balance -= lacks - of_others;
            amounts.unexplained += lacks - of_others;
            amounts.counted = true;
            lacking.insert((&d.area, &d.line), lacks - of_others);
        }
    }

    fn amounts(&mut self, node: &Node) -> &mut Amounts {
        self.nodes.entry(node.clone()).or_default()
    }

    fn flow(&mut self, from: &Node, to: &Node, fen: i128) {
        if fen == 0 {
            return;
        }
        self.amounts(from).outflow += fen;
        self.amounts(to).inflow += fen;
        *self.flows.entry((from.clone(), to.clone())).or_default() += fen;
    }

    fn left(&mut self, node: &Node, fen: i128) {
        if fen == 0 {
            return;
        }
        let amounts = self.amounts(node);
        if fen > 0 { amounts.balance += fen } else { amounts.unexplained += fen }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AREAS: [&str; 4] = ["50", "500101", "500102", "500101101001"];

    fn add(stage: &mut BTreeMap<String, Recorded>, source: &str, area: &str, line: &str, fen: i128) {
        stage.entry(source.to_owned()).or_default().add(area, line, fen);
    }

    fn closes(statement: &Statement) {
        for (node, a) in &statement.nodes {
            assert_eq!(a.inflow, a.outflow + a.balance + a.unexplained, "{node:?} {a:?}");
            assert!(a.counted || (a.balance >= 0 && a.unexplained <= 0), "{node:?} {a:?}");
            let out: i128 =
                statement.flows.iter().filter(|((from, _), _)| from == node).map(|(_, fen)| fen).sum();
            let into: i128 =
                statement.flows.iter().filter(|((_, to), _)| to == node).map(|(_, fen)| fen).sum();
            if node.stage != Stage::Spent {
                assert_eq!(out, a.outflow, "{node:?}");
            }
            if node.stage != Stage::Source {
                assert_eq!(into, a.inflow, "{node:?}");
            }
        }
        assert!(statement.flows.values().all(|fen| *fen > 0));
    }

    fn at(statement: &Statement, stage: Stage, code: &str) -> (i128, i128, i128, i128) {
        let amounts =
            statement.nodes.get(&Node { stage, code: code.to_owned() }).cloned().unwrap_or_default();
        (amounts.inflow, amounts.outflow, amounts.balance, amounts.unexplained)
    }

    #[test]
    fn money_is_followed_from_its_source_to_its_use() {
        let mut stages = Stages::default();
        add(&mut stages.budget, "national", "50", "road", 100);
        add(&mut stages.allocation, "national", "50", "road", 90);
        add(&mut stages.allocation, "national", "500101", "road", 60);
        add(&mut stages.disbursement, "national", "500101", "road", 50);
        // A county that recorded no receipt disburses what the municipality passed on, and five more than that.
        add(&mut stages.disbursement, "national", "500102", "road", 35);
        add(&mut stages.refund, "national", "500101", "road", 4);
        add(&mut stages.expenditure, "national", "500101", "road", 40);
        let statement = statement(&stages, "50", Some(6), false);
        closes(&statement);
        assert_eq!(at(&statement, Stage::Source, "national"), (100, 100, 0, 0));
        assert_eq!(at(&statement, Stage::Programme, "road"), (100, 90, 10, 0));
        assert_eq!(at(&statement, Stage::Area, "50"), (30, 30, 0, 0));
        assert_eq!(at(&statement, Stage::Area, "500101"), (64, 50, 14, 0));
        assert_eq!(at(&statement, Stage::Area, "500102"), (30, 35, 0, -5));
        assert_eq!(at(&statement, Stage::Spending, "500101"), (50, 44, 6, 0));
        assert_eq!(at(&statement, Stage::Spending, "500102"), (35, 0, 35, 0));
        assert_eq!(at(&statement, Stage::Spent, "road"), (40, 40, 0, 0));
    }

    #[test]
    fn what_was_counted_is_held_against_what_should_be_left() {
        let mut stages = Stages::default();
        add(&mut stages.allocation, "national", "500101", "road", 60);
        add(&mut stages.disbursement, "national", "500101", "road", 50);
        add(&mut stages.allocation, "national", "500102", "road", 40);
        add(&mut stages.disbursement, "national", "500102", "road", 45);
        let mut count = |stage, area: &str, fen| {
            let counted = stages.counted.entry((stage, "national".to_owned())).or_default();
            counted.insert((area.to_owned(), "road".to_owned()), fen);
        };
        // Three are missing of ten; a county that overspent has nothing left; who spends has one more than it should.
        count(Stage::Area, "500101", 7);
        count(Stage::Area, "500102", 0);
        count(Stage::Spending, "500102", 46);
        for (by_county, area) in [(Some(6), "50"), (None, "500101"), (None, "50")] {
            closes(&statement(&stages, area, by_county, false));
        }
        let by_county = statement(&stages, "50", Some(6), false);
        assert_eq!(at(&by_county, Stage::Area, "500101"), (60, 50, 7, 3));
        assert_eq!(at(&by_county, Stage::Area, "500102"), (40, 45, 0, -5));
        assert_eq!(at(&by_county, Stage::Spending, "500102"), (45, 0, 46, -1));
        assert_eq!(at(&statement(&stages, "500101", None, false), Stage::Area, "500101"), (60, 50, 7, 3));
        // The municipality counts one more missing than its counties.
        let mut with_city = stages.clone();
        let counted = with_city.counted.entry((Stage::Area, "national".to_owned())).or_default();
        counted.insert(("50".to_owned(), "road".to_owned()), 1);
        let by_county = statement(&with_city, "50", Some(6), false);
        closes(&by_county);
        assert_eq!(at(&by_county, Stage::Area, "500101"), (60, 50, 7, 3));
        assert_eq!(at(&by_county, Stage::Area, "50"), (0, 0, -1, 1));
        // Where nothing is recorded, what was counted is beyond what should be left.
        let mut alone = Stages::default();
        let counted = alone.counted.entry((Stage::Area, "social".to_owned())).or_default();
        counted.insert(("500103".to_owned(), "road".to_owned()), 7);
        for (area, by, at_area) in [("50", Some(6), "500103"), ("50", None, "50"), ("500103", None, "500103")]
        {
            assert_eq!(at(&statement(&alone, area, by, false), Stage::Area, at_area), (0, 0, 7, -7));
        }
        // As one the counties cover each other's need; what is missing of what was counted stays.
        assert_eq!(at(&statement(&stages, "50", None, false), Stage::Area, "50"), (100, 95, 2, 3));
        // Beside a project's money it says nothing.
        assert_eq!(at(&statement(&stages, "50", None, true), Stage::Spending, "50"), (95, 0, 95, 0));
    }

    #[test]
    fn money_without_a_line_of_work_is_that_of_the_lines_below() {
        let mut stages = Stages::default();
        add(&mut stages.budget, "national", "50", "", 100);
        add(&mut stages.allocation, "national", "500101", "road", 60);
        add(&mut stages.allocation, "national", "500102", "school", 50);
        let statement = statement(&stages, "50", Some(6), false);
        closes(&statement);
        assert_eq!(at(&statement, Stage::Programme, "road"), (60, 60, 0, 0));
        assert_eq!(at(&statement, Stage::Programme, "school"), (40, 50, 0, -10));
        assert_eq!(at(&statement, Stage::Area, "500102"), (50, 0, 50, 0));
    }

    #[test]
    fn who_recorded_a_receipt_and_spent_more_has_no_other_money() {
        let mut stages = Stages::default();
        add(&mut stages.allocation, "national", "50", "road", 1000);
        add(&mut stages.allocation, "national", "500101", "road", 400);
        add(&mut stages.allocation, "national", "500102", "road", 500);
        add(&mut stages.disbursement, "national", "500102", "road", 550);
        let statement = statement(&stages, "50", Some(6), false);
        closes(&statement);
        assert_eq!(at(&statement, Stage::Area, "500102"), (500, 550, 0, -50));
        assert_eq!(at(&statement, Stage::Area, "50"), (100, 0, 100, 0));
        // Without a budget on record the way begins with what is allocated.
        assert_eq!(at(&statement, Stage::Source, "national"), (1000, 1000, 0, 0));
        assert_eq!(at(&statement, Stage::Programme, "road"), (1000, 1000, 0, 0));
    }

    proptest! {
        #[test]
        fn every_node_closes_whatever_is_recorded(
            rows in proptest::collection::vec((0..5usize, 0..2usize, 0..4usize, 0..3usize, 1..100i128), 0..40)
        ) {
            let mut stages = Stages::default();
            for (stage, source, area, line, fen) in rows {
                let stages = [
                    &mut stages.budget, &mut stages.allocation, &mut stages.disbursement, &mut stages.refund,
                    &mut stages.expenditure,
                ];
                add(stages.into_iter().nth(stage).unwrap(), ["s", "t"][source], AREAS[area], ["", "a", "b"][line], fen);
            }
            for (area, digits) in [("50", None), ("50", Some(6)), ("50", Some(12)), ("500101", None), ("500101", Some(12))] {
                closes(&statement(&stages, area, digits, false));
            }
            // Whatever it is told apart by, the same money came in and was spent.
            let whole = |digits| {
                let statement = statement(&stages, "50", digits, false);
                let sum = |stage| -> i128 {
                    let of = statement.nodes.iter().filter(|(node, _)| node.stage == stage);
                    of.map(|(_, amounts)| amounts.inflow).sum()
                };
                (sum(Stage::Source), sum(Stage::Spent))
            };
            prop_assert_eq!(whole(None), whole(Some(6)));
        }
    }
}
