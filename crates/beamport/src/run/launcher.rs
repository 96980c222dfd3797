//! What kind of command is to be started, which decides how it learns its name.
//!
//! Launchers differ in what they listen to: `erl` takes flags from `ERL_AFLAGS`, a mix release insists on
//! `RELEASE_NODE`, RabbitMQ refuses a VM that has a name already. The kind is told by the command's words or, for
//! a script, by its text.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// How much of a script is looked at. The start script of a relx release, the longest there is, has 37 kB.
const SCRIPT_BYTES: u64 = 128 * 1024;

/// A kind of command, as `--launcher` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Launcher {
    /// `erl`, `elixir`, `iex`, `mix`, `gleam`: one VM that takes flags
    Erl,
    /// The script of a mix release
    Elixir,
    /// The script of a relx (rebar3) release
    Relx,
    /// RabbitMQ's server and tools
    Rabbitmq,
    /// ejabberd
    Ejabberd,
    /// Anything else: every variable is set
    Generic,
}

impl Launcher {
    /// The kind of `command`, whose program is looked for in `search_path` as a shell would.
    pub(crate) fn of(command: &[OsString], search_path: Option<&OsStr>) -> Self {
        detect(command, search_path).unwrap_or(Self::Generic)
    }
}

/// A wrapper (`docker-entrypoint.sh rabbitmq-server`, `gosu app bin/app start`) passes on the command it is given,
/// so every word may be the one that tells, and the first that does decides.
fn detect(command: &[OsString], search_path: Option<&OsStr>) -> Option<Launcher> {
    command
        .iter()
        .filter(|word| !word.as_bytes().starts_with(b"-"))
        .find_map(|word| {
            let program = Path::new(word);
            let name = program.file_name()?.to_str()?;
            by_name(name).or_else(|| {
                let path = find(program, search_path)?;
                by_text(&script_text(&path)?).or_else(|| by_place(&path))
            })
        })
}

fn by_name(name: &str) -> Option<Launcher> {
    match name {
        "erl" | "elixir" | "iex" | "mix" | "gleam" => Some(Launcher::Erl),
        "ejabberdctl" => Some(Launcher::Ejabberd),
        _ if name.starts_with("rabbitmq-") || name == "rabbitmqctl" => Some(Launcher::Rabbitmq),
        _ => None,
    }
}

fn by_text(script: &str) -> Option<Launcher> {
    // The scripts of relx set RELEASE_NAME too, "to match mix release".
    if script.contains("RELX_") {
        Some(Launcher::Relx)
    } else if script.contains("RELEASE_DISTRIBUTION") {
        Some(Launcher::Elixir)
    } else {
        None
    }
}

/// Small scripts beside a mix release's own, such as Phoenix's `bin/server`, end in calling that one.
fn by_place(script: &Path) -> Option<Launcher> {
    let root = script.parent()?.parent()?;
    (root.join("releases/COOKIE").is_file() && root.join("releases/start_erl.data").is_file())
        .then_some(Launcher::Elixir)
}

pub(super) fn find(program: &Path, search_path: Option<&OsStr>) -> Option<PathBuf> {
    if program.as_os_str().as_bytes().contains(&b'/') {
        return program.is_file().then(|| program.to_owned());
    }
    std::env::split_paths(search_path?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

fn script_text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(SCRIPT_BYTES).read_to_end(&mut bytes).ok()?;
    bytes
        .starts_with(b"#!")
        .then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn detect_words(words: &[&str], search_path: Option<&OsStr>) -> Launcher {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Launcher::of(&words, search_path)
    }

    #[test]
    fn known_names_tell() {
        for (words, launcher) in [
            (&["erl", "-noinput"][..], Launcher::Erl),
            (&["/usr/local/bin/iex"], Launcher::Erl),
            (&["mix", "phx.server"], Launcher::Erl),
            (&["rabbitmq-server"], Launcher::Rabbitmq),
            (&["rabbitmqctl", "status"], Launcher::Rabbitmq),
            (
                &["docker-entrypoint.sh", "rabbitmq-server"],
                Launcher::Rabbitmq,
            ),
            (&["/usr/sbin/ejabberdctl", "foreground"], Launcher::Ejabberd),
            (&["sh", "-c", "erl -noinput"], Launcher::Generic),
            (&["sleep", "1"], Launcher::Generic),
        ] {
            assert_eq!(detect_words(words, None), launcher, "{words:?}");
        }
    }

    #[test]
    fn a_script_tells_by_its_text_or_its_place() {
        let root = tempfile::tempdir().unwrap();
        let (bin, releases) = (root.path().join("bin"), root.path().join("releases"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&releases).unwrap();
        fs::write(
            bin.join("app"),
            "#!/bin/sh\nexport RELEASE_DISTRIBUTION=sname\n",
        )
        .unwrap();
        fs::write(
            bin.join("relx"),
            "#!/bin/sh\n[ \"$RELX_COOKIE\" ]\nRELEASE_NAME=x\n",
        )
        .unwrap();
        fs::write(bin.join("server"), "#!/bin/sh\nexec ./app start\n").unwrap();
        fs::write(bin.join("binary"), "\x7fELF RELEASE_DISTRIBUTION").unwrap();
        let search_path = Some(bin.as_os_str());

        assert_eq!(
            detect_words(&["app", "start"], search_path),
            Launcher::Elixir
        );
        let absolute = bin.join("app").into_os_string().into_string().unwrap();
        assert_eq!(
            detect_words(&["gosu", "app-user", &absolute], None),
            Launcher::Elixir
        );
        assert_eq!(
            detect_words(&["relx", "foreground"], search_path),
            Launcher::Relx
        );
        assert_eq!(detect_words(&["binary"], search_path), Launcher::Generic);
        assert_eq!(detect_words(&["server"], search_path), Launcher::Generic);
        fs::write(releases.join("COOKIE"), "X").unwrap();
        fs::write(releases.join("start_erl.data"), "13.1 0.1.0").unwrap();
        assert_eq!(detect_words(&["server"], search_path), Launcher::Elixir);
    }
}
