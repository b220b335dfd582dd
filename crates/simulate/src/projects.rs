//! Projects: villages of whole-village advancement, the towns that follow it, pilots of tourism and of mutual funds, backbone
//! industries.

use uplift_proto::v1::records::{Project, ProjectKind, ProjectStatus};

use crate::area::{township_code, village_code};
use crate::county::{YEARS, part};
use crate::organisations::groups;
use crate::share::Share;
use crate::totals::{AWARD, BATCHES, TOURISM_HOUSEHOLDS, TOURISM_INCOME, TOURISM_PILOT};

/// Fen that a new village has from fiscal and integrated funds: about 4.6 million yuan.
const VILLAGE_BUDGET: i64 = 459_000_000;

/// Industries that the programme develops, each in a county of its own.
const INDUSTRIES: [&str; 10] =
    ["柑橘", "榨菜", "草食牲畜", "生态鱼", "中药材", "茶叶", "林业", "蚕桑", "烤烟", "乡村旅游"];

/// Counties that try out mutual-fund software, that in which villages compete for a fund, and those with a whole town.
pub(crate) const SOFTWARE: [&str; 3] = ["500234", "500232", "500102"];
pub(crate) const COMPETITION: &str = "500102";
const TOWNS: [(&str, &str); 2] = [("500119", "木凉镇"), ("500242", "宜居乡")];

/// The projects that the county begins in a year.
pub(crate) fn projects(share: &Share<'_>) -> Vec<Project> {
    let mut all = whole_villages(share);
    if share.year == YEARS[1] {
        all.extend(pilots(share));
        all.extend(tourism_pilots(share));
    }
    if YEARS.contains(&share.year) {
        all.push(rural_tourism(share));
        all.extend(assistance(share));
    }
    all
}

/// The id of a village's project.
pub(crate) fn village_project(share: &Share<'_>, began: i32, village: usize) -> String {
    format!("village-{}-{began}-{village}", share.county.id())
}

fn whole_villages(share: &Share<'_>) -> Vec<Project> {
    let finished = share.year < YEARS[1];
    let batch = BATCHES.iter().position(|(began, _)| *began == share.year);
    let project = |village: usize| {
        let base = project(share, "village", ProjectKind::WholeVillage, "整村推进");
        Project {
            project_id: village_project(share, share.year, village),
            area_code: village_code(share.area(), village),
            status: if finished { ProjectStatus::Accepted } else { ProjectStatus::UnderWay }.into(),
            budget_fen: Some(VILLAGE_BUDGET * (80 + village as i64 * 7 % 41) / 100),
            planned: Some(1.0),
            actual: Some(if finished { 1.0 } else { 0.3 + 0.1 * (village % 5) as f64 }),
            unit: "village".into(),
            batch: batch.map(|n| (n + 1).to_string()).unwrap_or_default(),
            // The article tells of an award for the first batch alone.
            award_fen: (batch == Some(0)).then_some(AWARD as i64),
            completed: if finished { format!("{}-09-30", share.year + 1) } else { String::new() },
            ..base
        }
    };
    if BATCHES.iter().any(|(began, _)| *began == share.year) {
        share.batch(share.year).map(project).collect()
    } else {
        Vec::new()
    }
}

/// A project of the county under way.
fn project(share: &Share<'_>, line: &str, kind: ProjectKind, name: &str) -> Project {
    Project {
        project_id: share.id(kind.as_str_name(), 1).to_lowercase(),
        programme_id: line.into(),
        area_code: share.area().to_owned(),
        year: share.year,
        status: ProjectStatus::UnderWay.into(),
        name: format!("{name} {}", share.county.area(share.year).name_zh),
        kind: kind.into(),
        started: format!("{}-03-01", share.year),
        ..Project::default()
    }
}

fn pilots(share: &Share<'_>) -> Vec<Project> {
    let code = share.county.id();
    let mut all = Vec::new();
    if SOFTWARE.contains(&code) {
        all.push(project(share, "mutual_fund", ProjectKind::MutualFundSoftware, "互助资金软件管理试点"));
    }
    if code == COMPETITION {
        all.push(project(share, "mutual_fund", ProjectKind::MutualFundCompetition, "互助资金竞争入围试点"));
    }
    if let Some((_, town)) = TOWNS.iter().find(|(county, _)| *county == code) {
        let base = project(share, "town", ProjectKind::WholeTown, "整镇推进");
        all.push(Project {
            area_code: township_code(share.area(), 0),
            name: format!("整镇推进 {town}"),
            ..base
        });
    }
    if let Some(industry) = INDUSTRIES.get(share.n) {
        let base = project(share, "industry", ProjectKind::BackboneIndustry, "骨干产业");
        all.push(Project { industry: (*industry).to_owned(), ..base });
    }
    all
}

/// What the assistance groups of a county do there with what they give: a school and a road each, most of them finished.
fn assistance(share: &Share<'_>) -> Vec<Project> {
    let groups = groups(share);
    let works = groups.iter().flat_map(|group| ["援建学校", "援建道路"].map(|name| (group, name)));
    let project = |(n, (group, name)): (usize, (&String, &str))| {
        let finished = (share.n + n) % 4 != 3;
        Project {
            project_id: share.id("assistance", n),
            status: if finished { ProjectStatus::Completed } else { ProjectStatus::UnderWay }.into(),
            completed: if finished { format!("{}-11-20", share.year) } else { String::new() },
            sponsor_id: group.clone(),
            ..project(share, "social", ProjectKind::Assistance, name)
        }
    };
    works.enumerate().map(project).collect()
}

/// Pilot villages of rural tourism in a county: its first ones.
pub(crate) fn pilot_villages(share: &Share<'_>) -> u64 {
    let (villages, _, counties) = TOURISM_PILOT;
    if share.n < counties { part(villages, share.n, &share.weights[..counties]) } else { 0 }
}

/// Villages that try out rural tourism: in all key counties but the last.
fn tourism_pilots(share: &Share<'_>) -> Vec<Project> {
    let (_, households, counties) = TOURISM_PILOT;
    if share.n >= counties {
        return Vec::new();
    }
    let weights = &share.weights[..counties];
    let villages = pilot_villages(share);
    let households = part(households, share.n, weights);
    let pilot = |n: u64| {
        let poor = crate::county::equal_part(households, n as usize, villages as usize) as i64;
        let base = project(share, "tourism", ProjectKind::TourismPilot, "乡村旅游试点");
        Project {
            project_id: share.id("tourism_pilot", n),
            area_code: village_code(share.area(), n as usize),
            households: Some(poor),
            poor_households: Some(poor),
            added_income_fen: Some(poor * TOURISM_INCOME as i64 * 100),
            ..base
        }
    };
    (0..villages).map(pilot).collect()
}

/// Rural tourism outside of the pilot villages.
fn rural_tourism(share: &Share<'_>) -> Project {
    let (_, in_pilots, counties) = TOURISM_PILOT;
    let with_pilot = share.year == YEARS[1] && share.n < counties;
    let own = if with_pilot { part(in_pilots, share.n, &share.weights[..counties]) } else { 0 };
    let households = share.part(TOURISM_HOUSEHOLDS.of(share.year)).saturating_sub(own) as i64;
    Project {
        households: Some(households),
        poor_households: Some(households * 2 / 5),
        added_income_fen: Some(households * TOURISM_INCOME as i64 * 100),
        ..project(share, "tourism", ProjectKind::Other, "乡村旅游")
    }
}
