//! Rules of the code base, as tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{Metadata, MetadataCommand, Package};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests stand in the workspace").to_owned()
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).other_options(["--offline".to_owned()]);
    command.exec().expect("cargo metadata works offline once `cargo fetch --locked` has run")
}

/// Packages that the resolved graph really holds.
fn resolved(metadata: &Metadata) -> Vec<&Package> {
    let nodes: BTreeSet<_> = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|node| &node.id).collect();
    metadata.packages.iter().filter(|package| nodes.contains(&package.id)).collect()
}

fn deny() -> toml::Table {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml stands at the top");
    text.parse().expect("deny.toml is TOML")
}

/// Which package may use which: the table in docs/ARCHITECTURE.md. Tests, benches and dev-dependencies may use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("cases", &[]),
    ("transparency", &[]),
    ("event-log", &["transparency"]),
    ("projections", &["cases", "event-log"]),
    ("documents", &[]),
    ("import", &["cases"]),
    ("persons", &["event-log", "transparency"]),
    ("server", &["cases", "event-log", "persons", "projections", "documents", "import", "transparency"]),
    ("witness", &["transparency"]),
    ("verify", &["cases", "transparency"]),
    ("tests", &[]),
    ("faults", &["event-log", "persons"]),
    ("fuzzing", &["cases", "event-log", "import", "projections", "transparency"]),
    ("load", &["event-log", "faults"]),
    ("chance", &[]),
    ("model", &["chance", "modelled-log", "transparency"]),
    ("modelled-log", &["transparency"]),
    ("benches", &["cases", "event-log", "import", "projections", "server", "transparency"]),
    ("tampering", &["chance", "transparency", "witness"]),
];

/// README's `cargo run` names no program: a second package with one of its own would leave cargo without a choice.
#[test]
fn cargo_run_means_yousu() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let named: Vec<_> = packages.iter().filter_map(|package| package.default_run.as_deref()).collect();
    assert_eq!(named, ["yousu"]);
}

#[test]
fn no_package_knows_what_it_must_not() {
    let metadata = metadata();
    let own: BTreeSet<&str> = metadata.workspace_packages().into_iter().map(|package| package.name.as_str()).collect();
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        own, listed,
        "a package was added or renamed: say in ARROWS and in docs/ARCHITECTURE.md what it may know"
    );
    for package in metadata.workspace_packages() {
        let (_, allowed) = ARROWS.iter().find(|(name, _)| *name == package.name.as_str()).expect("just compared");
        let arrows =
            package.dependencies.iter().filter(|dependency| dependency.kind == cargo_metadata::DependencyKind::Normal);
        for arrow in arrows.filter(|dependency| own.contains(dependency.name.as_str())) {
            assert!(allowed.contains(&arrow.name.as_str()), "{} must not know {}", package.name, arrow.name);
        }
    }
}

/// Features add up over a workspace: turned on by anybody, the points and planted bugs of `tests/model` would stand in the program.
#[test]
fn no_program_holds_what_is_for_the_model() {
    let metadata = metadata();
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let log = nodes.filter(|node| metadata[&node.id].name.as_str() == "event-log").collect::<Vec<_>>();
    assert!(log.len() == 1 && log[0].features.is_empty(), "event-log is built with {:?}", log[0].features);
    let named =
        |name: &str| metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name).cloned();
    let dependencies = |name: &str| {
        let package = named(name).expect("it is listed in ARROWS");
        let normal = package.dependencies.into_iter().filter(|one| one.kind == cargo_metadata::DependencyKind::Normal);
        normal.map(|one| one.name).collect::<BTreeSet<_>>()
    };
    assert_eq!(dependencies("modelled-log"), dependencies("event-log"), "the same sources need the same packages");
}

#[test]
fn one_sqlite_and_new_enough() {
    let metadata = metadata();
    for name in ["libsqlite3-sys", "sqlx"] {
        let versions: Vec<_> =
            resolved(&metadata).into_iter().filter(|p| p.name.as_str() == name).map(|p| &p.version).collect();
        assert_eq!(versions.len(), 1, "{name} stands in the graph as {versions:?}: an old SQLite may be linked");
    }
}

#[test]
fn every_licence_is_allowed() {
    let allowed: BTreeSet<String> = deny()["licenses"]["allow"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|licence| licence.as_str().map(str::to_owned))
        .collect();
    for package in resolved(&metadata()) {
        let expression = package.license.clone().unwrap_or_default();
        assert!(is_allowed(&expression, &allowed), "{} {} is under `{expression}`", package.name, package.version);
    }
}

/// SPDX as crates write it: `A OR B`, `A AND B`, one level of brackets, the old slash for OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, sign) in expression.char_indices() {
        depth += i32::from(sign == '(') - i32::from(sign == ')');
        if depth == 0 && expression[at..].starts_with(" AND ") {
            parts.push(&expression[start..at]);
            start = at + " AND ".len();
        }
    }
    parts.push(&expression[start..]);
    parts.iter().all(|part| part.trim_matches(['(', ')']).split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

#[test]
fn every_duplicate_has_a_reason() {
    let deny = deny();
    let skip = deny["bans"]["skip"].as_array().expect("a list");
    let reasons: BTreeMap<&str, &str> =
        skip.iter().filter_map(|entry| Some((entry.get("crate")?.as_str()?, entry.get("reason")?.as_str()?))).collect();
    let metadata = metadata();
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    resolved(&metadata).into_iter().for_each(|package| *versions.entry(package.name.as_str()).or_default() += 1);
    let twice: BTreeSet<&str> = versions.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    let excused: BTreeSet<&str> = reasons.keys().copied().collect();
    assert_eq!(twice, excused, "crates in two versions (left) and those that deny.toml gives a reason for (right)");
}

#[test]
fn files_stay_short() {
    const MOST_LINES: usize = 450;
    let mut long = Vec::new();
    for file in sources() {
        let lines = std::fs::read_to_string(&file).expect("a source file is text").lines().count();
        if lines > MOST_LINES {
            long.push(format!("{} ({lines})", file.display()));
        }
    }
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn no_test_is_left_out() {
    let mark = format!("#[{}", "ignore");
    for file in sources() {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        assert!(!text.contains(&mark), "{} leaves a test out: make it a feature or a binary", file.display());
    }
}

fn sources() -> Vec<PathBuf> {
    let mut waiting =
        vec![root().join("crates"), root().join("projections"), root().join("tests"), root().join("benches")];
    let mut files = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100, "the sources are where they were");
    files
}
