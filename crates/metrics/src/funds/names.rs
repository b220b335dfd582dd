//! Names of nodes: of sources as the code list has them, of lines of work and areas as they are on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use uplift_core::dataset::Kind;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};
use uplift_proto::dataset::find;

use super::node::{Node, Stage};
use super::read::LOCAL;
use crate::indicators::area_names::AreasByCode;
use crate::snapshots::SnapshotSet;

/// Names by code.
#[derive(Debug)]
pub(crate) struct Names {
    areas: Arc<AreasByCode>,
    period: Period,
    programmes: BTreeMap<String, Bilingual>,
}

impl Names {
    pub(crate) async fn read(
        snapshots: &SnapshotSet,
        areas: Arc<AreasByCode>,
        period: Period,
    ) -> Result<Self> {
        let mut programmes = BTreeMap::new();
        if let Some(snapshot) = snapshots.snapshot("programme").await? {
            let rows = snapshot.rows().await?.collect().await;
            for batch in rows.map_err(|e| query_failed("reading programmes", e))? {
                let id = text(&batch, "programme_id")?;
                let (en, zh) = (text(&batch, "name_en")?, text(&batch, "name_zh")?);
                for row in 0..batch.num_rows() {
                    let name = Bilingual::new(text_at(&en, row), text_at(&zh, row));
                    programmes.insert(text_at(&id, row), name);
                }
            }
        }
        Ok(Self { areas, period, programmes })
    }

    /// The name of a node; its code where none is on record.
    pub(crate) fn of(&self, node: &Node) -> Bilingual {
        let code = &node.code;
        let known = match node.stage {
            Stage::Source if code == LOCAL => {
                Some(Bilingual::new("local and municipal fiscal", "市级财政（含地方财政）"))
            }
            Stage::Source => source(code),
            Stage::Programme | Stage::Spent if code.is_empty() => {
                Some(Bilingual::new("no line of work named", "未填工作类别"))
            }
            Stage::Programme | Stage::Spent => self.programmes.get(code).cloned(),
            Stage::Area | Stage::Spending => self.areas.name(code, self.period).cloned(),
        };
        let name = known.unwrap_or_default();
        let or_code = |text: String| if text.is_empty() { code.clone() } else { text };
        // County offices have no English names.
        let en = if name.en.is_empty() { name.zh.clone() } else { name.en };
        Bilingual::new(or_code(en), or_code(name.zh))
    }
}

fn source(code: &str) -> Option<Bilingual> {
    match &find("fund_flow")?.field("source")?.kind {
        Kind::Code(codes) => codes.iter().find(|c| c.stored == code).map(|c| c.title.clone()),
        _ => None,
    }
}
