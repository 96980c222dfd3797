//! `beamport run` as PID 1 of a container.

use std::time::Instant;

use anyhow::{Result, ensure};
use beamport_lab::{Image, Lab, wait_until};

use crate::support::{DEADLINE, Recipe, agents};

#[test]
fn docker_stop_ends_a_vm_in_order() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe::plain(Image::Otp25).registered(&lab, lab.host(1)?)?;
    let begun = Instant::now();
    node.docker(["stop"])?;
    eprintln!("docker stop took {:?}", begun.elapsed());
    // Docker kills after 10 s; then the status would be 137.
    ensure!(node.docker(["wait"])? == "0", "{}", node.logs());
    ensure!(node.logs().contains("SIGTERM received - shutting down"));
    Ok(())
}

#[test]
fn an_interrupt_ends_a_vm_in_order_too() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe::plain(Image::Otp25).registered(&lab, lab.host(1)?)?;
    node.host
        .docker(["kill", "--signal", "INT", &node.container])?;
    ensure!(node.docker(["wait"])? == "0", "{}", node.logs());
    ensure!(node.logs().contains("SIGTERM received - shutting down"));
    Ok(())
}

#[test]
fn the_exit_code_of_the_container_is_the_vms() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    for (command, code) in [
        (&["erl", "-noinput", "-eval", "halt(42)."][..], "42"),
        (&["sh", "-c", "kill -SEGV $$"], "139"),
        (&["no-such-command"], "127"),
    ] {
        let recipe = Recipe {
            command,
            ..Recipe::plain(Image::Otp25)
        };
        let node = recipe.start(&lab, lab.host(1)?)?;
        ensure!(
            node.docker(["wait"])? == code,
            "{command:?}: {}",
            node.logs()
        );
    }
    Ok(())
}

#[test]
fn orphans_are_reaped_by_pid_1() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe::plain(Image::Otp25).registered(&lab, lab.host(1)?)?;
    node.evaluate("os:cmd(\"(sleep 0.2 &) ; true\")")?;
    wait_until("no zombies", DEADLINE, || {
        let states = "for s in /proc/[0-9]*/stat; do cut -d')' -f2 $s; done 2>/dev/null | cut -c2";
        node.exec(&["sh", "-c", states])
            .is_ok_and(|states| !states.contains('Z'))
    })?;
    ensure!(
        node.exec(&["sh", "-c", "tr '\\0' ' ' </proc/1/cmdline"])?
            .starts_with("beamport run")
    );
    Ok(())
}

#[test]
fn a_huge_limit_of_open_files_is_lowered() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let recipe = Recipe {
        command: &["sh", "-c", "ulimit -Sn"],
        ..Recipe::plain(Image::Otp25)
    };
    let node = recipe.start(&lab, lab.host(1)?)?;
    node.docker(["wait"])?;
    let limit = node
        .logs()
        .lines()
        .find_map(|line| line.trim().parse::<u64>().ok());
    ensure!(
        limit.is_some_and(|limit| limit <= 65_536),
        "{}",
        node.logs()
    );
    Ok(())
}

#[test]
fn a_vm_that_does_not_end_is_killed_before_docker_loses_patience() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let recipe = Recipe {
        run: &["--grace", "1"],
        command: &[
            "sh",
            "-c",
            "trap '' TERM; echo ready; while :; do sleep 0.1; done",
        ],
        ..Recipe::plain(Image::Otp25)
    };
    let node = recipe.start(&lab, lab.host(1)?)?;
    wait_until("the trap", DEADLINE, || node.logs().contains("ready"))?;
    node.host.docker(["stop", "-t", "50", &node.container])?;
    ensure!(node.docker(["wait"])? == "137");
    ensure!(
        node.logs().contains("has not ended in time"),
        "{}",
        node.logs()
    );
    Ok(())
}
