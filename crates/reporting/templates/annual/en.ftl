# The annual report in English. A figure stands in the text by its name in report.toml.
title = Poverty alleviation in { $area }, { $period }

objectives = Objectives and results
objectives-money = { $area } disbursed { $fiscal } of fiscal funds for poverty alleviation in { $period }{ DIRECTION($fiscal) ->
    [up] , { CHANGE($fiscal) } more than the year before
    [down] , { CHANGE($fiscal) } less than the year before
    [level] , as much as the year before
   *[unknown] { "" }
}. Social funds came to { $social }, and credit to { $credit }.
objectives-results = { $lifted-villages } passed acceptance against the standard. { $relocated } moved to new homes, { $roads } of village road were built or repaired, and { $water } gained safe drinking water. Employment training was attended { NUMBER($trained) } times; { $transferred } found jobs and { $businesses } were helped to start a business.
objectives-people = The register counts { $poor } in poverty at the end of the year{ DIRECTION($poor) ->
    [up] , { CHANGE($poor) } more than a year before
    [down] , { CHANGE($poor) } fewer than a year before
    [level] , which is no clear change
   *[unknown] { "" }
}: { $poor-share } of the people of all households.
results-table = Results of { $period } beside last year, targets and what was published
targets-chart = { $lifted-villages } were accepted { REACHED($lifted-villages) ->
    [yes] and the target was reached
    [no] and the target was missed
   *[none] without a target
}
objectives-note = While the year goes on, a target is due by the way that the year before went, and forecast the same way; ± is the standard error of the forecast. Pilot households are told apart from others by the projects that name them.

funds = Funds by source and programme
funds-sources = { $expenditure } was spent on the programme in { $period }. The national share of fiscal funds is { $national-share }.
funds-chart = { $first-name } is the largest source of what was spent: { $first }
funds-use = Of what was allocated, { $absorption } was spent{ DIRECTION($absorption) ->
    [up] , up by { CHANGE($absorption) } since the year before
    [down] , down by { CHANGE($absorption) } since the year before
   *[other] { "" }
}. Fiscal funds come to { $per-poor } for each registered poor person.
flow-chart = From source to use: the widest band is { $first-name }, { $first }
funds-stages = Money of the budget on its way, by source
funds-left = { $undisbursed } of what was allocated were still to be disbursed at the end of the period, and { $unspent-prior } of earlier budgets to be spent. Local fiscal funds match { $matching } of the national ones.
funds-speed = Between allocation and disbursement lie { $days }; { $on-time } of the funds were disbursed on time.
funds-counties = Fiscal funds by county, { $period }
funds-map = { $first-name } received the most fiscal funds: { $first }

industry = Industry and rural tourism
industry-tourism = Pilot projects of rural tourism ran in { $tourism-villages } of { $tourism-counties }, with { $tourism-households } in poverty and { $tourism-funds } of funds.
industry-guests = { $beds } were added directly and { $beds-supported } with support. The countryside received { NUMBER($visitors) } visits.
industry-income = Tourism added { $tourism-income } to incomes: { $tourism-income-household } for each household.
industry-other = { $industry-funds } went into the development of industries and { $microfinance } into the interest of small loans. { $backbone } are supported as backbones.

villages = Whole-village advancement
villages-accepted = { $villages-inspected } were inspected against a standard of { $criteria }, and { NUMBER($lifted-villages) } were accepted in the end; { $acceptance } of the inspections were passed.
villages-evidence = By the evidence of each criterion { $by-evidence } stand accepted at the end of the period; { $evidence-share } of the criteria that were examined have evidence.
villages-begun-text = Projects began in { $villages-begun }, with { $village-fiscal } of fiscal funds and { $village-integrated } that were integrated: { NUMBER($leverage) } yuan for each fiscal yuan.
villages-consolidated = { $consolidation } consolidated what earlier villages had reached, { $award } for each of them.
villages-awards = Accepted villages were due { $award-due } of awards, of which { $award-rate } were paid.
villages-towns = Whole towns advance as pilots: { $towns }, with evidence of { $town-evidence } of their criteria.
villages-chart = { $first-name } has the most accepted villages: { $first }

relocation = Relocation
relocation-people = { $relocated } were relocated{ DIRECTION($relocated) ->
    [up] , { CHANGE($relocated) } more than the year before
    [down] , { CHANGE($relocated) } fewer than the year before
   *[other] { "" }
}{ REACHED($relocated) ->
    [yes] { "" }; the target of { TARGET($relocated) } was reached
    [no] { "" }; the target was { TARGET($relocated) } and was missed
   *[none] { "" }
}.
relocation-money = It was paid for by { $relocation-fiscal } of fiscal funds and { $relocation-other } of work-relief and Grain-for-Green funds: { $relocation-cost } for each person.
relocation-ledger = Of those who moved, { $ledger-households } are recorded one by one; { $central } of these people live in settlements built for them. The standard gives { $standard } a head. The last household left { NUMBER($hamlets) } hamlets.
households-paid = { $paid } were paid to { $paid-households } that are recorded one by one.

training = Training and job transfer
training-people = Employment training was attended { NUMBER($trained) } times.
training-kinds = Entrepreneurship training was attended { NUMBER($entrepreneurship) } times, practical technical training { NUMBER($practical) } times, and training in policy and business { NUMBER($policy) } times.
training-work = { $transferred } were placed in jobs, { NUMBER($electronics) } of them in electronics. After six months { $in-work } of the trainees are in work.
training-later = Of those visited, { $in-work-early } were in work after three months and { $in-work-late } after a year; { $businesses-running } of the businesses ran after half a year.

roads-water = Roads and drinking water
roads-text = { $infrastructure } were disbursed for roads and water. { $roads } of village road were built or repaired; { $road-coverage } of the people have a road to their village.
water-text = { $water } gained safe drinking water, which { $water-coverage } of the people now have.
works-table = Roads and water by their projects

cooperation = Cooperation and investment
cooperation-social = Social funds of { $social } went to poor areas{ DIRECTION($social) ->
    [up] , { CHANGE($social) } more than the year before
    [down] , { CHANGE($social) } less than the year before
   *[other] { "" }
}.
cooperation-contracts = { $projects } were signed, with a contract value of { $contract }. Investment of the year came to { $invested }{ DIRECTION($invested) ->
    [up] , { CHANGE($invested) } more than the year before
    [down] , { CHANGE($invested) } less than the year before
   *[other] { "" }
}. Of all that was ever signed, { $realisation } has been invested.
cooperation-overdue = Of contracts that fell due, { $overdue } in { NUMBER($overdue-contracts) } contracts have not arrived.

bazaar = Charity sale of painting and calligraphy
bazaar-text = The charity sale on the day for the eradication of poverty raised { $raised } for { $bazaar-counties }.
donations-text = Donors gave { $donations } in all; { $donations-households } of it is recorded as paid to households.
donations-spent-text = { $donations-spent } of donations was spent in the period, { $donations-share } of what was given.
donations-table = Donations by purpose: given and spent
donations-chart = What donors gave for

groups-section = Assistance groups
groups-text = { $groups } gave { $group-funds }, { $group-average } each.
groups-pledged = They had pledged { $pledged } and gave { $fulfilment } of it. They sponsor { $group-projects }, of which { $group-projects-done } are done.
organisations-text = { $organisations } for poverty alleviation raised { $organisation-funds }.

mutual = Village mutual funds
mutual-text = Mutual funds were founded in { $mutual-new } with { $mutual-funds } of special funds, { $mutual-per-village } for each. There are now funds in { $mutual-villages }, with { $members } as members.
mutual-lending = They made { $loans } in the year and lent { $lent }. { $par30 } of what is owed is at risk.
mutual-selection = { $candidates } competed for a fund, and { NUMBER($selected) } were selected by their rank.
mutual-ledgers = By the ledgers that were handed in, the funds own { $ledger-assets }, of which { $ledger-outstanding } are lent; their members paid in { $ledger-contributions }, and { $ledger-reach } of them are poor.
mutual-results = They earned { $ledger-surplus } in the year. { $ledger-recovery } of what fell due was repaid, and { $ledger-par30 } of what is owed is at risk.
mutual-shared = { $ledger-shared } were shared out in the year; for { $ledger-guaranteed } of what is owed a member guarantees.
mutual-pilots = Their software is on trial in { $software }, and villages compete for a fund in { $competition }.

supervision = Supervision of funds and openness
supervision-text = { $actions } of supervision were carried out. { NUMBER($inspections) } { $inspections ->
    [one] inspection
   *[other] inspections
} looked into the use of funds, { NUMBER($special) } of them special ones.
supervision-findings = They led to { $findings }, of which { $rectified } are resolved.
supervision-register = { $findings-found } are on record, of { $findings-amount }, of which { $recovery } was got back. Of those due, { $findings-on-time } were resolved on time; { NUMBER($findings-open) } are open at the end of the period.
findings-kinds = Findings by kind
supervision-posted = Of { $disclosures-due } due, { $disclosures-on-time } were posted on time; { NUMBER($disclosures-missing) } are missing.
supervision-open = Volunteer supervisors were trained in { $volunteers }. The use of funds was made public { NUMBER($disclosures) } times, by { $disclosing } of the key counties.

publicity = Publicity
publicity-text = { $media } reported on the programme, with { NUMBER($reports) } { $reports ->
    [one] report
   *[other] reports
}, and it was shown at { NUMBER($exhibitions) } { $exhibitions ->
    [one] exhibition
   *[other] exhibitions
}.
publicity-people = { $characters } were honoured for what they do against poverty.
publicity-nominations = { $nominations } had been nominated; { NUMBER($nominees-honoured) } were selected, { $award-days } after the nomination on average.

poverty = Poverty and inequality
poverty-incomes = By income, { $headcount } of the people lived below the national line, { $number-poor }{ DIRECTION($headcount) ->
    [up] . The rate rose by { CHANGE($headcount) }
    [down] . The rate fell by { CHANGE($headcount) }
    [level] . That is no clear change since the year before
   *[unknown] { "" }
}. The confidence interval of the rate is { INTERVAL($headcount) }.
poverty-register = The register misses { $exclusion } of the people who are poor by income, and { $inclusion } of those in it are not.
poverty-inequality = Income per head is { $mean-income } on average and { $median-income } for the person in the middle. The Gini coefficient is { $gini }.
lorenz-chart = The poorest tenth has { $decile1 } of all income, the richest { $decile10 }
poverty-table = Poverty and inequality with their uncertainty
change-chart = What changed for people since { $previous-year }
poverty-note = Estimates come from a sample. A change within its margin of error is shown as ≈ and is not called a change.

outcomes = What changed in the villages
outcomes-note = Measured on the same households in both years. Others are villages of no batch in the same counties. An interval that contains 0 decides nothing, and nothing here says what caused a change.

flags-annex = Annex: records that look like abuse
flags-note = A flag is a reason to look, found by a declared rule over all records. It proves nothing, and nothing is changed by it; what supervision confirms becomes a finding.

contradictions-annex = Annex: contradictions in what was published

label-credit = Credit
label-industry = Industry
label-tourism = Tourism
label-village = Whole-village advancement
label-infrastructure = Roads and water
label-mutual_fund = Mutual funds
label-relocation = Relocation
label-training = Training and transfer
