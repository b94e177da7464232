//! Writes a ledger of invented appeals, to be looked at: `cargo run -p documents --example sample_ledger ledger.xlsx`.

use std::{env, error::Error, fs};

use documents::{LedgerRow, LedgerSheet, ledger_xlsx};

const APPEALS: [&str; 4] = [
    "个体户申请食品经营许可，窗口三次以材料格式不符退回，未一次性告知所缺材料。",
    "询问开门时间。",
    "老旧小区房屋产权登记资料在原房管所搬迁时遗失，新旧编号对应不上，两个部门互相推诿，请求明确由哪个部门办理并告知所需材料、办理地点和期限。",
    "企业注销时税务清税证明与市场监管登记信息不一致，系统无法提交。",
];

fn row(serial: u64) -> LedgerRow {
    let unit = serial.is_multiple_of(3);
    let late = serial.is_multiple_of(4);
    let text = |text: &str| text.to_owned();
    let cells = [
        if unit { text("某某商贸有限公司") } else { text("王某某") },
        if unit { text("李某") } else { String::new() },
        if unit { text("0375-1234567") } else { text("13800000000") },
        APPEALS[usize::try_from(serial).unwrap_or(0) % APPEALS.len()].to_owned(),
        if late { text("投诉") } else { text("咨询") },
        if late {
            text("牵头：市场监督管理局；协办：税务局、不动产登记中心")
        } else {
            text("市场监督管理局")
        },
        if late { text("2026-02-13 09:30\n2026-02-24 10:12") } else { text("2026-02-13 09:30") },
        if late { text("2026-03-03 17:00\n（原 2026-02-26 17:00）") } else { text("2026-02-26 17:00") },
        if late { text("是\n2026-02-25 09:00") } else { text("否") },
        if late { text("是\n2026-03-04 09:00") } else { text("否") },
        if late { text("是\n2026-02-24 10:12") } else { text("否") },
        text("2026-02-20 16:40"),
        if late {
            text("销号：已由牵头部门会同协办部门核实并一次性告知所缺材料")
        } else {
            text("销号：已办结")
        },
        if late { text("2026-02-23 10:00\n2026-03-05 11:00") } else { text("2026-02-23 10:00") },
        text("基本满意"),
        if late {
            text("办理结果超期1个工作日0小时（2026-03-04 17:00）；延期")
        } else {
            text("未超期")
        },
    ];
    LedgerRow { serial, cells, own: vec![format!("410404-2026-{serial}")] }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("which file shall it be?")?;
    let sheet = LedgerSheet {
        centre: "石龙区政务服务中心".to_owned(),
        year: Some(2026),
        as_of: "截至 2026-03-31 17:00".to_owned(),
        simulated: true,
        own_heads: vec!["案件编号".to_owned()],
        rows: (1..=40).map(row).collect(),
    };
    Ok(fs::write(path, ledger_xlsx(&sheet)?)?)
}
