//! The cluster as a table.

use super::cluster::{Cluster, Member};
use super::paint;

/// What a column is called, and what it says of a node.
type Column = (&'static str, fn(&Member) -> &str);

const COLUMNS: [Column; 5] = [
    ("node", |member| &member.node),
    ("host", |member| &member.host),
    ("runs in", |member| &member.place),
    ("OTP", |member| &member.otp),
    ("port", |member| &member.port),
];

const LAST: &str = "connected to";
const GAP: &str = "   ";

/// The lines of the table. Nodes are numbered from 1, and connections are those numbers.
pub(super) fn lines(cluster: &Cluster, connections: &[Vec<usize>]) -> Vec<String> {
    let widths = COLUMNS.map(|(title, value)| {
        let longest = cluster
            .0
            .iter()
            .map(|member| value(member).chars().count())
            .max();
        longest.unwrap_or(0).max(title.len())
    });
    let last = LAST.len().max(2 * cluster.0.len());
    let head: String = COLUMNS
        .iter()
        .zip(widths)
        .map(|((title, _), width)| format!("{title:<width$}{GAP}"))
        .collect();
    let rule = format!(
        "  {}",
        "─".repeat(3 + widths.iter().map(|width| width + GAP.len()).sum::<usize>() + last)
    );
    let mut lines = vec![
        paint::bold(&format!("  #  {head}{LAST}")),
        paint::dim(&rule),
    ];
    for (index, (member, connected)) in cluster.0.iter().zip(connections).enumerate() {
        let cells: String = COLUMNS
            .iter()
            .zip(widths)
            .map(|((_, value), width)| format!("{:<width$}{GAP}", value(member)))
            .collect();
        let row = format!("{:>3}  {cells}", index + 1);
        lines.push(if member.is_gone {
            paint::dim(&row) + &paint::red("killed")
        } else {
            row + &numbers(connected)
        });
    }
    lines.push(paint::dim(&rule));
    lines
}

fn numbers(connected: &[usize]) -> String {
    if connected.is_empty() {
        return paint::dim("nobody yet");
    }
    let numbers: Vec<_> = connected
        .iter()
        .map(|index| (index + 1).to_string())
        .collect();
    paint::green(&numbers.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::cluster::tests::member;
    use super::*;

    #[test]
    fn says_whom_each_is_connected_to_and_who_is_gone() {
        let cluster = Cluster(vec![
            member("a@h", false),
            member("b@h", true),
            member("c@h", false),
        ]);
        let lines = lines(&cluster, &[vec![2], vec![], vec![]]);
        let ends: Vec<_> = lines
            .iter()
            .map(|line| line.rsplit("   ").next().unwrap())
            .collect();
        assert_eq!(ends[0], "connected to");
        assert_eq!(ends[2..5], ["3", "killed", "nobody yet"]);
        assert!(lines[2].contains("  1  a@h    host1 10.99.0.1   container orders   25"));
    }
}
