//! Releases made by relx (rebar3) read their node's name from a file, `vm.args`, and from no variable.
//!
//! Their script lets `VMARGS_PATH` name another file. We write one like theirs in which the node has our name, and
//! leave theirs as it is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::identity::Identity;
use super::launcher::find;

/// The suffix of a file in which the script replaces variables before it uses it.
const SOURCE: &str = ".src";

/// Writes a `vm.args` for `identity` into `directory`; where it is, or none where the release has none.
pub(super) fn write_vm_args(
    command: &[OsString],
    search_path: Option<&OsStr>,
    identity: &Identity,
    has_cookie: bool,
    directory: &Path,
) -> io::Result<Option<PathBuf>> {
    let scripts = command
        .iter()
        .filter_map(|word| find(Path::new(word), search_path));
    let Some(theirs) = scripts
        .filter_map(|script| fs::canonicalize(script).ok())
        .find_map(|script| find_vm_args(script.parent()?.parent()?))
    else {
        return Ok(None);
    };
    let text = fs::read_to_string(&theirs)?;
    let path = directory.join(format!("{}.vm.args", std::process::id()));
    // Where theirs is a template ours has to be one.
    let written = match theirs.extension() {
        Some(extension) if extension == &SOURCE[1..] => {
            let mut source = path.clone().into_os_string();
            source.push(SOURCE);
            PathBuf::from(source)
        }
        _ => path.clone(),
    };
    fs::write(written, rename(&text, identity, has_cookie))?;
    Ok(Some(path))
}

/// The places and the order in which the script looks: the release's root, then the version that is current.
fn find_vm_args(root: &Path) -> Option<PathBuf> {
    let current = fs::read_to_string(root.join("releases/start_erl.data")).ok()?;
    let version = current.split_whitespace().nth(1)?;
    let directories = [root.to_owned(), root.join("releases").join(version)];
    directories
        .iter()
        .flat_map(|directory| ["vm.args.src", "vm.args"].map(|file| directory.join(file)))
        .find(|path| path.is_file())
}

/// The script wants exactly one name. A cookie there would be preferred to the one we were given.
fn rename(vm_args: &str, identity: &Identity, has_cookie: bool) -> String {
    let mut text = format!("-name {identity}\n");
    let kept = vm_args.lines().filter(|line| {
        let flag = line.split_whitespace().next();
        let is_name = matches!(flag, Some("-name" | "-sname"));
        let is_cookie = has_cookie && flag == Some("-setcookie");
        !is_name && !is_cookie
    });
    for line in kept {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            name: "app".into(),
            host: "10.99.0.1".into(),
        }
    }

    #[test]
    fn the_name_is_replaced_and_the_rest_stays() {
        let theirs = "## Name\n-sname shop\n-setcookie abc\n+K true\n";
        assert_eq!(
            rename(theirs, &identity(), false),
            "-name app@10.99.0.1\n## Name\n-setcookie abc\n+K true\n"
        );
        assert_eq!(
            rename(theirs, &identity(), true),
            "-name app@10.99.0.1\n## Name\n+K true\n"
        );
    }

    #[test]
    fn the_current_version_counts_and_templates_stay_templates() {
        let root = tempfile::tempdir().unwrap();
        let state = tempfile::tempdir().unwrap();
        let version = root.path().join("releases/1.2.0");
        fs::create_dir_all(&version).unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        let script = root.path().join("bin/shop");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        fs::write(root.path().join("releases/start_erl.data"), "13.1 1.2.0\n").unwrap();
        let command = [script.into_os_string(), "foreground".into()];
        let write = || write_vm_args(&command, None, &identity(), true, state.path()).unwrap();

        assert_eq!(write(), None);
        fs::write(version.join("vm.args"), "-sname shop\n").unwrap();
        let path = write().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "-name app@10.99.0.1\n");
        fs::write(version.join("vm.args.src"), "-sname shop\n+A ${THREADS}\n").unwrap();
        assert_eq!(write(), Some(path.clone()));
        let source = format!("{}.src", path.display());
        assert_eq!(
            fs::read_to_string(source).unwrap(),
            "-name app@10.99.0.1\n+A ${THREADS}\n"
        );
    }
}
