//! The one place that lets time pass: until a condition holds, or a deadline.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Asks `condition` again and again until it holds; an error that names `what` when `deadline` passes first.
pub fn wait_until(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> bool,
) -> Result<()> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    while !condition() {
        if begun.elapsed() >= deadline {
            bail!("waited {} s in vain: {what}", deadline.as_secs_f32());
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the pause between two looks at a condition; the deadline bounds their number"
)]
fn sleep(pause: Duration) {
    std::thread::sleep(pause);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_the_condition_holds() {
        let mut asked = 0;
        wait_until("three", Duration::from_secs(60), || {
            asked += 1;
            asked == 3
        })
        .unwrap();
        assert_eq!(asked, 3);
    }

    #[test]
    fn the_error_says_what_was_waited_for() {
        let error = wait_until("the moon", Duration::ZERO, || false).unwrap_err();
        assert!(error.to_string().contains("the moon"));
    }
}
