//! The limit of open files.
//!
//! Docker gives containers up to a thousand million; a VM sizes its port table by the soft limit and then takes
//! gigabytes of memory and minutes of CPU before it runs anything.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What a soft limit is lowered to unless a number is given.
const SENSIBLE: u64 = 65_536;

/// Sets our soft limit, and so that of every process we start. The hard limit stays, so a VM may raise it again.
pub(super) fn limit_open_files(wanted: Option<u64>) -> nix::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let new = soft_limit(soft, hard, wanted);
    if new != soft {
        setrlimit(Resource::RLIMIT_NOFILE, new, hard)?;
        tracing::debug!(from = soft, to = new, "limit of open files changed");
    }
    Ok(())
}

fn soft_limit(soft: u64, hard: u64, wanted: Option<u64>) -> u64 {
    wanted.unwrap_or(soft.min(SENSIBLE)).min(hard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_limit_is_lowered_and_a_small_one_left() {
        assert_eq!(soft_limit(1_073_741_816, 1_073_741_816, None), SENSIBLE);
        assert_eq!(soft_limit(u64::MAX, u64::MAX, None), SENSIBLE);
        assert_eq!(soft_limit(1024, 524_288, None), 1024);
    }

    #[test]
    fn what_is_asked_for_is_given_up_to_the_hard_limit() {
        assert_eq!(soft_limit(1024, 524_288, Some(100_000)), 100_000);
        assert_eq!(soft_limit(1024, 4096, Some(100_000)), 4096);
        assert_eq!(soft_limit(65_536, 65_536, Some(256)), 256);
    }
}
