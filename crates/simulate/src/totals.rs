//! What the municipality published for each year, and the programme's own split of it: the totals that the records of all
//! counties add up to. Those of 2011 are the article's; those of 2010 are the yearbook's of the year before (fiscal funds,
//! people relocated and trained, roads, water, villages), the rest is made up around them.

use uplift_proto::v1::records::{DeliveryKind, FundPurpose, FundSource, Sector};

use crate::county::YEARS;

/// A total of each year.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals(pub(crate) [u64; 2]);

impl Totals {
    pub(crate) fn of(self, year: i32) -> u64 {
        if year == YEARS[1] { self.0[1] } else { self.0[0] }
    }
}

/// A line of work, and what its target counts.
pub(crate) struct LineOfWork {
    pub(crate) id: &'static str,
    pub(crate) name_en: &'static str,
    pub(crate) name_zh: &'static str,
    pub(crate) measure: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) target: Totals,
}

const fn line([id, name_en, name_zh, measure, unit]: [&'static str; 5], before: u64, now: u64) -> LineOfWork {
    LineOfWork { id, name_en, name_zh, measure, unit, target: Totals([before, now]) }
}

pub(crate) const LINES: [LineOfWork; 10] = [
    line(["tourism", "Rural tourism", "乡村旅游", "tourism.beds", "bed"], 60_000, 100_000),
    line(["industry", "Industrial development", "产业发展", "industry.backbone", "industry"], 8, 10),
    line(["village", "Whole-village advancement", "整村推进", "village.lifted", "village"], 266, 450),
    line(["town", "Whole-town advancement", "整镇推进", "town.pilots", "town"], 0, 2),
    line(["relocation", "Relocation", "扶贫搬迁", "relocation.people", "person"], 80_000, 89_000),
    line(
        ["training", "Training and job transfer", "培训转移", "training.people", "person"],
        110_000,
        100_000,
    ),
    line(["infrastructure", "Roads and water", "道路饮水", "road.length", "km"], 5_000, 5_100),
    line(["mutual_fund", "Village mutual funds", "互助资金", "mutual.villages_new", "village"], 300, 455),
    line(["cooperation", "Cooperation", "东西扶贫协作", "cooperation.projects", "project"], 60, 84),
    line(["social", "Social assistance", "社会扶贫", "group.count", "group"], 19, 19),
];

/// Money in thousands of yuan: line, source, purpose within the line. Fiscal funds are 1.115 billion yuan in 2010 and 1.336
/// billion in 2011.
pub(crate) const MONEY: [(&str, FundSource, FundPurpose, Totals); 13] = [
    ("tourism", FundSource::FiscalMunicipal, FundPurpose::Unspecified, Totals([180_000, 300_000])),
    ("industry", FundSource::FiscalNational, FundPurpose::Industry, Totals([110_000, 130_000])),
    ("industry", FundSource::FiscalMunicipal, FundPurpose::InterestSubsidy, Totals([15_000, 19_100])),
    ("village", FundSource::FiscalNational, FundPurpose::NewVillage, Totals([225_000, 225_000])),
    ("village", FundSource::FiscalMunicipal, FundPurpose::Consolidation, Totals([0, 133_000])),
    ("village", FundSource::Integrated, FundPurpose::NewVillage, Totals([1_420_000, 1_840_000])),
    ("relocation", FundSource::FiscalNational, FundPurpose::Unspecified, Totals([140_000, 150_000])),
    ("relocation", FundSource::WorkRelief, FundPurpose::Unspecified, Totals([190_000, 200_000])),
    ("relocation", FundSource::Reforestation, FundPurpose::Unspecified, Totals([120_000, 136_000])),
    ("training", FundSource::FiscalNational, FundPurpose::Unspecified, Totals([110_000, 100_000])),
    ("infrastructure", FundSource::FiscalNational, FundPurpose::Unspecified, Totals([275_000, 198_900])),
    ("mutual_fund", FundSource::FiscalNational, FundPurpose::Unspecified, Totals([60_000, 80_000])),
    ("industry", FundSource::Credit, FundPurpose::Unspecified, Totals([1_500_000, 2_000_000])),
];

/// Yuan given by assistance groups, by social organisations, and by others: 1.36 and 1.8 billion in all.
pub(crate) const GIVEN: [(&str, Totals); 3] = [
    ("group", Totals([240_000_000, 306_000_000])),
    ("social", Totals([32_000_000, 41_000_000])),
    ("", Totals([1_088_000_000, 1_453_000_000])),
];

/// Cooperation: contracts, yuan signed, yuan invested.
pub(crate) const CONTRACTS: Totals = Totals([62, 84]);
pub(crate) const SIGNED: Totals = Totals([31_000_000_000, 42_900_000_000]);
pub(crate) const INVESTED: Totals = Totals([2_500_000_000, 3_500_000_000]);

/// What people received: kind, line, unit, totals, and of a hundred people the women and the poor.
type Delivered = (DeliveryKind, &'static str, &'static str, Totals, Option<[u64; 2]>);
pub(crate) const DELIVERED: [Delivered; 12] = [
    (DeliveryKind::EmploymentTraining, "training", "person", Totals([115_200, 100_000]), Some([46, 55])),
    (DeliveryKind::EntrepreneurshipTraining, "training", "person", Totals([12_000, 16_000]), Some([38, 42])),
    (DeliveryKind::PracticalTraining, "training", "person", Totals([58_000, 63_000]), Some([51, 48])),
    (DeliveryKind::PolicyTraining, "training", "person", Totals([4_800, 5_200]), Some([29, 12])),
    (DeliveryKind::BusinessStart, "training", "person", Totals([3_600, 5_000]), Some([35, 40])),
    (DeliveryKind::Relocation, "relocation", "person", Totals([84_600, 89_000]), Some([48, 61])),
    (DeliveryKind::SafeWater, "infrastructure", "person", Totals([250_000, 210_000]), Some([48, 33])),
    (DeliveryKind::Road, "infrastructure", "km", Totals([5_100, 5_100]), None),
    (DeliveryKind::Bed, "tourism", "bed", Totals([60_000, 100_000]), None),
    (DeliveryKind::SupportedBed, "tourism", "bed", Totals([140_000, 300_000]), None),
    (DeliveryKind::Visit, "tourism", "person", Totals([600_000, 1_000_000]), None),
    (DeliveryKind::SupervisorTraining, "village", "village", Totals([200, 350]), None),
];

/// Jobs by sector. The article has all 20,000 of 2011 in electronics.
pub(crate) const JOBS: [(Sector, Totals); 3] = [
    (Sector::Electronics, Totals([3_000, 20_000])),
    (Sector::Construction, Totals([8_000, 0])),
    (Sector::Services, Totals([5_000, 0])),
];

/// Villages of each batch of whole-village advancement, by the year it began; they are accepted in the year after.
pub(crate) const BATCHES: [(i32, u64); 3] = [(2009, 266), (2010, 450), (2011, 450)];

/// Fen that each village of the first batch is awarded.
pub(crate) const AWARD: u64 = 50_000_000;

/// Mutual funds by the year they were founded: 1,150 in all.
pub(crate) const FUNDS: [(i32, u64); 6] =
    [(2006, 20), (2007, 55), (2008, 110), (2009, 210), (2010, 300), (2011, 455)];

/// Villages, poor households and counties of the tourism pilot of 2011.
pub(crate) const TOURISM_PILOT: (u64, u64, usize) = (100, 6_000, 17);
/// Households that rural tourism helped, and what it added to the income of each, in yuan.
pub(crate) const TOURISM_HOUSEHOLDS: Totals = Totals([38_000, 66_667]);
pub(crate) const TOURISM_INCOME: u64 = 15_000;

/// Fen that charity sales raised in 2011.
pub(crate) const RAISED: u64 = 870_000_000;

/// Registered poor people at the end of each year, and the moves of the second year that lead from one to the other.
pub(crate) const REGISTERED: f64 = 1_272_000.0;
pub(crate) const REMOVED: f64 = 10_000.0;
pub(crate) const GRADUATED: f64 = 335_000.0;
pub(crate) const RETURNED: f64 = 15_000.0;
pub(crate) const NEWLY_POOR: f64 = 40_000.0;
/// People out of poverty at the end of the first year.
pub(crate) const OUT_OF_POVERTY: f64 = 200_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fiscal_funds_and_the_register_are_as_published() {
        let fiscal = |year| -> u64 {
            let fiscal = [FundSource::FiscalNational, FundSource::FiscalMunicipal];
            MONEY.iter().filter(|(_, source, ..)| fiscal.contains(source)).map(|(.., t)| t.of(year)).sum()
        };
        assert_eq!((fiscal(2010), fiscal(2011)), (1_115_000, 1_336_000));
        assert_eq!(GIVEN.iter().map(|(_, t)| t.of(2011)).sum::<u64>(), 1_800_000_000);
        assert_eq!(FUNDS.iter().map(|(_, n)| n).sum::<u64>(), 1_150);
        assert_eq!(REGISTERED - REMOVED - GRADUATED + RETURNED + NEWLY_POOR, 982_000.0);
    }
}
