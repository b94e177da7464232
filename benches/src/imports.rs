//! A file of another system's appeals, brought in as `yousu import` does it.

use std::{fmt::Write as _, io::Cursor, path::Path, time::Instant};

use cases::{
    CentreCode,
    ids::ActorId,
    people::{Actor, Office, Role},
};
use import::Mapping;
use server::importing::{self, Import};

use crate::{append::CENTRE, commands, reading::Readings, sizes};

const MAPPING: &str = include_str!("../../schemas/mappings/messages_with_replies.toml");

pub(crate) async fn run(dir: &Path, rows: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let place = tempfile::tempdir_in(dir)?;
    let engine = commands::real_centre(place.path()).await?;
    let mapping = Mapping::read("messages_with_replies.toml", MAPPING)?;
    let file = file(rows);
    let by = Actor { id: ActorId::new("admin")?, role: Role::SystemAdministrator, office: Office::Centre };

    let started = Instant::now();
    // Also the passes that look through the whole file before the first row goes in.
    let appeals = import::read("appeals.csv", Cursor::new(file.as_bytes()), &mapping)?;
    let centre = CentreCode::new(CENTRE)?;
    let import = Import { engine: &engine, centre, mapping: &mapping, evidence: appeals.file_hash(), by };
    let done = importing::run(&import, appeals, &mut || ()).await?;
    let took = started.elapsed();
    if let Some(no) = done.rejections.first() {
        anyhow::bail!("{} of {rows} rows were rejected, the first: {no}", done.rejections.len());
    }
    anyhow::ensure!(done.accepted == rows, "{} of {rows} rows went in", done.accepted);
    readings.rate(format!("import, {rows} rows"), "yousu", rows, took);
    engine.log().close().await;
    Ok(())
}

/// Rows with a reply each, of real lengths, no two alike.
fn file(rows: u64) -> String {
    let mut file = "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间\n".to_owned();
    for n in 0..rows {
        let (day, month) = (n % 28 + 1, n / 28 % 6 + 1);
        let text = |bytes: usize| "窗口说材料不全，".chars().cycle().take(bytes.div_ceil(3)).collect::<String>();
        let (message, reply) = (text(sizes::narrative_bytes(n)), text(sizes::reply_bytes(n)));
        // Writing into a string cannot fail.
        let _ = writeln!(
            file,
            "{n},U{n},第{n}件：营业执照变更未办成,2025/{month}/{day} 10:00:00,第{n}件：{message},{reply},2025/{}/{day}",
            month + 1
        );
    }
    file
}
