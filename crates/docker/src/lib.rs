//! What Docker publishes: running containers, their addresses and ports, live.
