//! TLS between nodes, and what is told where there is none.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use beamport_dist::handshake::{HandshakeError, Misbehavior, Step};
use beamport_dist::node::{Config, ConnectError, DownReason, Node, NodeKind, Received};
use beamport_dist::tls::{Distrust, Files, Tls, TlsError, Trust};
use beamport_term::Term;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::TempDir;

use super::{RUST, VM, config, down, name, next_event, pid_of, receive, up};
use crate::mapper::Mapper;
use crate::vm::Vm;

/// Both versions, as VMs call them.
const VERSIONS: [&str; 2] = ["tlsv1.2", "tlsv1.3"];

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The files of a node, and the options of a VM.
struct Identity(TempDir);

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(parameters, key).unwrap())
    }

    /// A certificate of this authority for a host; this authority is believed.
    fn identity(&self, host: &str) -> Identity {
        Identity::new(self, self, names(host))
    }
}

/// A host as VMs look for it: up to OTP 25 an address is a DNS name to them, later it is an address.
fn names(host: &str) -> Vec<SanType> {
    let address = host.parse().ok().map(SanType::IpAddress);
    let name = SanType::DnsName(host.try_into().unwrap());
    std::iter::once(name).chain(address).collect()
}

/// The versions of TLS that a VM speaks with us.
///
/// In version 1.3 OTP 23 signs with SHA-384 what a key of the curve P-256 may only sign with SHA-256.
async fn versions() -> &'static [&'static str] {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    match vm.release().await {
        23 => &VERSIONS[..1],
        _ => &VERSIONS,
    }
}

impl Identity {
    fn new(signer: &Authority, believed: &Authority, hosts: Vec<SanType>) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = hosts;
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &signer.0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: String| std::fs::write(folder.path().join(file), text);
        write("ca.pem", believed.0.pem()).unwrap();
        write("cert.pem", certificate.pem()).unwrap();
        write("key.pem", key.serialize_pem()).unwrap();
        Self(folder)
    }

    fn path(&self, file: &str) -> String {
        self.0.path().join(file).to_str().unwrap().to_owned()
    }

    fn tls(&self, trust: Trust) -> Tls {
        let file = |name: &str| Path::new(&self.path(name)).to_owned();
        let files = Files {
            certificate: file("cert.pem"),
            key: file("key.pem"),
            authorities: file("ca.pem"),
        };
        Tls::from_files(&files, trust).unwrap()
    }

    /// A VM that checks certificates in both roles.
    async fn vm(&self, mapper: &Mapper, name: &str, version: &str) -> Vm {
        let files = ["cert", "key", "cacert"].map(|kind| {
            let file = if kind == "cacert" { "ca" } else { kind };
            format!("{{{kind}file, \"{}\"}}", self.path(&format!("{file}.pem")))
        });
        let common = format!(
            "{}, {{verify, verify_peer}}, {{versions, ['{version}']}}",
            files.join(", ")
        );
        let options = format!(
            "[{{server, [{common}, {{fail_if_no_peer_cert, true}}]}}, {{client, [{common}]}}]."
        );
        let file = self.path("dist.conf");
        std::fs::write(&file, options).unwrap();
        let flags = ["-proto_dist", "inet_tls", "-ssl_dist_optfile", &file];
        Vm::start_with(mapper, name, &flags).await
    }
}

fn tls_config(mapper: &Mapper, tls: Tls) -> Config {
    Config {
        tls: Some(tls),
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(mapper)
    }
}

async fn node(mapper: &Mapper, own: &str, tls: Tls) -> Node {
    Node::start(name(own), tls_config(mapper, tls))
        .await
        .unwrap()
}

/// Why a node does not come to the VM.
async fn failure(mapper: &Mapper, config: Config) -> Arc<ConnectError> {
    let node = Node::start(name(RUST), config).await.unwrap();
    let failed = node.connect(&name(VM)).await.unwrap_err();
    // The next node may want the name.
    drop(node);
    while mapper.knows("rust").await {
        tokio::task::yield_now().await;
    }
    failed
}

fn tls_error(error: &ConnectError) -> &TlsError {
    match error {
        ConnectError::Tls(error) => error,
        other => panic!("not about TLS: {other}"),
    }
}

#[tokio::test]
async fn nodes_and_vms_talk_over_tls_whoever_dials() {
    let authority = Authority::new("everybody");
    let mapper = Mapper::start();
    for version in versions().await {
        let identity = authority.identity("127.0.0.1");
        let mut vm = identity.vm(&mapper, VM, version).await;

        // We dial.
        let dialler = node(&mapper, "one@127.0.0.1", identity.tls(Trust::Hosts)).await;
        let mut events = dialler.events();
        dialler.ping(&name(VM)).await.unwrap();
        let mut mailbox = dialler.mailbox();
        let echo = "spawn(fun F() -> receive {From, Term} -> From ! Term, F() end end)";
        let echo = pid_of(&mut vm, &mut mailbox, "one@127.0.0.1", echo).await;
        let own = Term::from(mailbox.pid().clone());
        let large = Term::binary(vec![7_u8; 3 << 20]);
        for term in [Term::from(1), large, Term::from("last")] {
            let message = Term::from((own.clone(), term.clone()));
            mailbox.send(&echo, message).await.unwrap();
            assert!(receive(&mut mailbox).await == Received::Message(term));
        }

        // It dials.
        let _listener = node(&mapper, "two@127.0.0.1", identity.tls(Trust::Hosts)).await;
        assert_eq!(vm.eval("net_adm:ping('two@127.0.0.1')").await, "pong");

        // It stops.
        assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));
        vm.begin("halt()").await;
        let closed = down(VM, NodeKind::Visible, DownReason::Closed);
        assert_eq!(next_event(&mut events).await, closed);
        drop(vm);
        while mapper.knows("vm").await {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn whose_certificate_is_wrong_is_told() {
    let (authority, stranger) = (Authority::new("everybody"), Authority::new("a stranger"));
    for version in versions().await {
        let mapper = Mapper::start();
        let identity = authority.identity("127.0.0.1");
        let mut vm = identity.vm(&mapper, VM, version).await;

        // We do not believe theirs.
        let host = || names("127.0.0.1");
        let distrustful = Identity::new(&authority, &stranger, host());
        let config = tls_config(&mapper, distrustful.tls(Trust::Hosts));
        let error = failure(&mapper, config).await;
        let unknown = TlsError::Untrusted(Distrust::UnknownAuthority);
        assert_eq!(*tls_error(&error), unknown);

        // They do not believe ours, whoever dials.
        let distrusted = Identity::new(&stranger, &authority, host());
        let config = tls_config(&mapper, distrusted.tls(Trust::Hosts));
        let error = failure(&mapper, config).await;
        assert!(matches!(tls_error(&error), TlsError::Refused(_)), "{error}");
        let node = node(&mapper, "odd@127.0.0.1", distrusted.tls(Trust::Hosts)).await;
        assert_eq!(vm.eval("net_adm:ping('odd@127.0.0.1')").await, "pang");
        drop(node);
    }
}

#[tokio::test]
async fn a_certificate_is_for_a_host() {
    let authority = Authority::new("everybody");
    let mapper = Mapper::start();
    let elsewhere = authority.identity("elsewhere.example");
    let _vm = elsewhere.vm(&mapper, VM, "tlsv1.2").await;
    let ours = authority.identity("127.0.0.1");
    let error = failure(&mapper, tls_config(&mapper, ours.tls(Trust::Hosts))).await;
    let other = TlsError::OtherHost {
        host: "127.0.0.1".to_owned(),
        names: vec!["DNS:elsewhere.example".to_owned()],
    };
    assert_eq!(*tls_error(&error), other);

    // Where that does not matter.
    for trust in [Trust::Authorities, Trust::Anyone] {
        let node = node(&mapper, &format!("{trust:?}@127.0.0.1"), ours.tls(trust)).await;
        node.ping(&name(VM)).await.unwrap();
    }

    // A host by its name.
    let by_name = authority.identity("localhost");
    let [.., newest] = versions().await else {
        panic!("none")
    };
    let _vm = by_name.vm(&mapper, "second@localhost", newest).await;
    let config = tls_config(&mapper, ours.tls(Trust::Hosts));
    let us = Node::start(name("us@127.0.0.1"), config).await.unwrap();
    us.ping(&name("second@localhost")).await.unwrap();

    // An address may be told as one, though VMs up to OTP 25 would not look there.
    let address = IpAddr::from(Ipv4Addr::LOCALHOST);
    let as_address = Identity::new(&authority, &authority, vec![SanType::IpAddress(address)]);
    let there = node(&mapper, "there@127.0.0.1", as_address.tls(Trust::Hosts)).await;
    let here = node(&mapper, "here@127.0.0.1", ours.tls(Trust::Hosts)).await;
    here.ping(there.name()).await.unwrap();
}

#[tokio::test]
async fn who_speaks_tls_and_who_does_not_is_told() {
    let authority = Authority::new("everybody");
    let identity = authority.identity("127.0.0.1");

    let mapper = Mapper::start();
    let mut vm = identity.vm(&mapper, VM, "tlsv1.2").await;
    let error = failure(&mapper, config(&mapper)).await;
    let step = Step::Status;
    let expected = match vm.release().await {
        // It says nothing of TLS, and goes.
        23 => HandshakeError::Closed { step },
        _ => HandshakeError::Misbehaved {
            step,
            what: Misbehavior::Tls,
        },
    };
    assert!(
        matches!(&*error, ConnectError::Handshake(error) if *error == expected),
        "{error}"
    );

    // A VM without TLS waits for the rest of what it takes for a long message.
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let impatient = Config {
        setup_time: Duration::from_secs(2),
        ..tls_config(&mapper, identity.tls(Trust::Hosts))
    };
    let error = failure(&mapper, impatient).await;
    assert_eq!(*tls_error(&error), TlsError::TimedOut);

    let _node = node(&mapper, RUST, identity.tls(Trust::Hosts)).await;
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pang");
}
