//! The fields that ALIVE2 and the reply to PORT_PLEASE2 have in common.

use super::reader::Reader;
use crate::node::Registration;

/// The fields as they came, not yet checked.
pub(super) struct Facts<'a> {
    pub(super) port: u16,
    pub(super) node_type: u8,
    pub(super) protocol: u8,
    pub(super) highest: u16,
    pub(super) lowest: u16,
    pub(super) name: &'a [u8],
    pub(super) extra: &'a [u8],
}

impl<'a> Facts<'a> {
    /// Reads the fields, or none when they are not all there.
    pub(super) fn read(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self {
            port: reader.u16()?,
            node_type: reader.u8()?,
            protocol: reader.u8()?,
            highest: reader.u16()?,
            lowest: reader.u16()?,
            name: reader.prefixed()?,
            extra: reader.prefixed()?,
        })
    }
}

/// Appends the fields of `node` to `out`.
pub(super) fn encode(node: &Registration, out: &mut Vec<u8>) {
    let name = node.name.as_str().as_bytes();
    let extra = node.extra.as_bytes();
    out.extend_from_slice(&node.port.get().to_be_bytes());
    out.extend_from_slice(&[node.node_type.0, node.protocol]);
    out.extend_from_slice(&node.highest.to_be_bytes());
    out.extend_from_slice(&node.lowest.to_be_bytes());
    // Neither is longer than 1 020 bytes.
    out.extend_from_slice(&(name.len() as u16).to_be_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(&(extra.len() as u16).to_be_bytes());
    out.extend_from_slice(extra);
}
