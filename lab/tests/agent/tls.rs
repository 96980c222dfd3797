//! Docker's API over TLS: whom Docker lets ask, and whom the agent takes for Docker.

use std::fs;
use std::path::Path;

use anyhow::Result;
use beamport_lab::{Agent, Image, Lab, wait_until};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::DEADLINE;
use super::client::{Client, Holding};

const ENDPOINT: &str = "tcp://10.99.0.1:2376";

/// The files of one who speaks TLS: `ca.pem`, `cert.pem` and `key.pem`.
struct Identity(TempDir);

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

#[test]
fn docker_is_followed_over_tls() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let authority = Authority::new("Docker's authority")?;
    let server = Identity::new()?;
    server.take(&authority, &authority, "10.99.0.1")?;
    host.serve_tls(server.folder())?;
    let client = Identity::new()?;
    client.take(&authority, &authority, "agent")?;

    let agent = host.agent(lab.binary(), client.flags())?;
    agent.wait_log("following Docker", DEADLINE)?;
    host.docker([
        "run", "-d", "--name", "web", "-p", "12345", &image, "sleep", "600",
    ])?;
    let outside = Client::on(lab.host(2)?).asking(host.address());
    wait_until("the container to be known", DEADLINE, || {
        outside.lookup("web").is_ok_and(|port| port.is_some())
    })?;
    host.docker(["kill", "web"])?;
    wait_until("its name to be gone", DEADLINE, || {
        outside.lookup("web").is_ok_and(|port| port.is_none())
    })?;
    assert!(!agent.log().contains("Docker does not answer"));
    Ok(())
}

#[test]
fn an_agent_that_docker_does_not_let_ask_says_so_serves_and_recovers() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let authority = Authority::new("Docker's authority")?;
    let stranger = Authority::new("a stranger")?;
    let server = Identity::new()?;
    server.take(&authority, &authority, "10.99.0.1")?;
    host.serve_tls(server.folder())?;
    host.docker([
        "run", "-d", "--name", "web", "-p", "12345", &image, "sleep", "600",
    ])?;
    let local = Client::on(host);

    let serves_without_docker = |agent: &Agent, reason: &str| -> Result<Holding> {
        agent.wait_log("Docker does not answer", DEADLINE)?;
        agent.wait_log(reason, DEADLINE)?;
        let held = local.register("native", 5000)?.unwrap();
        assert_eq!(local.lookup("native")?, Some(5000));
        assert_eq!(local.lookup("web")?, None);
        Ok(held)
    };

    // Without a certificate.
    let agent = host.agent(lab.binary(), ["--docker", ENDPOINT])?;
    serves_without_docker(&agent, "sent an HTTP request to an HTTPS server")?;
    drop(agent);
    // What answers is not known to be Docker.
    let client = Identity::new()?;
    client.take(&authority, &stranger, "agent")?;
    let agent = host.agent(lab.binary(), client.flags())?;
    serves_without_docker(&agent, "its certificate comes from another authority")?;
    drop(agent);
    // A certificate that Docker does not go by.
    client.take(&stranger, &authority, "agent")?;
    let agent = host.agent(lab.binary(), client.flags())?;
    let _held = serves_without_docker(&agent, "Docker refuses our certificate")?;

    client.take(&authority, &authority, "agent")?;
    agent.wait_log("following Docker", DEADLINE)?;
    assert!(local.lookup("web")?.is_some());
    assert_eq!(local.lookup("native")?, Some(5000));
    Ok(())
}

impl Identity {
    fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Takes a certificate for `name` that `signer` signed, and `trusted` for the authority of the other side.
    fn take(&self, signer: &Authority, trusted: &Authority, name: &str) -> Result<()> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([name.to_owned()])?.signed_by(&key, &signer.0)?;
        fs::write(self.folder().join("ca.pem"), trusted.0.pem())?;
        fs::write(self.folder().join("cert.pem"), certificate.pem())?;
        fs::write(self.folder().join("key.pem"), key.serialize_pem())?;
        Ok(())
    }

    /// The agent's flags.
    fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--docker".to_owned(), ENDPOINT.to_owned()];
        for (flag, file) in [("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")] {
            flags.push(format!("--docker-tls-{flag}"));
            flags.push(self.folder().join(file).to_string_lossy().into_owned());
        }
        flags
    }
}

impl Authority {
    fn new(name: &str) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        Ok(Self(CertifiedIssuer::self_signed(
            parameters,
            KeyPair::generate()?,
        )?))
    }
}
