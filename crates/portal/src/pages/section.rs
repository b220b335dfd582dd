//! Sections of the annual report by name.

use uplift_core::language::Language;

/// What a section is called; one of an office by its own name.
pub(super) fn section_title(section: &str, language: Language) -> String {
    let (en, zh) = match section {
        "overview" => ("Overview", "概况"),
        "poverty" => ("Poverty", "贫困状况"),
        "inequality" => ("Inequality", "收入差距"),
        "deprivation" => ("Deprivation", "多维贫困"),
        "funds" => ("Funds", "扶贫资金"),
        "industry" => ("Industry and tourism", "产业与乡村旅游"),
        "village" => ("Whole-village advancement", "整村推进"),
        "relocation" => ("Relocation", "扶贫搬迁"),
        "households" => ("Households", "到户帮扶"),
        "works" => ("Roads and water", "道路饮水"),
        "investment" => ("Cooperation", "区域协作与招商"),
        "bazaar" => ("Fundraising", "募捐义卖"),
        "groups" => ("Assistance groups", "集团帮扶"),
        "finance" => ("Microfinance", "小额信贷"),
        "mutual_funds" => ("Mutual funds", "互助资金"),
        "supervision" => ("Supervision", "监督检查"),
        "publicity" => ("Publicity", "宣传"),
        "handin" => ("Hand-ins", "报送质量"),
        own => (own, own),
    };
    language.choose(en, zh).to_owned()
}
