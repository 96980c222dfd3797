//! Launchers that are not plain `erl` start unchanged, with the right name, port and cookie.

use anyhow::{Result, ensure};
use beamport_lab::{Image, Lab, wait_until};

use crate::support::{DEADLINE, Node, Recipe, agents};

const MIX_RELEASE: &str = "
export MIX_ENV=prod LANG=C.UTF-8
cd /srv; mix new shop; cd shop; mix release --path /srv/release";

const RELX_RELEASE: &str = r#"
mkdir -p /srv/shop/src /srv/shop/config; cd /srv/shop
echo '{application, shop, [{vsn, "1"}, {applications, [kernel, stdlib]}]}.' > src/shop.app.src
echo '-sname shop
-setcookie of_the_release
+K true' > config/vm.args
echo '[].' > config/sys.config
echo '{relx, [{release, {shop, "1.2.0"}, [shop]}, {vm_args, "config/vm.args"}, {sys_config, "config/sys.config"},
       {include_erts, false}, {extended_start_script, true}]}.' > rebar.config
rebar3 release -o /srv/release"#;

#[test]
fn a_mix_release_starts_unchanged() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    for image in [Image::Elixir114, Image::Elixir118] {
        let node = Recipe {
            before: MIX_RELEASE,
            command: &["/srv/release/bin/shop", "start"],
            ..Recipe::plain(image)
        };
        let node = node.registered(&lab, lab.host(1)?)?;
        is_reached(&lab, &node)?;
        let said = node.exec(&["/srv/release/bin/shop", "rpc", "IO.puts(node())"])?;
        ensure!(said == node.name, "{said}");
        ends_in_order(&node)?;
    }
    Ok(())
}

#[test]
fn a_relx_release_starts_unchanged() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe {
        before: RELX_RELEASE,
        command: &["/srv/release/shop/bin/shop", "foreground"],
        ..Recipe::plain(Image::Rebar319)
    };
    let node = node.registered(&lab, lab.host(1)?)?;
    is_reached(&lab, &node)?;
    let script = "/srv/release/shop/bin/shop";
    ensure!(node.exec(&[script, "ping"])? == "pong");
    let said = node.exec(&[script, "eval", "node()."])?;
    ensure!(said.trim_matches('\'') == node.name, "{said}");
    ends_in_order(&node)
}

#[test]
fn ejabberd_starts_unchanged() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let node = Recipe {
        // As its systemd unit has it.
        before: "mkdir /run/ejabberd; chown ejabberd: /run/ejabberd",
        command: &["ejabberdctl", "foreground"],
        ..Recipe::plain(Image::Ejabberd2301)
    };
    let node = node.registered(&lab, lab.host(1)?)?;
    is_reached(&lab, &node)?;
    wait_until("ejabberd to be up", DEADLINE, || {
        node.exec(&["ejabberdctl", "status"])
            .is_ok_and(|said| said.contains(&node.name) && said.contains("is running"))
    })?;
    ends_in_order(&node)
}

/// From the other host, with the cookie that was given.
fn is_reached(lab: &Lab, node: &Node) -> Result<()> {
    let peer = Recipe::plain(Image::Otp25).registered(lab, lab.host(2)?)?;
    peer.ping(&[node])?;
    let ports = peer.evaluate(&format!(
        "rpc:call('{}', application, get_env, [kernel, inet_dist_listen_min])",
        node.name
    ))?;
    ensure!(ports == "{ok,12345}", "{ports}");
    Ok(())
}

fn ends_in_order(node: &Node) -> Result<()> {
    node.docker(["stop"])?;
    let code = node.docker(["wait"])?;
    ensure!(code != "137", "killed: {}", node.logs());
    Ok(())
}
