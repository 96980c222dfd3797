//! What a decoder may be made to do.

/// What input may cost, whatever it says.
///
/// Every decoder takes one. Input never makes a decoder allocate more than some 160 bytes for each of its own, and
/// mostly far less, as a length that goes beyond the input is refused before anything is allocated for it. These
/// limits bound how much input is looked at and what compressed input unfolds to.
///
/// The defaults suit messages between nodes that trust each other. For what strangers can send, set
/// [`bytes`](Self::bytes) to the largest message there is a use for, and [`depth`](Self::depth) to what the code
/// that will look at the term can take if it recurses: serde, for instance, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep terms may be nested: 10 000. The decoder itself does not mind any depth.
    pub depth: usize,
    /// The most bytes, compressed or not, that are looked at: 256 MiB.
    pub bytes: usize,
    /// Of how many terms one may be made, itself included: 16 million. Each takes 40 bytes, a string or binary
    /// counts as one.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 10_000,
            bytes: 256 << 20,
            elements: 16_000_000,
        }
    }
}

impl Limits {
    /// No limit but the input's length, for input that is one's own.
    pub const NONE: Self = Self {
        depth: usize::MAX,
        bytes: usize::MAX,
        elements: usize::MAX,
    };
}
