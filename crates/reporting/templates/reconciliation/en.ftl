title = Figures and contradictions
contradictions-section = Contradictions
statements-section = Figures by section

label-overview = Overview
label-industry = Industrial poverty alleviation
label-village = Whole-village advancement
label-relocation = Relocation and training
label-investment = Inviting investment
label-bazaar = Painting and calligraphy bazaar
label-groups = Assistance groups
label-finance = Rural finance and mutual funds
label-supervision = Management of funds
label-publicity = Publicity
