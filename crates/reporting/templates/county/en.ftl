title = { $area }: profile for { $period }
money = Money
money-text = { $area } received { $fiscal } of fiscal funds and spent { $expenditure } from all sources; { $absorption } of what was disbursed is spent. Fiscal funds come to { $per-poor } for each registered poor person.
sources = { $first-name } is the largest source: { $first }
work = What was done
work-villages = { $lifted-villages } passed acceptance.
work-people = { $relocated } were relocated, and employment training was attended { NUMBER($trained) } times. { $transferred } found a job.
work-roads = { $roads } of village road were built or repaired; { $water } gained safe drinking water.
work-mutual = Mutual funds exist in { $mutual-villages } and lent { $lent }; { $par30 } of what is owed is at risk.
work-supervision = { NUMBER($inspections) } { $inspections ->
    [one] inspection
   *[other] inspections
} looked into the use of funds, and { $rectified } of their findings are resolved.
people = What changed for people
people-register = The register counts { $poor } in poverty{ DIRECTION($poor) ->
    [up] , { CHANGE($poor) } more than the year before
    [down] , { CHANGE($poor) } fewer than the year before
    [level] , which is no clear change
   *[unknown] { "" }
}.
people-income = By income { $headcount } of the people are poor ({ INTERVAL($headcount) } with 95 % confidence). The person in the middle has { $median-income }.
all = All figures
table = Figures of { $area }, { $period }
