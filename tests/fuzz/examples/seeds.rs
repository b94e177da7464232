//! Writes every target's good inputs to `DIR/<target>/`, for a fuzzer to begin with: `cargo run -p fuzzing --example seeds -- DIR`.

use std::{fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let dir: PathBuf = std::env::args_os().nth(1).ok_or_else(|| io::Error::other("which directory?"))?.into();
    for target in &fuzzing::TARGETS {
        let folder = dir.join(target.name);
        fs::create_dir_all(&folder)?;
        for (n, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{n:03}")), seed)?;
        }
    }
    Ok(())
}
