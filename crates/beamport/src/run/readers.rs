//! Whose home the cookie has to be in: launchers that drop root start the VM as a user of their own.

use std::fs;
use std::path::PathBuf;

use nix::unistd::Uid;

use super::cookie::{CookieError, Reader};
use super::launcher::Launcher;

/// Everybody whose VM may be the one that `launcher` starts.
pub(super) fn of(launcher: Launcher, home: Option<PathBuf>) -> Result<Vec<Reader>, CookieError> {
    let ourselves = Reader {
        home: home
            .filter(|home| !home.as_os_str().is_empty())
            .ok_or(CookieError::NoHome)?,
        owner: None,
    };
    let user = match launcher {
        Launcher::Rabbitmq => "rabbitmq",
        Launcher::Ejabberd => "ejabberd",
        _ => return Ok(vec![ourselves]),
    };
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Ok(match find(&users, user) {
        Some(reader) if Uid::effective().is_root() && reader.home != ourselves.home => {
            vec![ourselves, reader]
        }
        _ => vec![ourselves],
    })
}

/// A line of `/etc/passwd` is `name:password:uid:gid:comment:home:shell`.
fn find(users: &str, wanted: &str) -> Option<Reader> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == wanted).then_some(())?;
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let home = PathBuf::from(fields.nth(1)?);
        home.is_absolute().then_some(Reader {
            home,
            owner: Some((user, group)),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
                         rabbitmq:x:100:101:RabbitMQ,,,:/var/lib/rabbitmq:/usr/sbin/nologin\n\
                         broken:x\n";

    #[test]
    fn users_are_found() {
        let rabbitmq = Reader {
            home: "/var/lib/rabbitmq".into(),
            owner: Some((100, 101)),
        };
        assert_eq!(find(USERS, "rabbitmq"), Some(rabbitmq));
        assert_eq!(find(USERS, "rabbit"), None);
        assert_eq!(find(USERS, "broken"), None);
    }

    #[test]
    fn a_plain_vm_is_ours() {
        let readers = of(Launcher::Erl, Some("/root".into())).unwrap();
        assert_eq!(readers.len(), 1);
        assert!(matches!(of(Launcher::Erl, None), Err(CookieError::NoHome)));
    }
}
