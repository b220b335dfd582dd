title = 数据勾稽关系核对报告
contradictions-section = 矛盾
statements-section = 各章节数据

label-overview = 概况
label-industry = 产业扶贫
label-village = 整村推进
label-relocation = 扶贫搬迁与培训
label-investment = 招商引资扶贫
label-bazaar = 书画义卖
label-groups = 集团扶贫
label-finance = 农村金融与互助资金
label-supervision = 扶贫资金管理
label-publicity = 扶贫宣传
