//! What stands between the program and the system's storage calls: `shim/shim.c`, compiled here and loaded before the program.
//!
//! It records, and it spoils single calls: an error, half a write, death in the middle of one, a slow sync, a clock that somebody
//! else sets. The program is the one that is shipped, unchanged.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

const SOURCE: &str = include_str!("shim/shim.c");

/// The compiled shim. Deleted with this value: the programs that loaded it go on.
#[derive(Debug)]
pub struct Shim {
    dir: TempDir,
}

/// How a call is to be spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The call is refused with EIO.
    Io,
    /// The call is refused with ENOSPC.
    NoSpace,
    /// Half of it is written, and the answer says so.
    Short,
    /// Half of it is written, then the process is gone.
    Kill,
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::Io, Self::NoSpace, Self::Short, Self::Kill];

    /// As the shim is told of it: Linux's numbers.
    fn told(self) -> &'static str {
        match self {
            Self::Io => "5",
            Self::NoSpace => "28",
            Self::Short => "short",
            Self::Kill => "kill",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Io => "EIO",
            Self::NoSpace => "ENOSPC",
            Self::Short => "short",
            Self::Kill => "kill",
        }
    }
}

/// What the shim is to do to a program.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// Only what lies below it is the shim's business.
    pub(crate) dir: &'a Path,
    /// Where to write down the calls.
    pub(crate) record: Option<&'a Path>,
    /// With what was written.
    pub(crate) bytes: bool,
    /// Which calls to spoil: from the first number to the second, counted from 1.
    pub(crate) fault: Option<(&'a str, Fault, u64, u64)>,
    /// How long every sync takes at least.
    pub(crate) delay_us: Option<u64>,
    /// A file that holds the time of day.
    pub(crate) clock: Option<&'a Path>,
}

impl<'a> Order<'a> {
    /// Nothing but to be there.
    pub(crate) fn below(dir: &'a Path) -> Self {
        Self { dir, record: None, bytes: false, fault: None, delay_us: None, clock: None }
    }
}

impl Shim {
    /// Compiles it; `None`, with a word on standard error, where there is no Linux or no C compiler.
    ///
    /// # Errors
    /// If it does not compile, or if YOUSU_REQUIRE_ALL lets nothing be skipped.
    pub fn build() -> anyhow::Result<Option<Self>> {
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let is_there = cfg!(target_os = "linux") && Command::new(&compiler).arg("--version").output().is_ok();
        if !is_there {
            ensure!(
                std::env::var_os("YOUSU_REQUIRE_ALL").is_none(),
                "YOUSU_REQUIRE_ALL: Linux with a C compiler is needed"
            );
            eprintln!("skipped: spoiling storage calls needs Linux and a C compiler");
            return Ok(None);
        }
        let dir = TempDir::new()?;
        std::fs::write(dir.path().join("shim.c"), SOURCE)?;
        let mut compile = Command::new(compiler);
        compile.current_dir(dir.path()).args("-shared -fPIC -O2 -pthread -o shim.so shim.c -ldl".split(' '));
        let compiled = compile.output()?;
        ensure!(compiled.status.success(), "the shim does not compile: {}", String::from_utf8_lossy(&compiled.stderr));
        Ok(Some(Self { dir }))
    }

    /// The program, with the shim before it.
    pub(crate) fn before(&self, program: impl AsRef<OsStr>, order: &Order<'_>) -> anyhow::Result<Command> {
        let mut command = Command::new(program);
        command.envs(self.envs(order)?);
        Ok(command)
    }

    /// What a program's environment must hold for that.
    pub(crate) fn envs(&self, order: &Order<'_>) -> anyhow::Result<Vec<(&'static str, OsString)>> {
        let dir = order.dir.canonicalize().with_context(|| format!("{} exists", order.dir.display()))?;
        let mut envs = vec![("LD_PRELOAD", self.path().into()), ("YOUSU_SHIM_DIR", dir.into())];
        envs.extend(order.record.map(|record| ("YOUSU_SHIM_RECORD", record.into())));
        envs.extend(order.bytes.then(|| ("YOUSU_SHIM_BYTES", "1".into())));
        let fault = |(call, fault, from, to): (&str, Fault, u64, u64)| format!("{call}/{}/{from}/{to}", fault.told());
        envs.extend(order.fault.map(|told| ("YOUSU_SHIM_FAULT", fault(told).into())));
        envs.extend(order.delay_us.map(|micros| ("YOUSU_SHIM_DELAY", micros.to_string().into())));
        envs.extend(order.clock.map(|clock| ("YOUSU_SHIM_CLOCK", clock.into())));
        Ok(envs)
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("shim.so")
    }
}
