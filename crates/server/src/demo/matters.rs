//! The cast and the matters of the demo: all invented.

use cases::case::{intake::accepted::Category, triage::Kind};

/// Code and name.
pub(super) const DEPARTMENTS: &[(&str, &str)] = &[
    ("scjg", "市场监管局"),
    ("zjj", "住建局"),
    ("rsj", "人社局"),
    ("gafj", "公安分局"),
    ("zrzy", "自然资源局"),
    ("wjw", "卫健委"),
    ("ybj", "医保局"),
    ("swj", "税务局"),
];

pub(super) const CLERKS: &[&str] = &["liming", "wangfang", "zhaoyan"];
pub(super) const OFFICERS: &[&str] = &["sunlei", "zhoujie"];
pub(super) const LEADERS: &[&str] = &["zhaomin", "qianwei"];
pub(super) const MANAGER: &str = "chenhua";

pub(super) const SURNAMES: &[&str] =
    &["张", "王", "李", "赵", "刘", "陈", "杨", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭"];
pub(super) const GIVEN: &[&str] =
    &["建国", "秀英", "海涛", "丽娟", "志强", "晓燕", "国庆", "桂兰", "文博", "雪梅", "永刚", "素珍"];
pub(super) const UNITS: &[&str] = &[
    "石龙区晨光商贸有限公司",
    "石龙区惠民药房",
    "石龙区宏远建材厂",
    "石龙区青禾种植专业合作社",
    "石龙区安居物业服务有限公司",
];

/// What people come with: summary, narrative, category, the kind it turns out to be, the department whose it is.
pub(super) struct Matter {
    pub(super) summary: &'static str,
    pub(super) narrative: &'static str,
    pub(super) category: Category,
    pub(super) kind: Kind,
    pub(super) department: &'static str,
}

macro_rules! matters {
    ($($kind:ident $category:ident $department:literal $summary:literal $narrative:literal;)+) => {
        &[$(Matter { summary: $summary, narrative: $narrative, category: Category::$category, kind: Kind::$kind, department: $department }),+]
    };
}

pub(super) const MATTERS: &[Matter] = matters! {
    Ordinary Consultation "scjg" "咨询个体工商户注销流程" "想注销个体户执照，不清楚要带什么材料，窗口人多没问上。";
    Ordinary Help "rsj" "社保转移接续怎么办" "从外地回来工作，想把养老保险转回来，不知道到哪个窗口。";
    Ordinary Help "ybj" "医保异地备案未生效" "已在手机上备案，医院说查不到，请帮忙看看是哪里的问题。";
    Ordinary Opinion "gafj" "身份证窗口排队时间长" "上午八点半取号，十一点才办上，希望多开一个窗口。";
    Ordinary Suggestion "swj" "建议增设自助开票机" "自助机只有一台，经常缺纸，建议再放一台。";
    Ordinary Consultation "zjj" "咨询公租房申请条件" "家庭收入和人口情况符合与否说法不一，想问个准话。";
    HardToDo Complaint "zrzy" "不动产证历史遗留问题" "2003年单位集资房，原开发单位已注销，办证缺土地手续，跑了多次没有结果。";
    HardToDo Help "rsj" "工龄认定缺少原始档案" "原企业改制时档案遗失，退休审批被退回，请协调认定工龄。";
    HardToDo Complaint "zjj" "房屋维修资金使用受阻" "楼顶漏水，业主签字已过三分之二，因早年资料不全不予受理。";
    HardToDo Help "wjw" "独生子女父母奖励资料缺失" "当年的证件丢了，现在补不出来，奖励一直办不下来。";
    Withheld Complaint "scjg" "食品经营许可材料齐全不予受理" "材料按清单全部交齐，窗口以领导不在为由一直不收件。";
    Withheld Complaint "gafj" "户口迁移手续一再拖延" "手续齐全，来了三次都让等通知，也不说原因。";
    Withheld Complaint "swj" "发票增量申请被搁置" "提交一个多月没有答复，影响企业正常经营。";
    CannotBeDone Help "zrzy" "要求为违建补办规划手续" "自家院内加盖两间房，想补办手续。";
    CannotBeDone Complaint "ybj" "要求报销目录外药品" "住院用药有一部分不在目录内，要求全部报销。";
    CannotBeDone Help "rsj" "要求提前领取养老金" "身体不好，想提前五年退休，窗口说不符合条件。";
    OutOfScope Complaint "scjg" "小区物业费纠纷" "物业费收费标准争议，物业公司不肯调解。";
    OutOfScope Help "gafj" "邻里噪音扰民" "楼上深夜装修，多次沟通无果。";
};
