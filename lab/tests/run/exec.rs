//! `beamport exec` in a container beside a node.

use anyhow::{Result, ensure};
use beamport_lab::{Image, Lab};

use crate::support::{Recipe, agents};

#[test]
fn a_command_reaches_the_node_under_its_own_name_in_every_release() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    for image in lab.otps() {
        let node = Recipe::plain(image).registered(&lab, lab.host(1)?)?;
        ensure!(node.evaluate("node()")? == format!("'{}'", node.name));
        ensure!(node.exec(&["sh", "-c", "echo $BEAMPORT_NODE"])? == node.name);
    }
    Ok(())
}

#[test]
fn the_status_is_the_commands() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe::plain(Image::Otp25).registered(&lab, lab.host(1)?)?;
    let status = |command: &[&str]| -> Result<Option<i32>> {
        let mut docker = node.host.docker_command();
        docker.args(["exec", &node.container, "beamport", "exec", "--"]);
        Ok(docker.args(command).output()?.status.code())
    };
    ensure!(status(&["sh", "-c", "exit 3"])? == Some(3));
    ensure!(status(&["no-such-command"])? == Some(127));
    Ok(())
}
