//! `docs/protocol.md` says what is supported and by which test. Here it is held against the code, so that it stays
//! complete and true.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics says what failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Where tests that it names may be.
const CRATES: [&str; 2] = ["crates/dist", "crates/term"];

const CELLS: [&str; 3] = ["yes", "in", "no"];

/// A row: its number, its name, what it says of the four releases, and the tests it names.
struct Row {
    number: String,
    name: String,
    cells: Vec<String>,
    tests: Vec<String>,
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The rows of the table under a heading.
fn table(heading: &str) -> Vec<Row> {
    let page = read("docs/protocol.md");
    let heading = format!("\n## {heading}\n");
    let (_, section) = page.split_once(&heading).expect("the heading is gone");
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|'));
    let rows: Vec<Row> = lines.skip(2).map(row).collect();
    assert!(!rows.is_empty());
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [number, name, releases @ .., _node, tests] = cells.as_slice() else {
        panic!("no row: {line}");
    };
    assert_eq!(releases.len(), 4, "{line}");
    assert!(releases.iter().all(|cell| CELLS.contains(cell)), "{line}");
    let tests: Vec<_> = tests
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert!(!tests.is_empty(), "no test: {line}");
    Row {
        number: (*number).to_owned(),
        name: (*name).to_owned(),
        cells: releases.iter().map(|cell| (*cell).to_owned()).collect(),
        tests,
    }
}

/// What a table says of names and their numbers, but for numbers that are nobody's.
fn said(rows: &[Row]) -> BTreeMap<String, u64> {
    let named = rows
        .iter()
        .filter_map(|row| Some((row.name.clone(), row.number.parse().ok()?)));
    named.filter(|(name, _)| name != "unassigned").collect()
}

/// Names and numbers in the code: of lines that have `before`, a name, `between`, a number, `after`.
fn coded(code: &str, before: &str, between: &str, after: char) -> BTreeMap<String, u64> {
    let constants: BTreeMap<_, _> = code
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().strip_prefix(before)?.split_once(between)?;
            let number = rest.split_once(after)?.0.replace('_', "");
            let number = match number.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((name.to_owned(), number))
        })
        .collect();
    assert!(!constants.is_empty());
    constants
}

/// What is between two texts.
fn between<'a>(code: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = code.split_once(begin).expect("the beginning is gone");
    rest.split_once(end).expect("the end is gone").0
}

#[test]
fn every_control_message_is_there() {
    let code = read("crates/dist/src/control/mod.rs");
    let mut known = coded(
        between(&code, "mod op {", "\n}"),
        "pub(super) const ",
        ": u8 = ",
        ';',
    );
    // What the code does not know, as nothing sends it.
    known.insert("NODE_LINK".to_owned(), 5);
    let rows = table("Control messages");
    assert_eq!(said(&rows), known);
    let numbers = rows.iter().flat_map(|row| numbers(&row.number));
    assert!(
        numbers.eq(1..=37),
        "a number is missing, or not in its place"
    );
}

/// `5`, `14, 15` or `9–11`.
fn numbers(text: &str) -> Vec<u64> {
    if let Some((first, last)) = text.split_once('–') {
        return (first.parse().unwrap()..=last.parse().unwrap()).collect();
    }
    text.split(", ")
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
fn every_flag_is_there() {
    let code = read("crates/dist/src/flags.rs");
    let flags = coded(between(&code, "\nflags! {", "\n}"), "", " = ", ';');
    let bits = flags.into_iter().map(|(name, flag)| {
        assert!(flag.is_power_of_two(), "{name}");
        (name, u64::from(flag.trailing_zeros()))
    });
    assert_eq!(said(&table("Distribution flags")), bits.collect());
}

#[test]
fn every_tag_is_there() {
    let code = read("crates/term/src/wire/tag.rs");
    let tags = coded(between(&code, "\ntags! {", "\n}"), "", " = ", ',');
    assert_eq!(said(&table("Term tags")), tags);
}

#[test]
fn what_no_release_knows_is_not_called_supported() {
    for heading in ["Control messages", "Distribution flags", "Term tags"] {
        for row in table(heading) {
            // What a release has got, later ones keep, but for what was done away with.
            let known: Vec<bool> = row.cells.iter().map(|cell| cell != "no").collect();
            let changes = known.windows(2).filter(|pair| pair.first() != pair.last());
            assert!(changes.count() < 2, "{}: {:?}", row.name, row.cells);
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut tests = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in CRATES {
        collect(&root.join(name).join("src"), &mut tests);
        collect(&root.join(name).join("tests"), &mut tests);
    }
    let page = read("docs/protocol.md");
    let rows = ["Control messages", "Distribution flags", "Term tags"].map(table);
    let in_tables = rows.iter().flatten().flat_map(|row| &row.tests).cloned();
    // In the text around the tables, names of tests are those that read like one.
    let in_text = page.split('`').skip(1).step_by(2).filter(|text| {
        text.matches('_').count() > 2 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    });
    let named: BTreeSet<String> = in_tables.chain(in_text.map(str::to_owned)).collect();
    let missing: Vec<_> = named.difference(&tests).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

/// The functions in Rust files under a folder that are marked as tests.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            for after in code.split("test").skip(1) {
                // `#[test]`, `#[tokio::test]`, `#[tokio::test(…)]`, perhaps with more attributes.
                let mut lines = after.lines();
                if lines.next().is_none_or(|rest| !rest.ends_with(']')) {
                    continue;
                }
                let declared = lines.map(str::trim).find(|line| !line.starts_with('#'));
                let name = declared
                    .and_then(|line| line.trim_start_matches("async ").strip_prefix("fn "))
                    .and_then(|rest| rest.split_once('('));
                tests.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}
