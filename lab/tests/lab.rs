//! The lab itself: what tests rely on when they rely on it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};
use beamport_lab::{Host, Image, Lab, wait_until};

const DEADLINE: Duration = Duration::from_secs(60);

/// A dial over a cut cable is given up after this long; over a sound one it takes no time.
const DIAL: Duration = Duration::from_secs(1);

#[test]
fn containers_on_two_hosts_reach_each_other_through_published_ports() -> Result<()> {
    let lab = Lab::attach()?;
    let image = lab.image(Image::Otp25)?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let echo =
        "{ok,L}=gen_tcp:listen(12345,[]),{ok,_}=gen_tcp:accept(L),io:format(\"dialled~n\"),halt().";
    let server = one.docker([
        "run", "-d", "-p", "12345", &image, "erl", "-noinput", "-eval", echo,
    ])?;
    let port = published(one, &server)?;
    let dial =
        format!("{{ok,_}}=gen_tcp:connect({{10,99,0,1}},{port},[]),io:format(\"reached\"),halt().");
    wait_until("the server to answer", DEADLINE, || {
        two.docker(["run", "--rm", &image, "erl", "-noinput", "-eval", &dial])
            .is_ok_and(|said| said == "reached")
    })?;
    wait_until("the server to say so", DEADLINE, || {
        one.docker(["logs", &server])
            .is_ok_and(|said| said == "dialled")
    })
}

#[test]
fn a_pulled_cable_cuts_and_a_plugged_one_mends() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let listener = one.inside(|| TcpListener::bind("0.0.0.0:7"))??;
    let address = SocketAddr::from((one.address(), listener.local_addr()?.port()));
    let dial = || two.inside(|| TcpStream::connect_timeout(&address, DIAL));
    dial()??;
    one.link_down()?;
    let refused = dial()?.map(drop).map_err(|e| e.kind());
    ensure!(
        matches!(
            refused,
            Err(ErrorKind::TimedOut | ErrorKind::HostUnreachable)
        ),
        "the cable is pulled, and a dial gave {refused:?}"
    );
    one.link_up()?;
    wait_until("the cable to carry again", DEADLINE, || {
        matches!(dial(), Ok(Ok(_)))
    })
}

#[test]
fn a_lossy_cable_is_as_new_for_the_next_test() -> Result<()> {
    let lab = Lab::attach()?;
    lab.host(1)?.lose_packets(1.0)?;
    lab.host(1)?
        .docker(["run", "-d", &lab.image(Image::Otp25)?, "sleep", "600"])?;
    drop(lab);
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let listener = one.inside(|| TcpListener::bind("0.0.0.0:7"))??;
    let address = SocketAddr::from((one.address(), listener.local_addr()?.port()));
    wait_until("the next test to have a sound cable", DEADLINE, || {
        matches!(
            two.inside(|| TcpStream::connect_timeout(&address, DIAL)),
            Ok(Ok(_))
        )
    })?;
    assert_eq!(one.docker(["ps", "--all", "--quiet"])?, "");
    Ok(())
}

#[test]
fn containers_outlive_their_daemon_only_with_live_restore() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let running = || host.docker(["ps", "--quiet", "--no-trunc"]);
    let container = host.docker(["run", "-d", &image, "sleep", "600"])?;
    host.set_live_restore(true)?;
    host.stop_dockerd()?;
    host.start_dockerd()?;
    assert_eq!(running()?, container);
    host.kill9_dockerd()?;
    host.start_dockerd()?;
    assert_eq!(running()?, container);
    host.set_live_restore(false)?;
    host.stop_dockerd()?;
    host.start_dockerd()?;
    assert_eq!(running()?, "");
    Ok(())
}

#[test]
fn hosts_have_names_addresses_and_no_way_out() -> Result<()> {
    let lab = Lab::attach()?;
    for host in lab.hosts() {
        assert_eq!(host.exec(["hostname"])?, host.name());
        let routes = host.exec(["ip", "route"])?;
        assert!(!routes.contains("default"), "{routes}");
        assert!(routes.contains(&host.address().to_string()), "{routes}");
    }
    Ok(())
}

/// The static binary runs in every suite; that it is static is why.
#[test]
fn the_binary_runs_in_every_image() -> Result<()> {
    let lab = Lab::attach()?;
    let mount = format!("{}:/usr/bin/beamport:ro", lab.binary().display());
    for image in lab.otps() {
        let image = lab.image(image)?;
        let said =
            lab.host(1)?
                .docker(["run", "--rm", "-v", &mount, &image, "beamport", "--version"])?;
        assert!(said.starts_with("beamport "), "{said}");
    }
    Ok(())
}

fn published(host: &Host, container: &str) -> Result<u16> {
    let bindings = host.docker(["port", container, "12345/tcp"])?;
    let port = bindings
        .lines()
        .next()
        .and_then(|line| line.rsplit_once(':'));
    ensure!(port.is_some(), "no published port in {bindings:?}");
    Ok(port
        .map(|(_, port)| port.parse())
        .transpose()?
        .unwrap_or_default())
}
