//! Fund statements between the service and the wire.

use rust_decimal::Decimal;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::names::Names;
use super::node::{Amounts, Node, Stage};
use super::statement::Statement;
use crate::asked::Violations;
use crate::snapshots::AsOf;

/// Characters of the longest id of a project.
const MAX_ID: usize = 100;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) period: Period,
    /// Digits of the areas inside.
    pub(crate) digits: Option<usize>,
    pub(crate) project: String,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::GetFundStatementRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        let digits = violations.level_inside(request.by_level, area.as_ref());
        if request.project_id.chars().count() > MAX_ID {
            let message = format!("is longer than {MAX_ID} characters; no project has such an id");
            violations.add("project_id", message);
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => {
                Ok(Self { area, period, digits, project: request.project_id, as_of })
            }
            _ => Err(Error::invalid(violations.0)),
        }
    }
}

/// The statement as callers see it.
pub(crate) fn encode(simulated: bool, statement: &Statement, names: &Names) -> wire::FundStatement {
    let node = |(node, amounts): (&Node, &Amounts)| {
        let name = names.of(node);
        wire::FundNode {
            node_id: id(node),
            stage: stage(node.stage).into(),
            code: node.code.clone(),
            name_en: name.en,
            name_zh: name.zh,
            inflow: yuan(amounts.inflow),
            outflow: yuan(amounts.outflow),
            balance: yuan(amounts.balance),
            unexplained: yuan(amounts.unexplained),
            counted: amounts.counted,
        }
    };
    let flow = |((from, to), fen): (&(Node, Node), &i128)| wire::FundNodeFlow {
        from_node_id: id(from),
        to_node_id: id(to),
        amount: yuan(*fen),
    };
    wire::FundStatement {
        simulated,
        nodes: statement.nodes.iter().map(node).collect(),
        flows: statement.flows.iter().map(flow).collect(),
    }
}

fn stage(stage: Stage) -> wire::FundStage {
    match stage {
        Stage::Source => wire::FundStage::Source,
        Stage::Programme => wire::FundStage::Programme,
        Stage::Area => wire::FundStage::Area,
        Stage::Spending => wire::FundStage::Spending,
        Stage::Spent => wire::FundStage::Spent,
    }
}

fn id(node: &Node) -> String {
    let stage = match node.stage {
        Stage::Source => "source",
        Stage::Programme => "programme",
        Stage::Area => "area",
        Stage::Spending => "spending",
        Stage::Spent => "spent",
    };
    format!("{stage}/{}", node.code)
}

fn yuan(fen: i128) -> String {
    // Sums of 20 digits each fit by far.
    Decimal::try_from_i128_with_scale(fen, 2).map(|yuan| yuan.to_string()).unwrap_or_default()
}
