//! What a VM says of itself in the handshake.

use beamport_dist::Flags;

use crate::mapper::Mapper;
use crate::node::VM;
use crate::raw::{EVERYTHING, Raw};
use crate::vm::Vm;

/// The page that says what is supported, whose columns are releases.
const PAGE: &str = include_str!("../../../../../docs/protocol.md");

const RELEASES: [u32; 4] = [23, 25, 27, 29];

/// VMs do not offer it unless they are in need of a name.
const ON_DEMAND: Flags = Flags::NAME_ME;

#[tokio::test]
async fn flags_of_each_release_are_known() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let release = vm.release().await;
    let Some(column) = RELEASES.iter().position(|known| *known == release) else {
        // The page is silent about the releases between.
        return;
    };
    let (_, section) = PAGE.split_once("\n## Distribution flags\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let said = rows.fold(Flags::NONE, |said, row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let bit: u32 = cells.get(1).unwrap().parse().unwrap();
        match cells.get(3 + column) {
            Some(&"yes") => said | Flags::from_bits(1 << bit),
            _ => said,
        }
    });
    assert_eq!(raw.peer_flags, said.without(ON_DEMAND));
}
