title = { $area }{ $period }度概览
year = 年度主要指标
scorecard = 实际值与目标、上年及公布数据对照
targets = 验收{ $lifted-villages }，搬迁{ $relocated }
