//! The lab cleans up after itself, and after a predecessor that crashed at whatever point.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Image, Instance, Lab, Options, Progress, Silent, Step};

/// A lab of these tests' own. They are run one at a time.
const LAB: &str = "leftovers";

/// Tells the copy of this test program that is to crash that it is that copy.
const CRASHING: &str = "BEAMPORT_LAB_TEST_CRASHING";

/// Steps of bringing a lab up, at the beginning of which a crash is tried.
const MOMENTS: [&str; 3] = ["switch and cables", "host2", "image otp25 into"];

#[test]
fn up_removes_what_a_crashed_up_left() -> Result<()> {
    let instance = Instance::named(LAB)?;
    if std::env::var_os(CRASHING).is_some() {
        Lab::up(&instance, &options(), &Aloud)?;
        return Ok(());
    }
    for moment in MOMENTS {
        crash_at(moment)?;
        assert!(
            !traces()?.is_empty(),
            "nothing was there to clean up at {moment}"
        );
        assert!(Lab::up(&instance, &options(), &Silent)?, "{moment}");
        Lab::down(&instance)?;
        assert_eq!(traces()?, [""; 0], "{moment}");
    }
    Ok(())
}

#[test]
fn down_ends_containers_whose_daemon_was_killed_paused_ones_too() -> Result<()> {
    let instance = Instance::named(LAB)?;
    Lab::up(&instance, &options(), &Silent)?;
    let lab = Lab::attach_to(&instance)?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let run = [
        "run",
        "--detach",
        "--publish",
        "12345",
        &image,
        "sleep",
        "600",
    ];
    host.docker(run)?;
    let paused = host.docker(run)?;
    host.docker(["pause", &paused])?;
    let agent = host.agent(lab.binary(), [""; 0])?;
    agent.leave_running();
    host.kill9_dockerd()?;
    drop(lab);
    Lab::down(&instance)?;
    assert_eq!(traces()?, [""; 0]);
    Ok(())
}

#[test]
fn a_lab_that_is_up_is_left_as_it_is() -> Result<()> {
    let instance = Instance::named(LAB)?;
    assert!(Lab::up(&instance, &options(), &Silent)?);
    let before = traces()?;
    assert!(!Lab::up(&instance, &options(), &Silent)?);
    assert_eq!(traces()?, before);
    Lab::down(&instance)?;
    Lab::down(&instance)?;
    assert_eq!(traces()?, [""; 0]);
    Ok(())
}

fn options() -> Options {
    Options {
        images: vec![Image::Otp25],
        ..Options::default()
    }
}

/// Has a copy of this program bring the lab up, and kills it as soon as it begins the step.
fn crash_at(moment: &str) -> Result<()> {
    let mut copy = Command::new(std::env::current_exe()?)
        .args([
            "--exact",
            "--nocapture",
            "up_removes_what_a_crashed_up_left",
        ])
        .env(CRASHING, "1")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(copy.stdout.take().context("no output")?);
    let reached = output
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains(&format!("began {moment}")));
    copy.kill()?;
    copy.wait()?;
    ensure!(reached, "the copy never came to {moment}");
    Ok(())
}

/// Says when a step begins.
struct Aloud;

impl Progress for Aloud {
    fn began(&self, step: &Step) {
        println!("\nbegan {}", step.0);
    }

    fn ended(&self, _: &Step, _: Duration, _: &Result<()>) {}
}

/// Whatever on this machine bears the lab's name: namespaces, mounts, processes, control groups, files.
fn traces() -> Result<Vec<String>> {
    let marks = [format!("beamport-{LAB}-"), format!("beamport-lab/{LAB}/")];
    let is_marked = |text: &str| marks.iter().any(|mark| text.contains(mark));
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let mut traces: Vec<String> = mounts
        .lines()
        .filter(|line| is_marked(line))
        .map(|line| format!("mount {line}"))
        .collect();
    for process in names_in(Path::new("/proc")) {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
        if is_marked(&String::from_utf8_lossy(&command)) || is_marked(&groups) {
            traces.push(format!("process {process}"));
        }
    }
    let groups = Path::new("/sys/fs/cgroup");
    let hierarchies = names_in(groups).into_iter().map(|name| groups.join(name));
    for folder in hierarchies.chain([groups.to_owned(), "/run/netns".into()]) {
        let marked = names_in(&folder).into_iter().filter(|name| is_marked(name));
        traces.extend(marked.map(|name| format!("{} in {}", name, folder.display())));
    }
    if Path::new("/var/lib/beamport-lab").join(LAB).exists() {
        traces.push("files".to_owned());
    }
    traces.sort();
    Ok(traces)
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
