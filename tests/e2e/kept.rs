//! What earlier releases wrote, opened by this one: `tests/kept/README.md`.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, sqlite::SqliteConnectOptions};

use crate::program::{Yousu, root};

/// It was for trials: every later release refuses it.
const TRIAL_FORMAT: u16 = 0;

const FILES: [&str; 2] = ["log.sqlite", "log.sqlite.attachments"];

/// The directory of each format, and its number.
fn kept() -> Vec<(PathBuf, u16)> {
    let entries = fs::read_dir(root().join("tests/kept")).expect("tests/kept is there");
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("format-")?.parse().ok();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter_map(|path| number(&path).map(|number| (path, number))).collect()
}

/// Unpacks the log and its attachments of a kept directory, and the store of keys where there is one, into `keys`.
fn unpack(kept: &Path, to: &Path, keys: &str) {
    let unpack = |name: &str, to: &Path| {
        let packed = File::open(kept.join(format!("{name}.gz"))).expect("it is kept");
        let mut file = File::create(to).expect("it can be made");
        io::copy(&mut GzDecoder::new(packed), &mut file).expect("it is packed by gzip");
    };
    FILES.iter().for_each(|name| unpack(name, &to.join(name)));
    if kept.join("persons.sqlite.gz").exists() {
        fs::create_dir_all(to.join(keys)).expect("made");
        unpack("persons.sqlite", &to.join(keys).join("persons.sqlite"));
    }
}

/// Puts the master key in place, for nobody else to read.
fn unlock(kept: &Path, to: &Path) {
    if let Ok(master) = fs::read(kept.join("master.secret")) {
        fs::create_dir_all(to.join("keys")).expect("made");
        let place = to.join("keys/master.secret");
        fs::write(&place, master).expect("written");
        fs::set_permissions(place, fs::Permissions::from_mode(0o600)).expect("set");
    }
}

/// Says everything again that the release said which wrote it.
fn says_the_same(yousu: &Yousu, kept: &Path) {
    let said = fs::read_to_string(kept.join("said.txt")).expect("it is kept");
    let sections: Vec<_> = said.split("$ yousu ").skip(1).collect();
    assert!(sections.len() > 10, "{} commands", sections.len());
    for section in sections {
        let (args, printed) = section.split_once('\n').expect("a command's line");
        assert_eq!(yousu.run(args.split(' ')).ok(), printed, "yousu {args}");
    }
}

#[test]
fn what_each_format_holds_is_read_as_it_was_written() {
    let kept = kept();
    assert!(!kept.is_empty());
    for (kept, _) in kept.into_iter().filter(|(_, format)| *format != TRIAL_FORMAT) {
        let opened = Yousu::empty();
        unpack(&kept, opened.dir(), "keys");
        unlock(&kept, opened.dir());
        says_the_same(&opened, &kept);
        // Once more from views that were built anew.
        opened.run(["rebuild"]).ok();
        says_the_same(&opened, &kept);
        let [checkpoint, pinned] = ["checkpoint", "pinned"].map(|name| kept.join(name).display().to_string());
        opened.run(["verify", "--checkpoint", &checkpoint, "--keys", &pinned]).ok();

        let (backup, restored) = (Yousu::empty(), Yousu::empty());
        unpack(&kept, backup.dir(), "");
        unlock(&kept, restored.dir());
        fs::copy(kept.join("manifest.json"), backup.dir().join("manifest.json")).expect("it is kept");
        restored.run(["restore", backup.dir().to_str().expect("a path")]).ok();
        says_the_same(&restored, &kept);
    }
}

#[test]
fn the_format_of_the_trials_is_refused_and_left_as_it_is() {
    let (kept, _) = kept().into_iter().find(|(_, format)| *format == TRIAL_FORMAT).expect("it is kept");
    let trial = Yousu::empty();
    unpack(&kept, trial.dir(), "");
    let before = fs::read(trial.dir().join("log.sqlite")).expect("read");
    let words = ["data format 0", "begin a new directory"];
    let copy = trial.dir().join("copy");
    let copy = copy.to_str().expect("a path");
    for args in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"], &["ledger"], &["rebuild"], &["backup", copy]] {
        trial.run(args.iter().copied()).failed(1, &words);
    }
    assert!(fs::read(trial.dir().join("log.sqlite")).expect("read") == before, "the file was changed");
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let newer = Yousu::simulated("henan-2022-43", "2026-03-02T09:00");
    let options = SqliteConnectOptions::new().filename(newer.dir().join("log.sqlite"));
    let mut connection = options.connect().await.expect("it is a database");
    let format = sqlx::query("UPDATE format SET number = number + 1 RETURNING number").fetch_one(&mut connection).await;
    let format: i64 = format.expect("one row").get(0);
    connection.close().await.expect("closed");
    let before = fs::read(newer.dir().join("log.sqlite")).expect("read");
    let words = [&*format!("data format {format}"), &*format!("reads up to {}", format - 1), "use the newer release"];
    let copy = newer.dir().join("copy");
    let copy = copy.to_str().expect("a path");
    for args in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"], &["ledger"], &["rebuild"], &["backup", copy]] {
        newer.run(args.iter().copied()).failed(1, &words);
    }
    assert!(fs::read(newer.dir().join("log.sqlite")).expect("read") == before, "the file was changed");
}
