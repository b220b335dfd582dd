//! A village mutual fund's year, worked out by hand: what its ledger accepts, what it refuses and why, and that neither the order
//! nor a race changes what it holds.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Decimal128Type;
use uplift_formats::columns::text;
use uplift_proto::v1::ingest as wire;
use uplift_store::Store;
use uplift_testkit::Uplift;

use crate::cases::send;
use crate::figures::{check, hand_in_of, with_areas};

const VILLAGE: &str = "500101101001";

const HEAD: &str = "凭证号,序号,日期,摘要,会计科目,借方金额,贷方金额,社员编号,借款编号,到期日,担保人编号,互助社编号,地区代码";

/// Position of the guarantor in a line.
const GUARANTOR: usize = 6;

/// Each voucher with its lines: account, debit, credit, member, loan, due, and guarantor if there is one.
const YEAR: &[(&str, &str, &[&str])] = &[
    ("记1", "2011-01-05", &["银行存款,100000,,,,", "财政扶贫资金,,100000,,,"]),
    (
        "记2",
        "2011-01-10",
        &[
            "库存现金,3500,,,,",
            "社员互助金,,1000,A,,",
            "社员互助金,,1000,B,,",
            "社员互助金,,1000,C,,",
            "社员互助金,,500,D,,",
        ],
    ),
    ("记3", "2011-01-12", &["现金,20000,,,,", "银行存款,,20000,,,"]),
    ("记4", "2011-02-01", &["借出互助金,5000,,A,L1,2011-08-01", "现金,,5000,,,"]),
    ("记5", "2011-02-01", &["借出互助金,3000,,D,L2,2011-08-01", "现金,,3000,,,"]),
    ("记6", "2011-03-01", &["借出互助金,5000,,B,L3,2011-06-01", "现金,,5000,,,"]),
    ("记7", "2011-06-01", &["现金,5150,,,,", "借出互助金,,5000,B,L3,", "占用费,,150,,,"]),
    ("记8", "2011-06-15", &["管理费用,300,,,,", "现金,,300,,,"]),
    ("记9", "2011-07-30", &["现金,2540,,,,", "借出互助金,,2500,A,L1,,NOBODY", "占用费收入,,40,,,"]),
    ("记10", "2011-08-20", &["借出互助金,5000,,C,L4,2012-02-20,A", "现金,,5000,,,"]),
    ("记11", "2011-10-05", &["银行存款,1000,,,,", "利息收入,,1000,,,"]),
    ("记12", "2011-01-20", &["银行存款,1000,,,,", "捐赠资金,,1000,,,"]),
    ("记13", "2011-12-20", &["借款损失,500,,A,L1,", "借出互助金,,500,A,L1,"]),
    ("记14", "2011-12-31", &["收益分配,200,,,,", "现金,,200,,,"]),
];

fn lines((voucher, date, lines): &(&str, &str, &[&str])) -> String {
    let each = lines.iter().enumerate().map(|(n, line)| {
        let guarantor = if line.matches(',').count() < GUARANTOR { "," } else { "" };
        format!("{voucher},{},{date},,{line}{guarantor},F1,{VILLAGE}\n", n + 1)
    });
    each.collect()
}

fn journal(vouchers: impl IntoIterator<Item = String>) -> String {
    format!("{HEAD}\n{}", vouchers.into_iter().collect::<String>())
}

/// A society with four members, who may each owe 6,000 yuan.
async fn with_society() -> Uplift {
    let uplift = with_areas().await;
    let society = "organisation_id,kind,name_zh,area_code\nF1,mutual_fund,石桥互助社,500101101001\n";
    hand_in_of("500101", &uplift, "organisation", "2011", society).await;
    let articles = "互助社编号,生效日期,地区代码,单户借款上限,月占用费率,公积金比例,公益金比例,社员分配比例
F1,2011-01-01,500101101001,6000,0.6,30,20,50
";
    hand_in_of("500101", &uplift, "mutual_fund", "2011", articles).await;
    let members = "互助社编号,社员编号,入社日期,退社日期,地区代码,是否贫困户,是否妇女社员
F1,A,2011-01-10,,500101101001,否,否
F1,B,2011-01-10,,500101101001,否,是
F1,C,2011-01-10,,500101101001,否,否
F1,D,2011-01-10,2011-11-30,500101101001,是,是
";
    hand_in_of("500101", &uplift, "mutual_fund_member", "2011", members).await;
    uplift
}

async fn enter(
    uplift: &Uplift,
    id: &str,
    csv: &str,
    change: impl FnOnce(&mut wire::SubmissionHeader),
) -> Result<wire::UploadFileResponse, tonic::Status> {
    let mut submission = wire::SubmissionHeader {
        submission_id: id.to_owned(),
        dataset: "mutual_fund_entry".to_owned(),
        area_code: VILLAGE.to_owned(),
        period: if csv.contains(",2010-12-31,") { "2010" } else { "2011" }.to_owned(),
        sender: "石桥互助社".to_owned(),
        policy: wire::Policy::AcceptGoodRows.into(),
        ..Default::default()
    };
    change(&mut submission);
    let header = wire::UploadHeader { submission: Some(submission), ..Default::default() };
    send(uplift, header, csv.as_bytes().to_vec()).await
}

/// What the answer says of each rejected row: its number and the reason.
fn reasons(answer: &wire::UploadFileResponse) -> Vec<(i64, String)> {
    answer
        .rejections
        .iter()
        .map(|r| (r.row, format!("{}: {} / {}", r.field, r.message, r.message_zh)))
        .collect()
}

/// Lines and balance of each account that the table holds.
async fn balances(uplift: &Uplift) -> Vec<String> {
    let store = Store::open(&uplift.folder().join("tables")).unwrap();
    let rows = store.get("mutual_fund_entry").await.unwrap().unwrap().snapshot().await.unwrap().rows().await;
    let mut accounts: BTreeMap<String, (usize, i128)> = BTreeMap::new();
    for batch in rows.unwrap().collect().await.unwrap() {
        let names = text(&batch, "account").unwrap();
        let [debit, credit] = ["debit", "credit"]
            .map(|side| batch.column_by_name(side).unwrap().as_primitive::<Decimal128Type>().clone());
        for (row, name) in names.iter().flatten().enumerate() {
            let (lines, fen) = accounts.entry(name.to_owned()).or_default();
            *lines += 1;
            *fen +=
                debit.iter().nth(row).flatten().unwrap_or(0) - credit.iter().nth(row).flatten().unwrap_or(0);
        }
    }
    let told =
        |(name, (lines, fen)): (String, (usize, i128))| format!("{name} {lines} {}", fen as f64 / 100.0);
    accounts.into_iter().map(told).collect()
}

const AT_THE_END: [&str; 11] = [
    "bank 4 82000",
    "cash 10 12690",
    "contributions 4 -3500",
    "donation 1 -1000",
    "expense 1 300",
    "fee 2 -190",
    "grant 1 -100000",
    "interest 1 -1000",
    "loans 7 10000",
    "loss 1 500",
    "share_out 1 200",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_entered_and_each_entry_that_breaks_a_rule_is_refused_with_its_reason() {
    let uplift = with_society().await;
    let answer = enter(&uplift, "year", &journal(YEAR.iter().map(lines)), |_| ()).await.unwrap();
    assert_eq!(reasons(&answer), []);
    assert_eq!(balances(&uplift).await, AT_THE_END);
    check(&uplift, STATEMENT).await;

    for (n, (date, entered, expected)) in WRONG.iter().enumerate() {
        let csv = journal([lines(&("错", date, entered))]);
        let answer = enter(&uplift, &format!("wrong/{n}"), &csv, |_| ()).await.unwrap();
        let reasons = reasons(&answer);
        let rows: Vec<_> = reasons.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, (2..entered.len() as i64 + 2).collect::<Vec<_>>(), "{csv}: no line of it is kept");
        for (row, part) in *expected {
            let told = &reasons[*row as usize - 2].1;
            assert!(told.contains(part), "{csv}: {part}: {reasons:#?}");
        }
    }
    assert_eq!(balances(&uplift).await, AT_THE_END);
}

/// The statement of the society: by hand, at the end of the year and on days of it.
const STATEMENT: &[(&str, &str, &str, Option<f64>)] = &[
    ("mutual_fund.cash", VILLAGE, "2011", Some(12_690.0)),
    ("mutual_fund.bank", VILLAGE, "2011", Some(82_000.0)),
    ("mutual_fund.outstanding", VILLAGE, "2011", Some(10_000.0)),
    ("mutual_fund.assets", "500101", "2011", Some(104_690.0)),
    ("mutual_fund.contributions", VILLAGE, "2011", Some(3_500.0)),
    ("mutual_fund.liabilities", VILLAGE, "2011", Some(3_500.0)),
    ("mutual_fund.grant", VILLAGE, "2011", Some(100_000.0)),
    ("mutual_fund.net_assets", "50", "2011", Some(101_190.0)),
    ("mutual_fund.fee_income", VILLAGE, "2011", Some(190.0)),
    ("mutual_fund.income", VILLAGE, "2011", Some(1_190.0)),
    ("mutual_fund.expense", VILLAGE, "2011", Some(300.0)),
    ("mutual_fund.loss", VILLAGE, "2011", Some(500.0)),
    ("mutual_fund.surplus", VILLAGE, "2011", Some(390.0)),
    ("mutual_fund.surplus", VILLAGE, "2011-Q2", Some(-150.0)),
    ("mutual_fund.share_out", VILLAGE, "2011", Some(200.0)),
    ("mutual_fund.share_out_rate", VILLAGE, "2011", Some(100.0 * 200.0 / 390.0)),
    ("mutual_fund.guaranteed", VILLAGE, "2011", Some(50.0)),
    ("mutual_fund.loans", VILLAGE, "2011", Some(4.0)),
    ("mutual_fund.loans", VILLAGE, "2011-02-01", Some(2.0)),
    ("mutual_fund.lent", VILLAGE, "2011", Some(18_000.0)),
    ("mutual_fund.lent", VILLAGE, "2011-02-01", Some(8_000.0)),
    ("mutual_fund.collected", VILLAGE, "2011", Some(8_000.0)),
    ("mutual_fund.turnover", VILLAGE, "2011", Some(100.0 * 18_000.0 / 104_690.0)),
    // On a day: all of its entries, and none after it.
    ("mutual_fund.cash", VILLAGE, "2011-06-14", Some(15_650.0)),
    ("mutual_fund.cash", VILLAGE, "2011-06-15", Some(15_350.0)),
    ("mutual_fund.assets", VILLAGE, "2011-06-15", Some(15_350.0 + 81_000.0 + 8_000.0)),
    // L2 is due on 1 August and not repaid, nor is half of L1.
    ("mutual_fund.par30", VILLAGE, "2011-08-31", Some(0.0)),
    ("mutual_fund.par30", VILLAGE, "2011-09-01", Some(100.0 * 5_500.0 / 10_500.0)),
    ("mutual_fund.par90", VILLAGE, "2011-09-01", Some(0.0)),
    ("mutual_fund.par90", VILLAGE, "2011", Some(50.0)),
    ("mutual_fund.recovery", VILLAGE, "2011", Some(100.0 * 7_500.0 / 13_000.0)),
    ("mutual_fund.members", VILLAGE, "2011-11-30", Some(4.0)),
    ("mutual_fund.members", VILLAGE, "2011", Some(3.0)),
    ("mutual_fund.reach", VILLAGE, "2011-01", Some(25.0)),
    ("mutual_fund.reach", VILLAGE, "2011", Some(0.0)),
    ("mutual_fund.women", VILLAGE, "2011-01", Some(50.0)),
];

/// A day, lines (account, debit, credit, member, loan, due), and what the reason says of which row of the file.
type Wrong = (&'static str, &'static [&'static str], &'static [(i64, &'static str)]);

const WRONG: &[Wrong] = &[
    // Debits and credits differ.
    ("2011-12-31", &["现金,10,,,,", "占用费,,9,,,"], &[(2, "does not close"), (3, "借方减贷方为1.00元")]),
    // More than there is in cash; in the bank on that day, though it is there later.
    ("2011-12-31", &["银行存款,12690.01,,,,", "现金,,12690.01,,,"], &[(3, "余额将为-0.01元"), (2, "不平")]),
    (
        "2011-01-06",
        &["现金,100000.01,,,,", "银行存款,,100000.01,,,"],
        &[(3, "would have -0.01 yuan on that day")],
    ),
    // Dated back: what is there already would take out more than there was.
    ("2011-01-31", &["银行存款,12690.01,,,,", "现金,,12690.01,,,"], &[(3, "余额将为")]),
    // To someone who is no member, no member yet, or no member any more.
    ("2011-12-31", &["借出互助金,10,,E,L9,2012-01-31", "现金,,10,,,"], &[(2, "当日不是社员")]),
    (
        "2011-01-09",
        &["借出互助金,10,,A,L9,2012-01-31", "银行存款,,10,,,"],
        &[(2, "not a member on that day")],
    ),
    ("2011-12-01", &["借出互助金,10,,D,L9,2012-01-31", "现金,,10,,,"], &[(2, "not a member on that day")]),
    // Above the limit of one member: 1,000 of 6,000 are left to C.
    ("2011-12-31", &["借出互助金,1000.01,,C,L9,2012-01-31", "现金,,1000.01,,,"], &[(2, "6000.01 > 6000.00")]),
    // A loan of another member.
    ("2011-12-31", &["借出互助金,10,,B,L4,2012-01-31", "现金,,10,,,"], &[(2, "属于另一社员")]),
    // More than is owed, now and on the day.
    (
        "2011-12-31",
        &["现金,2000.01,,,,", "借出互助金,,2000.01,A,L1,"],
        &[(3, "2000.00 yuan of the loan are outstanding")],
    ),
    ("2011-01-31", &["现金,1,,,,", "借出互助金,,1,A,L1,"], &[(3, "该笔借款余额为0.00元")]),
    // A member gets back more than it paid in.
    (
        "2011-12-31",
        &["社员互助金,500.01,,D,,", "现金,,500.01,,,"],
        &[(2, "退还金额比该社员缴纳的互助金多0.01元")],
    ),
    // Grant capital is kept whole: 1,190 were earned and 1,000 given, 800 spent and lost, 200 shared out.
    ("2011-12-31", &["捐赠资金,1190.01,,,,", "现金,,1190.01,,,"], &[(3, "将动用财政扶贫资金本金")]),
    // Of the 390 that are left of what was earned 200 were shared out.
    ("2011-12-31", &["收益分配,190.01,,,,", "现金,,190.01,,,"], &[(2, "累计可分配390.00元")]),
    ("2011-06-30", &["收益分配,0.01,,,,", "现金,,0.01,,,"], &[(2, "-150.00 yuan in all until that day")]),
    // Dated back before a share-out, or a cost that it no longer leaves room for.
    ("2011-11-01", &["收益分配,190.01,,,,", "现金,,190.01,,,"], &[(2, "390.00 yuan in all until that day")]),
    ("2011-12-30", &["管理费用,190.01,,,,", "现金,,190.01,,,"], &[(2, "199.99 yuan in all until that day")]),
    // Who guarantees is a member, and another one.
    ("2011-12-31", &["借出互助金,10,,A,L9,2012-01-31,E", "现金,,10,,,"], &[(2, "担保人须为社员")]),
    ("2011-12-31", &["借出互助金,10,,A,L9,2012-01-31,D", "现金,,10,,,"], &[(2, "not a member on that day")]),
    ("2011-12-31", &["借出互助金,10,,A,L9,2012-01-31,A", "现金,,10,,,"], &[(2, "不得为借款人本人")]),
    // Before the first articles.
    ("2010-12-31", &["现金,1,,,,", "占用费,,1,,,"], &[(2, "articles in force"), (3, "无有效章程")]),
    // Rules over one line.
    ("2011-12-31", &["现金,1,1,,,", "占用费,,1,,,"], &[(2, "one side"), (3, "does not close")]),
    ("2011-12-31", &["现金,,,,,", "占用费,,1,,,"], &[(2, "one side")]),
    ("2011-12-31", &["借出互助金,1,,A,,2012-01-31", "现金,,1,,,"], &[(2, "借款编号")]),
    ("2011-12-31", &["借出互助金,1,,A,L9,", "现金,,1,,,"], &[(2, "到期日")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_same_entries_in_any_order_and_from_two_clients_end_the_same() {
    let uplift = with_society().await;
    // Each voucher by itself, from two clients at once, the last first; what is refused is sent again.
    let mut waiting: Vec<_> = YEAR.iter().rev().collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        rounds += 1;
        assert!(rounds < 20, "{waiting:?}");
        let client = async |remainder: usize| {
            let mut refused = Vec::new();
            for (n, voucher) in waiting.iter().enumerate().filter(|(n, _)| n % 2 == remainder) {
                let id = format!("round/{rounds}/{n}");
                let answer = enter(&uplift, &id, &journal([lines(voucher)]), |_| ()).await.unwrap();
                if answer.rejections.is_empty() {
                    continue;
                }
                assert_eq!(
                    answer.rejections.len(),
                    voucher.2.len(),
                    "a voucher is entered whole or not at all"
                );
                refused.push(*voucher);
            }
            refused
        };
        let (one, other) = tokio::join!(client(0), client(1));
        waiting = one.into_iter().chain(other).collect();
    }
    assert!(rounds > 1, "some came before what they need");
    assert_eq!(balances(&uplift).await, AT_THE_END);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_society_of_a_file_is_decided_by_every_rule() {
    let uplift = with_society().await;
    let others = ["F2", "F3", "F4"].map(|id| format!("{id},mutual_fund,{id}社,{VILLAGE}\n")).concat();
    let others = format!("organisation_id,kind,name_zh,area_code\n{others}");
    hand_in_of("500101", &uplift, "organisation", "2011", &others).await;
    let articles = ["F2", "F3", "F4"].map(|id| format!("{id},2011-01-01,{VILLAGE},6000\n")).concat();
    let articles = format!("互助社编号,生效日期,地区代码,单户借款上限\n{articles}");
    hand_in_of("500101", &uplift, "mutual_fund", "2011", &articles).await;
    // One breaks the first rule, one the last, one both, in one file; the fourth none.
    let paid = lines(&("1", "2011-01-05", &["银行存款,1000,,,,", "财政扶贫资金,,1000,,,"]));
    let open = lines(&("2", "2011-01-06", &["现金,10,,,,", "占用费,,9,,,"]));
    let used = lines(&("3", "2011-01-07", &["管理费用,10,,,,", "银行存款,,10,,,"]));
    let of = |id: &str, vouchers: &[&String]| {
        vouchers.iter().map(|voucher| voucher.replace(",F1,", &format!(",{id},"))).collect::<String>()
    };
    let file = [
        of("F1", &[&paid, &open]),
        of("F2", &[&paid, &used]),
        of("F3", &[&paid, &open, &used]),
        of("F4", &[&paid]),
    ];
    let answer = enter(&uplift, "societies", &journal(file), |_| ()).await.unwrap();
    let told = reasons(&answer);
    let rows: Vec<_> = told.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [4, 5, 8, 9, 12, 13, 14, 15], "{told:#?}");
    assert!(
        told[3].1.contains("would use up grant capital") && told[7].1.contains("would use up grant capital")
    );
    assert_eq!(balances(&uplift).await, ["bank 4 4000", "grant 4 -4000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_entries_that_race_for_the_same_money_one_is_accepted() {
    let uplift = with_society().await;
    enter(&uplift, "year", &journal(YEAR.iter().map(lines)), |_| ()).await.unwrap();
    let racing = (0..12).map(|n| {
        let voucher = format!("竞{n}");
        let csv = journal([lines(&(&voucher, "2011-12-31", &["银行存款,7000,,,,", "现金,,7000,,,"]))]);
        let uplift = &uplift;
        async move { enter(uplift, &format!("race/{n}"), &csv, |_| ()).await.unwrap() }
    });
    let answers = futures::future::join_all(racing).await;
    let accepted = answers.iter().filter(|answer| answer.rejections.is_empty()).count();
    assert_eq!(accepted, 1);
    assert!(balances(&uplift).await.contains(&"cash 11 5690".to_owned()));

    // Many at once, and dated back: what is there misses them, and none of them is entered.
    let back =
        (0..80).map(|n| lines(&(&format!("前{n}"), "2011-01-31", &["银行存款,5700,,,,", "现金,,5700,,,"])));
    let answer = enter(&uplift, "back", &journal(back), |_| ()).await.unwrap();
    assert_eq!(answer.submission.unwrap().rows_accepted, 0);

    // A number may begin again on another day; lines of one number on two days are two vouchers, of which none closes.
    let again = journal([lines(&("记1", "2011-02-05", &["现金,10,,,,", "占用费,,10,,,"]))]);
    let answer = enter(&uplift, "again", &again, |_| ()).await.unwrap();
    assert_eq!(reasons(&answer), []);
    let apart = again.replace("记1", "记99").replacen("2011-02-05", "2011-02-06", 1);
    let answer = enter(&uplift, "apart", &apart, |_| ()).await.unwrap();
    let told: Vec<_> =
        reasons(&answer).into_iter().map(|(row, told)| (row, told.contains("does not close"))).collect();
    assert_eq!(told, [(2, true), (3, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_stays_as_it_is_and_what_entries_rest_on_is_not_taken_away() {
    let uplift = with_society().await;
    let year = journal(YEAR.iter().map(lines));
    let whole = |h: &mut wire::SubmissionHeader| {
        h.mode = wire::Mode::Replace.into();
        h.policy = wire::Policy::Unspecified.into();
    };
    enter(&uplift, "year", &year, |_| ()).await.unwrap();
    let closing = "互助社编号,结账截止日,地区代码\nF1,2011-06-30,500101101001\n";
    hand_in_of("500101", &uplift, "mutual_fund_closing", "2011", closing).await;

    let late = journal([lines(&("补1", "2011-06-30", &["现金,1,,,,", "占用费,,1,,,"]))]);
    let answer = enter(&uplift, "late", &late, |_| ()).await.unwrap();
    assert!(reasons(&answer)[0].1.contains("截至2011-06-30"), "{:?}", reasons(&answer));

    // The year as it is may be sent again, with more after the closed months; not with an entry of them changed or left out.
    let more = format!("{year}{}", lines(&("记15", "2011-07-01", &["现金,1,,,,", "占用费,,1,,,"])));
    let answer = enter(&uplift, "again", &more, whole).await.unwrap();
    assert_eq!(reasons(&answer), []);
    let without = journal(YEAR.iter().filter(|voucher| voucher.0 != "记8").map(lines));
    let refused = enter(&uplift, "without", &without, whole).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert!(
        refused.message().contains("F1 2011-06-15 记8 1: date is in a month that is closed"),
        "{}",
        refused.message()
    );
    let changed = year.replace("管理费用,300,,", "管理费用,200,,").replace("现金,,300,,", "现金,,200,,");
    let refused = enter(&uplift, "changed", &changed, whole).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    // After the closed months it may: but a repayment that later ones rest on is missed by them.
    let unlent = year.replace("2011-08-20", "2011-08-21").replace("借出互助金,5000,,C", "借出互助金,4000,,C");
    let unlent = unlent.replace("记10,2,2011-08-21,,现金,,5000", "记10,2,2011-08-21,,现金,,4000");
    let answer = enter(&uplift, "unlent", &unlent, whole).await.unwrap();
    assert_eq!(reasons(&answer), []);
    let back = journal([lines(&("记16", "2011-12-01", &["现金,4000,,,,", "借出互助金,,4000,C,L4,"]))]);
    let answer = enter(&uplift, "back", &back, |h| h.area_code = "500101101".to_owned()).await.unwrap();
    assert_eq!(reasons(&answer), []);
    let unlent = journal(YEAR.iter().filter(|voucher| voucher.0 != "记10").map(lines));
    let refused = enter(&uplift, "missed", &unlent, whole).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "{refused}");
    assert!(
        refused.message().contains("F1 2011-12-01 记16 2: credit_fen repays more than is owed"),
        "{}",
        refused.message()
    );

    // Members, limits and closings that entries were decided by.
    let replace = async |dataset: &str, csv: &str| {
        let submission = wire::SubmissionHeader {
            submission_id: format!("{dataset}/replaced"),
            dataset: dataset.to_owned(),
            area_code: "500101".to_owned(),
            period: "2011".to_owned(),
            sender: "Tests".to_owned(),
            mode: wire::Mode::Replace.into(),
            ..Default::default()
        };
        let header = wire::UploadHeader { submission: Some(submission), ..Default::default() };
        send(&uplift, header, csv.as_bytes().to_vec()).await
    };
    let members = "互助社编号,社员编号,入社日期,退社日期,地区代码,是否贫困户\nF1,A,2011-01-10,,500101101001,否\nF1,B,2011-01-10,,500101101001,否
F1,C,2011-01-10,2011-08-01,500101101001,否\nF1,D,2011-01-10,2011-11-30,500101101001,是\n";
    let refused = replace("mutual_fund_member", members).await.unwrap_err();
    assert!(refused.message().contains("not a member on that day"), "{}", refused.message());
    let articles = "互助社编号,生效日期,地区代码,单户借款上限\nF1,2011-01-01,500101101001,4999\n";
    let refused = replace("mutual_fund", articles).await.unwrap_err();
    assert!(refused.message().contains("above the limit of one member"), "{}", refused.message());
    // A closing may be withdrawn for another; then the month is open.
    replace("mutual_fund_closing", "互助社编号,结账截止日,地区代码\nF1,2011-05-31,500101101001\n")
        .await
        .unwrap();
    let answer = enter(&uplift, "open", &late, |_| ()).await.unwrap();
    assert_eq!(reasons(&answer), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_society_sends_its_own_journal_without_codes_in_every_row() {
    let uplift = with_society().await;
    let send_with = async |id: &str, csv: &str, constants: &[(&str, &str)]| {
        let submission = wire::SubmissionHeader {
            submission_id: id.to_owned(),
            dataset: "mutual_fund_entry".to_owned(),
            area_code: VILLAGE.to_owned(),
            period: "2011".to_owned(),
            sender: "石桥互助社".to_owned(),
            ..Default::default()
        };
        let constants = constants.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let constants = constants.collect();
        let header = wire::UploadHeader { submission: Some(submission), constants, ..Default::default() };
        send(&uplift, header, csv.as_bytes().to_vec()).await
    };
    let csv = "凭证号,序号,日期,会计科目,借方金额,贷方金额\n1,1,2011-01-05,银行存款,1000,\n1,2,2011-01-05,财政扶贫资金,,1000\n";
    let own: &[_] = &[("互助社编号", "F1"), ("area_code", VILLAGE)];
    for (n, (constants, part)) in [
        (&[][..], "--set organisation_id=…"),
        (&[("互助社编号", "F1"), ("地区", "x")], "is not a field of mutual_fund_entry"),
        (&[("互助社编号", "F1"), ("area_code", VILLAGE), ("地区代码", VILLAGE)], "is given twice"),
        (&[("互助社编号", "F1"), ("area_code", VILLAGE), ("日期", "2011-01-05")], "is a column of the file"),
        (&[("互助社编号", "F1"), ("area_code", VILLAGE), ("社员编号", "")], "is empty"),
        (&[("互助社编号", "F1"), ("area_code", VILLAGE), ("到期日", "soon")], "2011-10-17"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = send_with(&format!("wrong/{n}"), csv, constants).await;
        let told = match refused {
            Err(status) => status.message().to_owned(),
            Ok(answer) => panic!("{constants:?}: {answer:?}"),
        };
        assert!(told.contains(part), "{constants:?}: {told}");
    }
    let answer = send_with("journal", csv, own).await.unwrap();
    assert_eq!(answer.submission.unwrap().rows_accepted, 2, "{:?}", answer.rejections);
    assert_eq!(balances(&uplift).await, ["bank 1 1000", "grant 1 -1000"]);
    // Money is in yuan unless its name, the units or the file say otherwise.
    let articles = async |id: &str, head: &str, constant: (&str, &str), units: &[(&str, &str)]| {
        let submission = wire::SubmissionHeader {
            submission_id: id.to_owned(),
            dataset: "mutual_fund".to_owned(),
            area_code: VILLAGE.to_owned(),
            period: "2011".to_owned(),
            sender: "石桥互助社".to_owned(),
            ..Default::default()
        };
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let header = wire::UploadHeader {
            submission: Some(submission),
            constants: map(&[("互助社编号", "F1"), ("地区代码", VILLAGE), constant]),
            units: map(units),
            ..Default::default()
        };
        let answer = send(&uplift, header, format!("{head}\n").into_bytes()).await.unwrap();
        assert_eq!(answer.rejections, [], "{id}");
        answer.reading.unwrap().units
    };
    let limit = async |day: &str| {
        let store = Store::open(&uplift.folder().join("tables")).unwrap();
        let rows = store.get("mutual_fund").await.unwrap().unwrap().snapshot().await.unwrap().rows().await;
        for batch in rows.unwrap().collect().await.unwrap() {
            let days = batch.column_by_name("valid_from").unwrap();
            let limits = batch.column_by_name("loan_limit").unwrap();
            for row in 0..batch.num_rows() {
                let text = |column| arrow::util::display::array_value_to_string(column, row).unwrap();
                if text(days) == day {
                    return text(limits);
                }
            }
        }
        panic!("no articles of {day}")
    };
    for (day, head, constant, units, expected) in [
        ("2012-01-01", "生效日期", ("单户借款上限", "6000"), &[][..], "6000.00"),
        ("2012-01-02", "生效日期", ("单户借款上限（万元）", "0.6"), &[], "6000.00"),
        ("2012-01-03", "生效日期", ("单户借款上限", "0.6"), &[("单户借款上限", "万元")], "6000.00"),
        ("2012-01-04", "金额单位：万元\n生效日期", ("单户借款上限", "0.6"), &[], "6000.00"),
        ("2012-01-05", "生效日期", ("loan_limit_fen", "600000"), &[], "6000.00"),
    ] {
        let told = articles(day, &format!("{head}\n{day}"), constant, units).await;
        assert_eq!(limit(day).await, expected, "{day}: {constant:?} {told:?}");
        assert_eq!(told.len(), 1, "what a value is in is told: {told:?}");
    }
    // The same file of another society is another submission.
    let refused =
        send_with("journal", csv, &[("互助社编号", "F2"), ("area_code", VILLAGE)]).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::AlreadyExists, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn villages_are_selected_for_a_fund_by_their_rank() {
    let uplift = with_society().await;
    let head = "评选编号,地区代码,评选日期,得分,名次,评选结果\n";
    let told = async |id: &str, lines: &str| {
        let submission = wire::SubmissionHeader {
            submission_id: id.to_owned(),
            dataset: "mutual_fund_candidate".to_owned(),
            area_code: "500101".to_owned(),
            period: "2011".to_owned(),
            sender: "Tests".to_owned(),
            policy: wire::Policy::AcceptGoodRows.into(),
            ..Default::default()
        };
        let header = wire::UploadHeader { submission: Some(submission), ..Default::default() };
        reasons(&send(&uplift, header, format!("{head}{lines}").into_bytes()).await.unwrap())
    };
    // The second place by score says that it is the first; a village that is not selected is before one that is.
    let wrong = "c1,500101101001,2011-02-01,90.5,1,入围\nc1,500101101002,2011-02-01,88,1,未入围\n";
    let reasons = told("rank", wrong).await;
    assert!(
        reasons.iter().any(|(row, told)| *row == 3 && told.contains("名次须按得分从高到低")),
        "{reasons:#?}"
    );
    let wrong = "c2,500101101001,2011-02-01,90.5,1,未入围\nc2,500101101002,2011-02-01,88,2,入围\n";
    let reasons = told("result", wrong).await;
    assert!(
        reasons.iter().any(|(row, told)| *row == 3 && told.contains("在前的1个村未入围")),
        "{reasons:#?}"
    );
    // One that withdrew makes room.
    let right = "c3,500101101001,2011-02-01,90.5,1,放弃\nc3,500101101002,2011-02-01,88,2,入围\n";
    assert_eq!(told("right", right).await, []);
    check(
        &uplift,
        &[
            ("mutual_fund.candidates", "500101101002", "2011", Some(1.0)),
            ("mutual_fund.selected", "500101101002", "2011", Some(1.0)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_out_is_within_what_was_earned_in_whatever_order_it_comes() {
    let year = [
        ("1", "2011-01-05", &["银行存款,1000,,,,", "财政扶贫资金,,1000,,,"][..]),
        ("2", "2011-08-01", &["银行存款,300,,,,", "其他收入,,300,,,"]),
        ("3", "2011-12-01", &["管理费用,130,,,,", "银行存款,,130,,,"]),
    ];
    let shares = [
        ("4", "2011-08-02", &["收益分配,50,,,,", "银行存款,,50,,,"][..]),
        ("5", "2011-12-31", &["收益分配,150,,,,", "银行存款,,150,,,"]),
    ];
    for (order, refused) in [([0, 1], 1), ([1, 0], 1)] {
        let uplift = with_society().await;
        enter(&uplift, "year", &journal(year.iter().map(lines)), |_| ()).await.unwrap();
        let mut accepted = 0;
        for n in order {
            let answer =
                enter(&uplift, &format!("share/{n}"), &journal([lines(&shares[n])]), |_| ()).await.unwrap();
            accepted += usize::from(answer.rejections.is_empty());
            if !answer.rejections.is_empty() {
                assert!(reasons(&answer)[0].1.contains("170.00 yuan in all"), "{:?}", reasons(&answer));
            }
        }
        assert_eq!(accepted, 2 - refused, "{order:?}");
    }
    // A line at another village than the society's closes neither's books.
    let uplift = with_society().await;
    let astray = journal([lines(&("1", "2011-01-05", &["银行存款,7,,,,", "其他收入,,7,,,"])).replacen(
        VILLAGE,
        "500101101002",
        1,
    )]);
    let answer =
        enter(&uplift, "astray", &astray, |header| header.area_code = "500101".to_owned()).await.unwrap();
    assert!(
        reasons(&answer)[0].1.contains("is not the area of the society, 500101101001"),
        "{:?}",
        reasons(&answer)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_replaced_since_is_not_said_to_be_there() {
    let uplift = with_society().await;
    let first = journal([lines(&("1", "2011-01-05", &["银行存款,1000,,,,", "财政扶贫资金,,1000,,,"]))]);
    let replace = |header: &mut wire::SubmissionHeader| {
        header.mode = wire::Mode::Replace.into();
        header.policy = wire::Policy::Unspecified.into();
    };
    assert_eq!(enter(&uplift, "first", &first, |_| ()).await.unwrap().replaced_by, "");
    assert_eq!(enter(&uplift, "first", &first, |_| ()).await.unwrap().replaced_by, "");
    enter(&uplift, "second", &first.replace("1000", "2000"), replace).await.unwrap();
    let again = enter(&uplift, "first", &first, |_| ()).await.unwrap();
    assert_eq!((again.replaced_by.as_str(), again.submission.unwrap().rows_accepted), ("second", 2));
    assert_eq!(
        enter(&uplift, "second", &first.replace("1000", "2000"), replace).await.unwrap().replaced_by,
        ""
    );
}
