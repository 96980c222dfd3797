//! The figures beside those that are kept.

use super::Figures;

/// Prints a crate's figures; how many are astray, that is, not within so many per cent of those kept.
pub(super) fn print(name: &str, found: &Figures, kept: &Figures, tolerance: f64) -> usize {
    println!("{name:<40}{:>14}{:>14}", "instructions", "kept");
    let mut astray = 0;
    for (case, count) in found {
        let Some(before) = kept.get(case) else {
            println!("{case:<40}{count:>14}{:>14}  new", "");
            astray += 1;
            continue;
        };
        let change = change(*before, *count);
        let is_astray = change.abs() > tolerance;
        let mark = if is_astray { "  <--" } else { "" };
        println!("{case:<40}{count:>14}{before:>14}{change:>+8.1} %{mark}");
        astray += usize::from(is_astray);
    }
    for case in kept.keys().filter(|case| !found.contains_key(*case)) {
        println!("{case:<40}{:>14}  gone", "");
        astray += 1;
    }
    astray
}

/// In per cent.
fn change(before: u64, now: u64) -> f64 {
    (now as f64 / before.max(1) as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_too_much_is_astray_in_either_direction() {
        let figures = |pairs: &[(&str, u64)]| -> Figures {
            pairs
                .iter()
                .map(|(case, count)| ((*case).to_owned(), *count))
                .collect()
        };
        let kept = figures(&[("same", 100), ("more", 100), ("less", 100), ("gone", 1)]);
        let found = figures(&[("same", 104), ("more", 106), ("less", 94), ("new", 1)]);
        assert_eq!(print("a crate", &found, &kept, 5.0), 4);
        assert_eq!(print("a crate", &kept, &kept, 5.0), 0);
    }
}
