//! `beamport run` and `beamport exec` over real Docker hosts, real agents and stock Erlang.

mod assemble;
mod ejabberd;
mod exec;
mod gate;
mod name_server;
mod names;
mod process;
mod rabbitmq;
mod random_faults;
mod relay;
mod releases;
mod service;
mod support;
mod swarm;
