//! Sees to it that the VM of each kind of launcher finds the cookie that was given.

use super::cookie::{Cookie, CookieError, Reader};
use super::launcher::Launcher;
use super::options::RunOptions;
use super::readers;
use crate::failure::{Code, Failure};

/// The variable that gives a cookie.
pub(crate) const COOKIE: &str = "BEAMPORT_COOKIE";

/// A cookie, and how the VM gets it.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) cookie: Cookie,
    /// In no file that the VM reads, so that the launcher's own variable has to say it.
    pub(crate) by_variable: bool,
}

/// Finds the cookie that was given, or makes one up if that was asked for, and puts it where the VM looks.
///
/// None when there is nothing for us to do: the VM then finds its cookie, or makes one up, as it always does.
pub(super) fn deliver(
    options: &RunOptions,
    launcher: Launcher,
) -> Result<Option<Delivered>, Failure> {
    let config = |error: CookieError| Failure::new(Code::Config, error);
    let given = given(options).map_err(config)?;
    // The script of a mix release always passes one on, whatever any file says.
    if launcher == Launcher::Elixir {
        return Ok(given.map(|cookie| Delivered {
            cookie,
            by_variable: true,
        }));
    }
    let home = std::env::var_os("HOME").map(Into::into);
    let readers = match readers::of(launcher, home) {
        Ok(readers) => readers,
        Err(error) if given.is_some() || options.generate_cookie => return Err(config(error)),
        Err(_) => return Ok(None),
    };
    let found = readers.iter().any(Cookie::is_installed);
    let cookie = match given {
        Some(cookie) => cookie,
        None if options.generate_cookie && !found => {
            Cookie::generate().map_err(|error| Failure::new(Code::Unavailable, error))?
        }
        None => {
            if !found && matches!(launcher, Launcher::Erl | Launcher::Generic) {
                tracing::warn!(
                    "no cookie is given and there is no ~/.erlang.cookie: unless the command has its own, the VM \
                     makes one up and connects to nobody"
                );
            }
            return Ok(None);
        }
    };
    let by_variable = install(&cookie, launcher, &readers).map_err(config)?;
    Ok(Some(Delivered {
        cookie,
        by_variable,
    }))
}

fn given(options: &RunOptions) -> Result<Option<Cookie>, CookieError> {
    match (&options.cookie_file, std::env::var_os(COOKIE)) {
        (Some(file), _) => Cookie::read(file).map(Some),
        (None, Some(text)) => Cookie::parse(text.as_encoded_bytes(), COOKIE).map(Some),
        (None, None) => Ok(None),
    }
}

/// Writes the files; true when a variable has to say it instead.
///
/// Debian's package of RabbitMQ makes up a cookie when it is installed, so one is there in every image with it.
/// RabbitMQ has a variable that counts for more than the file; others have none, and then we do not go on.
fn install(cookie: &Cookie, launcher: Launcher, readers: &[Reader]) -> Result<bool, CookieError> {
    for reader in readers {
        match cookie.install(reader) {
            Err(CookieError::Different { .. }) if launcher == Launcher::Rabbitmq => {
                return Ok(true);
            }
            installed => installed?,
        }
    }
    Ok(false)
}
