title = { $area }{ $period }扶贫概况
money = 资金
money-text = { $area }获得财政扶贫资金{ $fiscal }，各类资金支出{ $expenditure }，支出率{ $absorption }；按建档立卡贫困人口计算，人均财政扶贫资金{ $per-poor }。
sources = { $first-name }是最大的资金来源，支出{ $first }
work = 主要工作
work-villages = { $lifted-villages }通过验收。
work-people = 搬迁{ $relocated }，就业培训{ NUMBER($trained) }人次，转移就业{ $transferred }。
work-roads = 新建和整治村级公路{ $roads }，解决{ $water }的饮水安全问题。
work-mutual = { $mutual-villages }设立互助资金，放款{ $lent }，30天以上风险贷款率{ $par30 }。
work-supervision = 检查资金使用情况{ NUMBER($inspections) }次，问题整改率{ $rectified }。
people = 群众生活变化
people-register = 年末建档立卡贫困人口{ $poor }{ DIRECTION($poor) ->
    [up] ，比上年增加{ CHANGE($poor) }
    [down] ，比上年减少{ CHANGE($poor) }
    [level] ，与上年相比无明显变化
   *[unknown] { "" }
}。
people-income = 按收入计算的贫困发生率为{ $headcount }（95%置信区间{ INTERVAL($headcount) }），人均纯收入中位数{ $median-income }。
all = 全部指标
table = { $area }{ $period }各项指标
