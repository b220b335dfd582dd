//! Bodies that take part: offices, assistance groups, social organisations, media, and a mutual fund in each village that
//! has one.

use rand::Rng;
use uplift_proto::v1::records::{Membership, Organisation, OrganisationKind};

use crate::area::village_code;
use crate::county::{County, YEARS, part};
use crate::share::Share;
use crate::submission::Plan;
use crate::totals::FUNDS;

/// Assistance groups, as the article counts them.
pub(crate) const GROUPS: usize = 19;
/// Social organisations and media that the article names.
pub(crate) const SOCIAL_ORGANISATIONS: usize = 4;
pub(crate) const MEDIA: usize = 3;
/// Enterprises of partner provinces, and contractors for roads and water.
pub(crate) const PARTNERS: usize = 12;
pub(crate) const SUPPLIERS: usize = 60;

/// A mutual fund and the county that it is in.
pub(crate) struct MutualFund {
    pub(crate) county: usize,
    pub(crate) founded: i32,
    pub(crate) organisation: Organisation,
}

pub(crate) fn municipal() -> Vec<Organisation> {
    let body = |id: String, kind: OrganisationKind, en: String, zh: String| Organisation {
        organisation_id: id,
        kind: kind.into(),
        name_en: en,
        name_zh: zh,
        area_code: "50".into(),
        ..Organisation::default()
    };
    let numbered = |id: &str, n: usize, kind, en: &str, zh: String| {
        body(format!("{id}-{n:02}"), kind, format!("{en} {n}"), zh)
    };
    let office = OrganisationKind::Office;
    let mut all = vec![body("office".into(), office, "Municipal office".into(), "市扶贫办".into())];
    let group = OrganisationKind::AssistanceGroup;
    all.extend(
        (1..=GROUPS).map(|n| numbered("group", n, group, "Assistance group", format!("第{n}扶贫集团"))),
    );
    let social = OrganisationKind::SocialOrganisation;
    all.extend(
        (1..=SOCIAL_ORGANISATIONS)
            .map(|n| numbered("social", n, social, "Social organisation", format!("社会组织{n}"))),
    );
    let medium = OrganisationKind::Medium;
    all.extend((1..=MEDIA).map(|n| numbered("medium", n, medium, "Media outlet", format!("媒体{n}"))));
    let enterprise = OrganisationKind::Enterprise;
    all.extend((1..=PARTNERS).map(|n| {
        numbered("partner", n, enterprise, "Enterprise of the partner province", format!("协作省企业{n}"))
    }));
    all.extend(
        (1..=SUPPLIERS).map(|n| numbered("supplier", n, enterprise, "Contractor", format!("施工企业{n}"))),
    );
    let partner = OrganisationKind::Government;
    all.push(body("partner".into(), partner, "Partner province".into(), "协作省".into()));
    all
}

/// The assistance groups of a county: every group has its county, and one county has two.
pub(crate) fn groups(share: &Share<'_>) -> Vec<String> {
    match share.n {
        0 => vec!["group-01".into(), format!("group-{GROUPS:02}")],
        n => vec![format!("group-{:02}", 1 + n)],
    }
}

/// Mutual funds of all counties, the oldest first: one in a village, of which a county's first ones come first.
pub(crate) fn mutual_funds(plan: Plan, counties: &[County], weights: &[f64]) -> Vec<MutualFund> {
    let mut random = plan.random(1);
    let mut all = Vec::new();
    let mut villages = vec![0; counties.len()];
    for (founded, total) in FUNDS {
        for (n, county) in counties.iter().enumerate() {
            for i in 0..part(total, n, weights) {
                let members = random.random_range(60..180);
                let poor = members * random.random_range(45..90) / 100;
                let village = village_code(county.id(), villages[n]);
                villages[n] += 1;
                let organisation = Organisation {
                    organisation_id: format!("fund-{village}"),
                    kind: OrganisationKind::MutualFund.into(),
                    name_en: format!("Mutual fund of village {village}"),
                    name_zh: format!("{village}村互助社"),
                    founded: format!("{founded}-{:02}-15", 1 + i % 12),
                    members: Some(members),
                    poor_members: Some(poor),
                    area_code: village,
                    ..Organisation::default()
                };
                all.push(MutualFund { county: n, founded, organisation });
            }
        }
    }
    all
}

/// What each mutual fund had at the end of a year: it grows by a tenth in the year after its foundation.
pub(crate) fn memberships(funds: &[MutualFund], year: i32) -> Vec<Membership> {
    let membership = |fund: &MutualFund| {
        let o = &fund.organisation;
        let grown = |count: Option<i64>| {
            count.map(
                |count| if fund.founded == YEARS[0] && year == YEARS[0] { count * 10 / 11 } else { count },
            )
        };
        let members = grown(o.members);
        Membership {
            organisation_id: o.organisation_id.clone(),
            date: format!("{year}-12-31"),
            area_code: o.area_code.clone(),
            members,
            poor_members: grown(o.poor_members),
            women: members.map(|members| members * 2 / 5),
            // The subsidy of about 175,000 yuan and 300 yuan of each member.
            capital_fen: members.map(|members| 17_500_000 + members * 30_000),
        }
    };
    funds.iter().filter(|fund| fund.founded <= year).map(membership).collect()
}
