//! The port mapper that the nodes register with.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use beamport_epmd::LocalDirectory;
use beamport_epmd::server::{Config, Server, listen};

/// Starts one in a thread of its own, which ends with this process; its port.
pub(crate) fn start() -> Result<u16> {
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into())?;
    let port = listener.local_addr()?.port();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        let config = Config {
            port,
            ..Config::default()
        };
        let server = Server::new(config, Arc::new(LocalDirectory::new()));
        runtime.block_on(server.serve(vec![listener], std::future::pending()))
    });
    Ok(port)
}
