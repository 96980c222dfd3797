//! `beamport run` as PID 1 would be: signals, exit codes, orphans, limits.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use crate::support::{Running, Surroundings, wait_for_file, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn shell(surroundings: &Surroundings, flags: &[&str], script: &str) -> Output {
    let mut run = surroundings.run(flags);
    Running::start(run.args(["--", "sh", "-c", script])).ended()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_status_is_the_commands() {
    let surroundings = Surroundings::new();
    assert_eq!(shell(&surroundings, &[], "exit 0").status.code(), Some(0));
    assert_eq!(shell(&surroundings, &[], "exit 7").status.code(), Some(7));
    let killed = shell(&surroundings, &[], "kill -9 $$");
    assert_eq!(killed.status.code(), Some(128 + 9));
}

#[test]
fn a_command_that_cannot_be_started_ends_as_in_shells_and_says_why() {
    let surroundings = Surroundings::new();
    let run = |program: &str| Running::start(surroundings.run(&[]).args(["--", program])).ended();

    let absent = run("no-such-program");
    assert_eq!(absent.status.code(), Some(127));
    assert!(text(&absent.stderr).contains("cannot start `no-such-program`"));

    let path = surroundings.folder.path().join("not-executable");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(run(path.to_str().unwrap()).status.code(), Some(126));
}

#[test]
fn signals_are_passed_on_and_an_interrupt_becomes_a_request_to_end() {
    for (sent, received) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "TERM"),
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGUSR1, "USR1"),
        (Signal::SIGUSR2, "USR2"),
    ] {
        let surroundings = Surroundings::new();
        let script = "for s in TERM INT HUP QUIT USR1 USR2; do trap \"echo $s; exit 3\" $s; done; \
                      touch ready; while :; do sleep 0.01; done";
        let run = Running::start(surroundings.run(&[]).args(["--", "sh", "-c", script]));
        wait_for_file(&surroundings.folder.path().join("ready"));
        run.signal(sent);
        let ended = run.ended();
        assert_eq!(text(&ended.stdout).trim(), received);
        assert_eq!(ended.status.code(), Some(3));
    }
}

#[test]
fn a_second_request_does_not_cut_the_first_short() {
    let surroundings = Surroundings::new();
    let script = "trap 'touch asked; while ! [ -e go ]; do sleep 0.01; done; exit 5' TERM; \
                  touch ready; while :; do sleep 0.01; done";
    let run = Running::start(surroundings.run(&[]).args(["--", "sh", "-c", script]));
    let folder = surroundings.folder.path();
    wait_for_file(&folder.join("ready"));
    run.signal(Signal::SIGTERM);
    wait_for_file(&folder.join("asked"));
    run.signal(Signal::SIGTERM);
    run.signal(Signal::SIGINT);
    fs::write(folder.join("go"), "").unwrap();
    assert_eq!(run.ended().status.code(), Some(5));
}

#[test]
fn what_does_not_end_in_time_is_killed_with_all_its_group() {
    let surroundings = Surroundings::new();
    let script = "trap '' TERM; sh -c \"trap '' TERM; echo \\$\\$ > inner; sleep 600\" & \
                  while ! [ -s inner ]; do sleep 0.01; done; touch ready; wait; sleep 600";
    let mut command = surroundings.run(&["--grace", "0.2"]);
    let run = Running::start(command.args(["--", "sh", "-c", script]));
    let folder = surroundings.folder.path();
    wait_for_file(&folder.join("ready"));
    let inner: i32 = fs::read_to_string(folder.join("inner"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    run.signal(Signal::SIGTERM);
    let ended = run.ended();
    assert_eq!(ended.status.code(), Some(128 + 9));
    assert!(text(&ended.stderr).contains("has not ended in time"));
    wait_until("the inner shell to be gone", || is_gone(inner));
}

#[test]
fn what_a_shell_leaves_behind_is_asked_to_end_and_waited_for() {
    let surroundings = Surroundings::new();
    let script = "sh -c 'trap \"sleep 0.2; touch cleaned-up; exit\" TERM; touch ready; \
                  while :; do sleep 0.01; done' & while ! [ -e ready ]; do sleep 0.01; done; exit 4";
    let ended = shell(&surroundings, &[], script);
    assert_eq!(ended.status.code(), Some(4));
    assert!(surroundings.folder.path().join("cleaned-up").exists());
}

#[test]
fn orphans_are_reaped() {
    let surroundings = Surroundings::new();
    // The inner shell ends at once; its child becomes ours, ends, and would stay a zombie.
    let script = "sh -c 'sleep 0.05 & echo $! > orphan'; touch ready; while ! [ -e go ]; do sleep 0.01; done";
    let run = Running::start(surroundings.run(&[]).args(["--", "sh", "-c", script]));
    let folder = surroundings.folder.path();
    wait_for_file(&folder.join("ready"));
    let orphan: i32 = fs::read_to_string(folder.join("orphan"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    wait_until("the orphan to be reaped", || is_gone(orphan));
    fs::write(folder.join("go"), "").unwrap();
    assert_eq!(run.ended().status.code(), Some(0));
}

#[test]
fn the_limit_of_open_files_is_as_asked() {
    let surroundings = Surroundings::new();
    let limit = shell(&surroundings, &["--nofile", "300"], "ulimit -Sn");
    assert_eq!(text(&limit.stdout).trim(), "300");
    let ours = std::process::Command::new("sh")
        .args(["-c", "ulimit -Sn"])
        .output()
        .unwrap();
    let ours: u64 = text(&ours.stdout).trim().parse().unwrap_or(u64::MAX);
    let limit = shell(&surroundings, &[], "ulimit -Sn");
    assert_eq!(text(&limit.stdout).trim(), ours.min(65_536).to_string());
}

#[test]
fn the_state_for_exec_goes_with_the_node() {
    let surroundings = Surroundings::new();
    let seen = shell(
        &surroundings,
        &["--name", "shop"],
        "ls state; echo $BEAMPORT_NODE",
    );
    assert!(text(&seen.stdout).contains(".json"));
    assert!(text(&seen.stdout).contains("shop@127.0.0.1"));
    let left = fs::read_dir(surroundings.folder.path().join("state")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn wrong_settings_end_with_code_2_or_78_and_a_sentence() {
    let surroundings = Surroundings::new();
    let run = |flags: &[&str], words: &[&str]| {
        Running::start(surroundings.run(flags).arg("--").args(words)).ended()
    };
    for (flags, words, complaint) in [
        (
            &["--name", "{nonsense}"][..],
            &["true"][..],
            "there is no {nonsense}",
        ),
        (&["--name", "a@b"], &["true"], "leave one out"),
        (
            &[],
            &["erl", "-sname", "x"],
            "the command names its node itself",
        ),
    ] {
        let ended = run(flags, words);
        assert_eq!(ended.status.code(), Some(2), "{flags:?} {words:?}");
        assert!(
            text(&ended.stderr).contains(complaint),
            "{}",
            text(&ended.stderr)
        );
    }
    let path = surroundings.folder.path().join(".erlang.cookie");
    fs::write(&path, "THEIRS").unwrap();
    let mut different = surroundings.run(&[]);
    different
        .env("BEAMPORT_COOKIE", "OURS")
        .args(["--", "true"]);
    let ended = Running::start(&mut different).ended();
    assert_eq!(ended.status.code(), Some(78));
    assert!(!text(&ended.stderr).contains("OURS") && !text(&ended.stderr).contains("THEIRS"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "THEIRS");
}

fn is_gone(process: i32) -> bool {
    kill(Pid::from_raw(process), None).is_err()
}
