//! Docker hosts in network namespaces on one machine, for tests, demo and benches.
