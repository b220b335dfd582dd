# 年度报告中文文本。数据以 report.toml 中的名称写入正文。
title = { $area }{ $period }扶贫开发

objectives = 目标与成效
objectives-money = { $period }，{ $area }投入财政扶贫资金{ $fiscal }{ DIRECTION($fiscal) ->
    [up] ，比上年增长{ CHANGE($fiscal) }
    [down] ，比上年减少{ CHANGE($fiscal) }
    [level] ，与上年持平
   *[unknown] { "" }
}；社会扶贫资金{ $social }，信贷扶贫资金{ $credit }。
objectives-results = 全年{ $lifted-villages }通过验收；搬迁{ $relocated }，新建和整治村级公路{ $roads }，解决{ $water }的饮水安全问题。开展就业培训{ NUMBER($trained) }人次，转移就业{ $transferred }，扶持创业{ $businesses }。
objectives-people = 年末建档立卡贫困人口{ $poor }{ DIRECTION($poor) ->
    [up] ，比上年末增加{ CHANGE($poor) }
    [down] ，比上年末减少{ CHANGE($poor) }
    [level] ，与上年末相比无明显变化
   *[unknown] { "" }
}，占农户人口的{ $poor-share }。
results-table = { $period }主要成效与上年、目标及公布数据对照
targets-chart = 验收{ $lifted-villages }，{ REACHED($lifted-villages) ->
    [yes] 完成年度目标
    [no] 未完成年度目标
   *[none] 未设年度目标
}
objectives-note = 年度未结束时，应完成数和全年预测按上年各月进度推算，±为预测的标准误。试点户指项目登记的农户。

funds = 分来源、分项目资金
funds-sources = { $period }各类扶贫资金支出{ $expenditure }，财政扶贫资金中中央资金占{ $national-share }。
funds-chart = { $first-name }是最大的资金来源，支出{ $first }
funds-use = 下达资金的支出率为{ $absorption }{ DIRECTION($absorption) ->
    [up] ，比上年提高{ CHANGE($absorption) }
    [down] ，比上年下降{ CHANGE($absorption) }
   *[other] { "" }
}；按建档立卡贫困人口计算，人均财政扶贫资金{ $per-poor }。
flow-chart = 资金从来源到用途：最大一笔为{ $first-name }，{ $first }
funds-stages = 各来源资金从预算到支出
funds-left = 期末已下达尚未拨付{ $undisbursed }，以前年度资金尚未支出{ $unspent-prior }；地方财政配套率{ $matching }。
funds-speed = 资金从下达到拨付平均用时{ $days }，按时拨付的占{ $on-time }。
funds-counties = { $period }各区县财政扶贫资金
funds-map = { $first-name }获得的财政扶贫资金最多，为{ $first }

industry = 产业扶贫与乡村旅游
industry-tourism = 乡村旅游扶贫试点覆盖{ $tourism-counties }的{ $tourism-villages }、{ $tourism-households }贫困户，投入资金{ $tourism-funds }。
industry-guests = 直接新增{ $beds }，带动新增{ $beds-supported }；全年接待乡村游客{ NUMBER($visitors) }人次。
industry-income = 乡村旅游带动增收{ $tourism-income }，户均{ $tourism-income-household }。
industry-other = 安排产业发展专项资金{ $industry-funds }、小额信贷贴息资金{ $microfinance }，扶持{ $backbone }作为骨干产业。

villages = 整村推进
villages-accepted = 按“{ $criteria }”的标准验收{ $villages-inspected }，合格{ $lifted-villages }；验收合格率（按次）{ $acceptance }。
villages-evidence = 按逐项佐证，期末达标{ $by-evidence }；应达标项中有佐证的占{ $evidence-share }。
villages-begun-text = 新启动{ $villages-begun }的整村脱贫项目，投入财政扶贫资金{ $village-fiscal }，整合资金{ $village-integrated }，每元财政资金整合{ NUMBER($leverage) }元。
villages-consolidated = 安排{ $consolidation }巩固前批村的扶贫成果，每村{ $award }。
villages-awards = 验收合格村应兑现奖补资金{ $award-due }，兑现率{ $award-rate }。
villages-towns = 整镇脱贫试点{ $towns }，标准项佐证率{ $town-evidence }。
villages-chart = { $first-name }验收合格村最多，为{ $first }

relocation = 扶贫搬迁
relocation-people = 全年搬迁{ $relocated }{ DIRECTION($relocated) ->
    [up] ，比上年增长{ CHANGE($relocated) }
    [down] ，比上年减少{ CHANGE($relocated) }
   *[other] { "" }
}{ REACHED($relocated) ->
    [yes] ，完成{ TARGET($relocated) }的年度目标
    [no] ，未完成{ TARGET($relocated) }的年度目标
   *[none] { "" }
}。
relocation-money = 投入财政扶贫资金{ $relocation-fiscal }、以工代赈和巩固退耕还林成果资金{ $relocation-other }，人均{ $relocation-cost }。
relocation-ledger = 逐户登记搬迁户{ $ledger-households }，集中安置率{ $central }；人均补助标准{ $standard }；整体搬迁自然村{ NUMBER($hamlets) }个。
households-paid = 逐户登记发放补助{ $paid }，惠及{ $paid-households }。

training = 培训与转移就业
training-people = 开展就业培训{ NUMBER($trained) }人次。
training-kinds = 另开展创业培训{ NUMBER($entrepreneurship) }人次、农村实用技术培训{ NUMBER($practical) }人次、政策业务培训{ NUMBER($policy) }人次。
training-work = 转移就业{ $transferred }，其中电子产业{ $electronics }；参训人员六个月后在业率{ $in-work }。
training-later = 回访显示，培训三个月后在岗率{ $in-work-early }，一年后{ $in-work-late }；扶持创业半年存续率{ $businesses-running }。

roads-water = 道路与饮水
roads-text = 道路和饮水工程投入资金{ $infrastructure }，新建和整治村级公路{ $roads }，通村公路覆盖人口{ $road-coverage }。
water-text = 解决{ $water }的饮水安全问题，饮水安全覆盖人口{ $water-coverage }。
works-table = 道路饮水项目建设情况

cooperation = 招商引资与协作扶贫
cooperation-social = 直接投向贫困地区的社会资金{ $social }{ DIRECTION($social) ->
    [up] ，比上年增长{ CHANGE($social) }
    [down] ，比上年减少{ CHANGE($social) }
   *[other] { "" }
}。
cooperation-contracts = 签约{ $projects }，合同金额{ $contract }；当年到位资金{ $invested }{ DIRECTION($invested) ->
    [up] ，比上年增长{ CHANGE($invested) }
    [down] ，比上年减少{ CHANGE($invested) }
   *[other] { "" }
}。历年签约项目累计资金到位率{ $realisation }。
cooperation-overdue = 已到期合同中{ NUMBER($overdue-contracts) }个未全部到位，涉及{ $overdue }。

bazaar = 书画义卖
bazaar-text = 国际消除贫困日书画义卖募集资金{ $raised }，支持{ $bazaar-counties }。
donations-text = 各界捐赠{ $donations }，其中登记发放到户{ $donations-households }。
donations-spent-text = 当期捐赠支出{ $donations-spent }，支出率{ $donations-share }。
donations-table = 各用途捐赠收入与支出
donations-chart = 捐赠用途

groups-section = 集团帮扶
groups-text = { $groups }投入帮扶资金{ $group-funds }，平均每个集团{ $group-average }。
groups-pledged = 年初承诺{ $pledged }，兑现率{ $fulfilment }；帮扶项目{ $group-projects }，完成率{ $group-projects-done }。
organisations-text = { $organisations }共募集资金{ $organisation-funds }。

mutual = 村级互助资金
mutual-text = 新增{ $mutual-new }开展互助资金试点，安排专项资金{ $mutual-funds }，平均每村{ $mutual-per-village }；累计{ $mutual-villages }设立互助资金，入社{ $members }。
mutual-lending = 全年发放{ $loans }，金额{ $lent }，30天以上风险贷款率{ $par30 }。
mutual-selection = { $candidates }参加竞争入围评选，按名次入围{ $selected }。
mutual-ledgers = 据已报送的互助社账目，期末资产{ $ledger-assets }，其中借出互助金{ $ledger-outstanding }；社员互助金{ $ledger-contributions }，在册社员中贫困户占{ $ledger-reach }。
mutual-results = 当年收益{ $ledger-surplus }，到期借款累计回收率{ $ledger-recovery }，30天以上风险贷款率{ $ledger-par30 }。
mutual-shared = 当年收益分配{ $ledger-shared }，有社员担保的借款占{ $ledger-guaranteed }。
mutual-pilots = { $software }开展互助资金软件管理试点，{ $competition }开展竞争入围试点。

supervision = 资金监管与公开
supervision-text = 开展监督{ $actions }，检查资金使用情况{ NUMBER($inspections) }次，其中专项检查{ NUMBER($special) }次。
supervision-findings = 发现{ $findings }，整改率{ $rectified }。
supervision-register = 登记{ $findings-found }，涉及金额{ $findings-amount }，追回率{ $recovery }；到期问题按期整改率{ $findings-on-time }，期末未整改{ NUMBER($findings-open) }个。
findings-kinds = 发现问题类型
supervision-posted = 应公示{ $disclosures-due }，按时公示率{ $disclosures-on-time }，尚缺{ NUMBER($disclosures-missing) }项。
supervision-open = { $volunteers }的义务监督员接受了培训；公开资金使用情况{ NUMBER($disclosures) }次，重点区县公开率{ $disclosing }。

publicity = 扶贫宣传
publicity-text = { $media }报道扶贫工作{ NUMBER($reports) }次；参加展览{ NUMBER($exhibitions) }次。
publicity-people = 表彰扶贫人物{ $characters }。
publicity-nominations = 共推荐{ $nominations }，当选{ NUMBER($nominees-honoured) }人，从推荐到评定平均{ $award-days }。

poverty = 贫困与收入差距
poverty-incomes = 按收入计算，{ $headcount }的人口低于国家扶贫标准，共{ $number-poor }{ DIRECTION($headcount) ->
    [up] ；贫困发生率比上年上升{ CHANGE($headcount) }
    [down] ；贫困发生率比上年下降{ CHANGE($headcount) }
    [level] ；与上年相比无明显变化
   *[unknown] { "" }
}。贫困发生率的置信区间为{ INTERVAL($headcount) }。
poverty-register = 按收入属于贫困而未建档立卡的占{ $exclusion }，建档立卡而按收入不属于贫困的占{ $inclusion }。
poverty-inequality = 人均纯收入{ $mean-income }，中位数{ $median-income }；基尼系数{ $gini }。
lorenz-chart = 最贫困的十分之一人口占总收入的{ $decile1 }，最富裕的十分之一占{ $decile10 }
poverty-table = 贫困与收入差距指标及其不确定性
change-chart = { $previous-year }年以来的变化
poverty-note = 估计值来自抽样调查；误差范围内的变化以“≈”表示，不视为变化。

outcomes = 村级变化
outcomes-note = 据两年同一批农户的调查测算。其他村指同区县未列入任何批次的村。区间含0的，数据不足以判断；此处比较不说明变化的原因。

flags-annex = 附录：疑点记录
flags-note = 疑点由预设规则在全部记录中比对得出，只是核查线索，不是结论，也不改动任何数据；经监督检查核实的转为问题。

contradictions-annex = 附录：公布数据中的矛盾

label-credit = 信贷资金
label-industry = 产业发展
label-tourism = 乡村旅游
label-village = 整村推进
label-infrastructure = 道路饮水
label-mutual_fund = 互助资金
label-relocation = 扶贫搬迁
label-training = 培训转移
