//! The cookie: where it comes from, and how a VM gets it.
//!
//! A VM reads `~/.erlang.cookie`, which only its owner may be able to read. A command line would show the cookie to
//! every `ps`, so none of our flags takes one and none of our launches passes one.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// The file in a user's home that VMs read.
const FILE: &str = ".erlang.cookie";

/// How many characters are made up; as many letters as OTP itself takes.
const GENERATED: usize = 20;

/// A cookie: 1 to 255 printable ASCII characters, no blanks. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cookie(String);

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(…)")
    }
}

/// Why there is no cookie to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CookieError {
    /// Not a cookie.
    #[error(
        "{source_name} holds no cookie: it must be 1 to 255 printable ASCII characters without blanks"
    )]
    Malformed {
        /// Where it was found.
        source_name: String,
    },
    /// The file is there and cannot be read, or cannot be written.
    #[error("cannot {verb} the cookie file {}: {error}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The VM would read another cookie than the one we were given.
    #[error(
        "{} holds another cookie than the one given; it was left as it is. Remove one of the two",
        path.display()
    )]
    Different {
        /// The file.
        path: PathBuf,
    },
    /// `HOME` is not set, so a VM has nowhere to read the cookie from.
    #[error("the cookie cannot be given to the VM: HOME is not set")]
    NoHome,
}

/// The user whose VM will read the cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The home directory.
    pub(crate) home: PathBuf,
    /// Whom the file must belong to, if not to us.
    pub(crate) owner: Option<(u32, u32)>,
}

impl Cookie {
    /// The cookie as given in a file or a variable; trailing line ends do not belong to it.
    pub(crate) fn parse(text: &[u8], source_name: &str) -> Result<Self, CookieError> {
        let text = text.trim_ascii_end();
        if text.is_empty() || text.len() > 255 || !text.iter().all(u8::is_ascii_graphic) {
            return Err(CookieError::Malformed {
                source_name: source_name.to_owned(),
            });
        }
        Ok(Self(text.iter().copied().map(char::from).collect()))
    }

    /// Reads a cookie from a file.
    pub(crate) fn read(path: &Path) -> Result<Self, CookieError> {
        let bytes = read_bounded(path).map_err(|error| CookieError::File {
            verb: "read",
            path: path.to_owned(),
            error,
        })?;
        Self::parse(&bytes, &path.display().to_string())
    }

    /// Makes one up, of capital letters as OTP does.
    pub(crate) fn generate() -> io::Result<Self> {
        let mut letters = String::new();
        let mut random = File::open("/dev/urandom")?;
        let mut byte = [0];
        while letters.len() < GENERATED {
            random.read_exact(&mut byte)?;
            // 234 is the largest multiple of 26 in a byte: without the rest every letter is as likely.
            if let [b @ 0..234] = byte {
                letters.push(char::from(b'A' + b % 26));
            }
        }
        Ok(Self(letters))
    }

    /// The characters, for a variable of the child. Not for logs.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Has `reader`'s VMs find this cookie: writes the file unless it is there and says the same.
    ///
    /// It is there whole or not at all: another node may be started with the same home at the same time.
    pub(crate) fn install(&self, reader: &Reader) -> Result<(), CookieError> {
        let path = reader.home.join(FILE);
        let failed = |verb| {
            let path = path.clone();
            move |error| CookieError::File { verb, path, error }
        };
        if Self::is_installed(reader) {
            return self.compare(path);
        }
        let mut file = tempfile::Builder::new()
            .prefix(FILE)
            .permissions(Permissions::from_mode(0o400))
            .tempfile_in(&reader.home)
            .map_err(failed("create"))?;
        file.write_all(self.0.as_bytes()).map_err(failed("write"))?;
        if let Some((user, group)) = reader.owner {
            chown(file.path(), Some(user), Some(group)).map_err(failed("hand over"))?;
        }
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => self.compare(path),
            Err(error) => Err(failed("create")(error.error)),
        }
    }

    /// Wants a file that is there to hold this cookie.
    fn compare(&self, path: PathBuf) -> Result<(), CookieError> {
        if Self::read(&path)? == *self {
            Ok(())
        } else {
            Err(CookieError::Different { path })
        }
    }

    /// Whether a VM of `reader` finds a cookie already.
    pub(crate) fn is_installed(reader: &Reader) -> bool {
        fs::exists(reader.home.join(FILE)).unwrap_or(false)
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(home: &Path) -> Reader {
        Reader {
            home: home.to_owned(),
            owner: None,
        }
    }

    #[test]
    fn line_ends_do_not_belong_to_it() {
        let cookie = Cookie::parse(b"SECRET\r\n", "x").unwrap();
        assert_eq!(cookie.reveal(), "SECRET");
    }

    #[test]
    fn what_no_vm_would_read_is_refused() {
        for wrong in [&b""[..], b"\n", b"a b", b"a\0b", b"\xc3\xa9", &[b'a'; 256]] {
            assert!(Cookie::parse(wrong, "x").is_err());
        }
        assert!(Cookie::parse(&[b'a'; 255], "x").is_ok());
    }

    #[test]
    fn it_is_never_shown() {
        let cookie = Cookie::parse(b"SECRET", "x").unwrap();
        assert!(!format!("{cookie:?}").contains("SECRET"));
        let error = Cookie::parse(b"SECRET CODE", "x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }

    #[test]
    fn it_is_written_for_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let cookie = Cookie::parse(b"SECRET", "x").unwrap();
        cookie.install(&reader(home.path())).unwrap();
        let path = home.path().join(FILE);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o400
        );
        assert_eq!(fs::read(&path).unwrap(), b"SECRET");
        cookie.install(&reader(home.path())).unwrap();
    }

    /// Nodes of one container may share a home, and be started together.
    #[test]
    fn who_comes_while_it_is_written_finds_it_whole() {
        let cookie = Cookie::parse(b"SECRET", "x").unwrap();
        for _ in 0..200 {
            let home = tempfile::tempdir().unwrap();
            let reader = reader(home.path());
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| cookie.install(&reader).unwrap());
                }
            });
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn another_one_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        fs::write(&path, "OTHER\n").unwrap();
        let cookie = Cookie::parse(b"SECRET", "x").unwrap();
        assert!(matches!(
            cookie.install(&reader(home.path())),
            Err(CookieError::Different { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"OTHER\n");
    }

    #[test]
    fn made_up_cookies_are_letters_and_differ() {
        let (a, b) = (Cookie::generate().unwrap(), Cookie::generate().unwrap());
        assert!(a.reveal().bytes().all(|b| b.is_ascii_uppercase()));
        assert_eq!(a.reveal().len(), GENERATED);
        assert_ne!(a, b);
    }
}
