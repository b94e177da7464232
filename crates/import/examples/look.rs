//! Tries a mapping on a file, without any data directory: what would go in, what would not, and why.
//!
//! `cargo run --release -p import --example look FILE MAPPING.toml`

use std::{env, error::Error, fs, fs::File};

use import::{Mapping, Outcome};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (Some(file), Some(mapping)) = (args.next(), args.next()) else {
        return Err("usage: look FILE MAPPING.toml".into());
    };
    let mapping = Mapping::read(&mapping, &fs::read_to_string(&mapping)?)?;
    let appeals = import::read(&file, File::open(&file)?, &mapping)?;
    let (read, hash) = (appeals.row_count(), appeals.file_hash());
    let (mut good, mut repeats) = (0, 0);
    for outcome in appeals {
        match outcome? {
            Outcome::Row(row) => {
                good += 1;
                repeats += u64::from(row.repeats.is_some());
            }
            Outcome::Rejected(rejection) => println!("{rejection}"),
        }
    }
    println!("read {read}, good {good}, rejected {}, suspected repeats {repeats}; SM3 {hash}", read - good);
    Ok(())
}
