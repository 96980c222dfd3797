//! Which variables tell a launcher its name, its port and its cookie.
//!
//! A pure function from who the node is to variables. The order in which a VM reads flags decides what is put
//! where (tried on OTP 23, 25 and 27):
//!
//! - `ERL_AFLAGS` comes before the command line, and of `-name` and of a `-kernel` parameter the *first* counts;
//! - `-sname` beats `-name` wherever either stands, so launchers that default to short names are told otherwise
//!   in their own variables;
//! - `-setcookie` twice voids both, so cookies never go this way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::assemble;
use super::delivery::Delivered;
use super::identity::Identity;
use super::launcher::Launcher;
use super::options::PortRange;

/// The variable that VMs read flags from before the command line's.
pub(crate) const FLAGS: &str = "ERL_AFLAGS";

/// Tells whoever asks inside the container the node's full name.
pub(crate) const NODE: &str = "BEAMPORT_NODE";

/// What the variables are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The node itself.
    Node {
        /// Whether its boot is held until its cluster has consensus.
        held: bool,
    },
    /// A command beside the running node, which must take neither its port nor its name.
    Visitor {
        /// Makes the visitor's own name: no two visitors at a time have the same.
        serial: u32,
    },
}

/// What the variables say.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) ports: PortRange,
    pub(crate) cookie: Option<&'a Delivered>,
    /// The `vm.args` that names a relx release's node.
    pub(crate) vm_args: Option<&'a Path>,
    /// `ERL_AFLAGS` as it was.
    pub(crate) flags_before: Option<OsString>,
}

/// The variables for a command of kind `launcher`.
pub(crate) fn variables(
    launcher: Launcher,
    purpose: Purpose,
    settings: &Settings<'_>,
) -> BTreeMap<&'static str, OsString> {
    let node = settings.identity.to_string();
    let mut variables = BTreeMap::from([
        (NODE, node.clone().into()),
        (FLAGS, flags(launcher, purpose, settings)),
    ]);
    let mut set = |variable, value: &str| {
        variables.insert(variable, value.into());
    };
    let is_one_of = |kinds: &[Launcher]| launcher == Launcher::Generic || kinds.contains(&launcher);

    if is_one_of(&[Launcher::Elixir]) {
        set("RELEASE_DISTRIBUTION", "name");
        set("RELEASE_NODE", &node);
        if let Some(Delivered { cookie, .. }) = settings.cookie {
            set("RELEASE_COOKIE", cookie.reveal());
        }
    }
    if is_one_of(&[Launcher::Relx]) {
        if let Some(path) = settings.vm_args.and_then(Path::to_str) {
            set("VMARGS_PATH", path);
        }
        if let Some(Delivered { cookie, .. }) = settings.cookie {
            set("RELX_COOKIE", cookie.reveal());
        }
    }
    if is_one_of(&[Launcher::Rabbitmq]) {
        set("RABBITMQ_NODENAME", &node);
        set("RABBITMQ_USE_LONGNAME", "true");
        match (purpose, settings.ports) {
            (Purpose::Node { .. }, PortRange::From { low, .. }) => {
                set("RABBITMQ_DIST_PORT", &low.to_string());
            }
            // Some tools have every broker of the cluster answer them, and those have to dial the tool for that:
            // the ports beside the broker's, if published as well, make it possible across hosts.
            (Purpose::Visitor { .. }, PortRange::From { low, high }) if low < high => {
                set(
                    "RABBITMQ_CTL_DIST_PORT_MIN",
                    &low.saturating_add(1).to_string(),
                );
                set("RABBITMQ_CTL_DIST_PORT_MAX", &high.to_string());
            }
            _ => {}
        }
        // A file is what RabbitMQ prefers; it warns of this variable.
        if let Some(Delivered {
            cookie,
            by_variable: true,
        }) = settings.cookie
        {
            set("RABBITMQ_ERLANG_COOKIE", cookie.reveal());
        }
    }
    if is_one_of(&[Launcher::Ejabberd]) {
        set("ERLANG_NODE_ARG", &node);
        set("ERLANG_NODE", &node);
        if let (Purpose::Node { .. }, PortRange::From { low, high }) = (purpose, settings.ports) {
            set("FIREWALL_WINDOW", &format!("{low}-{high}"));
        }
        if let Some(Delivered { cookie, .. }) = settings.cookie {
            set("ERLANG_COOKIE", cookie.reveal());
        }
    }
    variables
}

/// Ours go before those that were there, so that ours count.
fn flags(launcher: Launcher, purpose: Purpose, settings: &Settings<'_>) -> OsString {
    let Identity { name, host } = settings.identity;
    // Our port mapper is there before any VM; one that a VM started would stay behind as a zombie.
    let mut flags = OsString::from("-start_epmd false");
    match purpose {
        Purpose::Node { held } => {
            if held {
                flags.push(" ");
                flags.push(assemble::HOLD);
            }
            if matches!(launcher, Launcher::Erl | Launcher::Generic) {
                flags.push(format!(" -name {name}@{host}"));
            }
            // RabbitMQ has a variable for its server; with flags its tools would listen there as well.
            if let (false, PortRange::From { low, high }) =
                (launcher == Launcher::Rabbitmq, settings.ports)
            {
                flags.push(format!(
                    " -kernel inet_dist_listen_min {low} inet_dist_listen_max {high}"
                ));
            }
        }
        Purpose::Visitor { serial } => {
            // Releases and RabbitMQ's tools make up names for their visitors themselves.
            if launcher == Launcher::Erl {
                flags.push(format!(
                    " -name visitor-{serial}-{name}@{host} -hidden -dist_listen false"
                ));
            }
        }
    }
    if let Some(before) = settings.flags_before.as_ref().filter(|f| !f.is_empty()) {
        flags.push(" ");
        flags.push(before);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::cookie::Cookie;

    const KINDS: [Launcher; 6] = [
        Launcher::Erl,
        Launcher::Elixir,
        Launcher::Relx,
        Launcher::Rabbitmq,
        Launcher::Ejabberd,
        Launcher::Generic,
    ];

    const NODE_ITSELF: Purpose = Purpose::Node { held: false };

    fn for_node(launcher: Launcher) -> BTreeMap<&'static str, String> {
        with(launcher, NODE_ITSELF, "12345", Some("-kernel x y"))
    }

    fn for_visitor(launcher: Launcher) -> BTreeMap<&'static str, String> {
        with(launcher, Purpose::Visitor { serial: 7 }, "12345", None)
    }

    fn with(
        launcher: Launcher,
        purpose: Purpose,
        ports: &str,
        before: Option<&str>,
    ) -> BTreeMap<&'static str, String> {
        let identity = Identity {
            name: "app".into(),
            host: "10.99.0.1".into(),
        };
        let settings = Settings {
            identity: &identity,
            ports: ports.parse().unwrap(),
            cookie: Some(&Delivered {
                cookie: Cookie::parse(b"SECRET", "x").unwrap(),
                by_variable: launcher == Launcher::Rabbitmq,
            }),
            vm_args: Some(Path::new("/run/beamport/1.vm.args")),
            flags_before: before.map(OsString::from),
        };
        variables(launcher, purpose, &settings)
            .into_iter()
            .map(|(variable, value)| (variable, value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn erl_is_told_by_flags_that_precede_the_users() {
        assert_eq!(
            for_node(Launcher::Erl),
            BTreeMap::from([
                (
                    "ERL_AFLAGS",
                    "-start_epmd false -name app@10.99.0.1 -kernel inet_dist_listen_min 12345 \
                     inet_dist_listen_max 12345 -kernel x y"
                        .to_owned()
                ),
                ("BEAMPORT_NODE", "app@10.99.0.1".to_owned()),
            ])
        );
    }

    #[test]
    fn a_boot_is_held_by_a_node_that_does_not_exist() {
        let held = with(Launcher::Elixir, Purpose::Node { held: true }, "any", None);
        assert_eq!(
            held["ERL_AFLAGS"],
            "-start_epmd false -kernel sync_nodes_mandatory [gate@beamport] sync_nodes_timeout infinity"
        );
    }

    #[test]
    fn a_mix_release_is_told_by_its_own_variables() {
        let variables = for_node(Launcher::Elixir);
        assert_eq!(variables["RELEASE_DISTRIBUTION"], "name");
        assert_eq!(variables["RELEASE_NODE"], "app@10.99.0.1");
        assert_eq!(variables["RELEASE_COOKIE"], "SECRET");
        assert!(!variables["ERL_AFLAGS"].contains("-name"));
        assert!(variables["ERL_AFLAGS"].contains("inet_dist_listen_min 12345"));
    }

    #[test]
    fn a_relx_release_is_told_by_a_file() {
        let variables = for_node(Launcher::Relx);
        assert_eq!(variables["VMARGS_PATH"], "/run/beamport/1.vm.args");
        assert_eq!(variables["RELX_COOKIE"], "SECRET");
        assert!(!variables["ERL_AFLAGS"].contains("-name"));
        assert!(variables["ERL_AFLAGS"].contains("inet_dist_listen_min 12345"));
    }

    #[test]
    fn rabbitmq_gets_no_name_and_no_port_by_flags() {
        let variables = for_node(Launcher::Rabbitmq);
        assert_eq!(variables["RABBITMQ_NODENAME"], "app@10.99.0.1");
        assert_eq!(variables["RABBITMQ_USE_LONGNAME"], "true");
        assert_eq!(variables["RABBITMQ_DIST_PORT"], "12345");
        assert_eq!(variables["RABBITMQ_ERLANG_COOKIE"], "SECRET");
        assert_eq!(variables["ERL_AFLAGS"], "-start_epmd false -kernel x y");
    }

    #[test]
    fn ejabberd_is_told_by_its_own_variables() {
        let variables = for_node(Launcher::Ejabberd);
        assert_eq!(variables["ERLANG_NODE_ARG"], "app@10.99.0.1");
        assert_eq!(variables["FIREWALL_WINDOW"], "12345-12345");
        assert!(variables["ERL_AFLAGS"].contains("inet_dist_listen_max 12345"));
        assert!(!variables["ERL_AFLAGS"].contains("-name"));
    }

    #[test]
    fn what_is_not_known_gets_everything() {
        let generic = for_node(Launcher::Generic);
        for launcher in KINDS {
            let own = for_node(launcher).into_keys();
            // Which is set only where no file can say it.
            for variable in own.filter(|own| *own != "RABBITMQ_ERLANG_COOKIE") {
                assert!(generic.contains_key(variable), "{variable}");
            }
        }
    }

    #[test]
    fn a_visitor_takes_neither_the_port_nor_the_name() {
        for launcher in KINDS {
            let variables = for_visitor(launcher);
            assert!(!variables["ERL_AFLAGS"].contains("inet_dist_listen"));
            assert!(!variables["ERL_AFLAGS"].contains("-name app@"));
            assert!(!variables.contains_key("RABBITMQ_DIST_PORT"));
            assert!(!variables.contains_key("FIREWALL_WINDOW"));
        }
        assert_eq!(
            for_visitor(Launcher::Erl)["ERL_AFLAGS"],
            "-start_epmd false -name visitor-7-app@10.99.0.1 -hidden -dist_listen false"
        );
        assert_eq!(
            for_visitor(Launcher::Elixir)["RELEASE_NODE"],
            "app@10.99.0.1"
        );
    }

    #[test]
    fn rabbitmqs_tools_get_the_ports_beside_the_brokers() {
        let visitor = |ports| {
            with(
                Launcher::Rabbitmq,
                Purpose::Visitor { serial: 7 },
                ports,
                None,
            )
        };
        let range = visitor("12345-12347");
        assert_eq!(range["RABBITMQ_CTL_DIST_PORT_MIN"], "12346");
        assert_eq!(range["RABBITMQ_CTL_DIST_PORT_MAX"], "12347");
        assert!(!visitor("12345").contains_key("RABBITMQ_CTL_DIST_PORT_MIN"));
    }

    #[test]
    fn the_cookie_is_in_no_flag() {
        for launcher in KINDS {
            assert!(!for_node(launcher)["ERL_AFLAGS"].contains("SECRET"));
            assert!(!for_visitor(launcher)["ERL_AFLAGS"].contains("SECRET"));
        }
    }

    #[test]
    fn a_range_and_no_range() {
        let range = with(Launcher::Erl, NODE_ITSELF, "12345-12346", None);
        assert!(
            range["ERL_AFLAGS"].ends_with("inet_dist_listen_min 12345 inet_dist_listen_max 12346")
        );
        let any = with(Launcher::Generic, NODE_ITSELF, "any", None);
        assert!(!any["ERL_AFLAGS"].contains("inet_dist_listen"));
        assert!(!any.contains_key("RABBITMQ_DIST_PORT"));
    }
}
