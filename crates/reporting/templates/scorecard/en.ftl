title = Scorecard of { $area }, { $period }
year = The year at a glance
scorecard = Actual values beside targets, the year before and what was published
targets = { $lifted-villages } accepted, { $relocated } relocated
