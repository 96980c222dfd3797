//! What the demo tells, with whichever nodes: a mesh forms, a node dies, another comes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use beamport_lab::wait_until;

use super::cluster::{Cluster, Member};
use super::{paint, table};
use crate::interrupt;
use crate::show::Show;

/// How long the cluster may take to become what it should.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the story needs done where its nodes run.
pub(super) trait Stage {
    /// Kills the node that stands at `position`, without a warning to anybody.
    fn kill(&mut self, cluster: &Cluster, position: usize) -> Result<()>;

    /// Starts one more.
    fn start_another(&mut self) -> Result<Member>;
}

/// Tells the story; `victim` is the position of the node that dies.
pub(super) fn tell(
    show: &Show,
    cluster: &mut Cluster,
    victim: usize,
    stage: &mut dyn Stage,
) -> Result<()> {
    let (answered, asked) = show.step("every node pings every other", || cluster.ping_all())?;
    headline(&format!("{answered} of {asked} pings answered"));
    watch(cluster)?;
    ensure!(
        answered == asked,
        "{} pings were not answered",
        asked - answered
    );

    let name = cluster.0.get(victim).context("no such node")?.node.clone();
    let begun = Instant::now();
    show.step("killing a node", || stage.kill(cluster, victim))?;
    if let Some(member) = cluster.0.get_mut(victim) {
        member.is_gone = true;
    }
    headline(&format!("{name} is killed: the others notice"));
    watch(cluster)?;
    println!(
        "  every survivor knew {:.1} s after the kill began",
        begun.elapsed().as_secs_f32()
    );

    let begun = Instant::now();
    let member = show.step("starting another, which pings one node", || {
        stage.start_another()
    })?;
    headline(&format!("{} came: the cluster heals", member.node));
    cluster.0.push(member);
    join_last(cluster)?;
    watch(cluster)?;
    println!(
        "  a full mesh again {:.1} s after its start began",
        begun.elapsed().as_secs_f32()
    );
    Ok(())
}

/// The newest node pings the first; Erlang itself does the rest.
fn join_last(cluster: &Cluster) -> Result<()> {
    if let (Some(first), Some(last)) = (cluster.0.first(), cluster.0.last()) {
        (last.ask)(&format!("net_adm:ping('{}').", first.node))?;
    }
    Ok(())
}

/// Shows the table until all living nodes are connected to one another: live on a terminal, else at the end.
fn watch(cluster: &Cluster) -> Result<()> {
    let mut connections = cluster.connections();
    let mut shown = Vec::new();
    let outcome = wait_until("a full mesh of the living", DEADLINE, || {
        if paint::is_watched() {
            redraw(&mut shown, table::lines(cluster, &connections));
        }
        let done = cluster.is_full_mesh(&connections) || interrupt::asked();
        if !done {
            connections = cluster.connections();
        }
        done
    });
    redraw(&mut shown, table::lines(cluster, &connections));
    ensure!(!interrupt::asked(), "interrupted");
    outcome
}

fn redraw(shown: &mut Vec<String>, lines: Vec<String>) {
    if *shown == lines {
        return;
    }
    if !shown.is_empty() {
        // Up to where the former table began, and clear to the end of the screen.
        print!("\x1b[{}A\x1b[J", shown.len());
    }
    for line in &lines {
        println!("{line}");
    }
    *shown = lines;
}

fn headline(text: &str) {
    println!("\n  {}", paint::bold(text));
}
