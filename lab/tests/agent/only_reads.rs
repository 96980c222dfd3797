//! The agent asks Docker, and never tells it anything.

use anyhow::Result;
use beamport_lab::{Image, Lab, wait_until};

use super::DEADLINE;
use super::client::Client;
use super::proxy::Proxy;

#[test]
fn every_request_is_a_get() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let proxy = Proxy::start(host)?;
    let _agent = host.agent(lab.binary(), ["--docker", &proxy.endpoint()])?;

    let local = Client::on(host);
    let is_known = |name: &str| local.lookup(name).is_ok_and(|port| port.is_some());
    let id = host.docker([
        "run", "-d", "--name", "web", "-p", "12345", &image, "sleep", "600",
    ])?;
    wait_until("the container to be known", DEADLINE, || is_known("web"))?;
    host.docker(["rename", "web", "shop"])?;
    wait_until("its new name to be known", DEADLINE, || {
        is_known("shop") && !is_known("web")
    })?;
    let held = Client::in_container(host, &id).register("orders", 12345)?;
    assert!(held.is_some());
    host.docker(["rm", "-f", "--volumes", "shop"])?;
    wait_until("its name to be gone", DEADLINE, || !is_known("shop"))?;

    let requests = proxy.requests();
    for needed in [
        "/events",
        "/containers/json",
        &format!("/containers/{id}/json"),
    ] {
        assert!(requests.iter().any(|r| r.contains(needed)), "{requests:?}");
    }
    assert!(
        requests.iter().all(|r| r.starts_with("GET /")),
        "{requests:?}"
    );
    Ok(())
}
