//! Which container this is, as far as the container itself can tell.

use std::fs;

/// The id of this container: its host name when that is an id, which is Docker's default, else what the mounts
/// that Docker makes for `/etc/hostname` and the like give away. None outside of containers.
pub(crate) fn own_id() -> Option<String> {
    id_from_hostname(&hostname()).or_else(|| {
        fs::read_to_string("/proc/self/mountinfo")
            .ok()
            .and_then(|text| id_from_mounts(&text))
    })
}

/// The kernel's host name.
pub(crate) fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

fn id_from_hostname(hostname: &str) -> Option<String> {
    (matches!(hostname.len(), 12 | 64) && is_hexadecimal(hostname)).then(|| hostname.to_owned())
}

/// Docker mounts `…/containers/<id>/hostname` on `/etc/hostname`, and likewise `hosts` and `resolv.conf`; Podman
/// has `…-containers/<id>/userdata/hostname`.
fn id_from_mounts(mountinfo: &str) -> Option<String> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(3);
            let (root, mount_point) = (fields.next()?, fields.next()?);
            matches!(
                mount_point,
                "/etc/hostname" | "/etc/hosts" | "/etc/resolv.conf" | "/run/.containerenv"
            )
            .then_some(root)
        })
        .flat_map(|root| root.split('/'))
        .find(|part| part.len() == 64 && is_hexadecimal(part))
        .map(str::to_owned)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4c01db0b339c2b2f7e1f6e4a9b8d7c6f5e4d3c2b1a09182736455463728190ab";

    #[test]
    fn a_hostname_may_be_an_id() {
        assert_eq!(
            id_from_hostname("4c01db0b339c"),
            Some("4c01db0b339c".into())
        );
        assert_eq!(id_from_hostname(ID), Some(ID.into()));
        for other in ["", "web", "4c01db0b339", "4c01db0b339C", "deadbeefcafe0"] {
            assert_eq!(id_from_hostname(other), None, "{other}");
        }
    }

    #[test]
    fn mounts_give_the_id_away() {
        let docker = format!(
            "700 690 0:57 / /proc rw shared:1 - proc proc rw\n\
             720 690 254:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n"
        );
        assert_eq!(id_from_mounts(&docker), Some(ID.into()));
        let podman = format!(
            "720 690 0:23 /containers/overlay-containers/{ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw"
        );
        assert_eq!(id_from_mounts(&podman), Some(ID.into()));
    }

    #[test]
    fn ordinary_mounts_do_not() {
        let layers = format!("1 2 0:1 /overlay2/{ID}/merged / rw - overlay overlay rw");
        assert_eq!(id_from_mounts(&layers), None);
        assert_eq!(id_from_mounts("nonsense\n\n1 2 3"), None);
    }
}
