//! Lines from the standard input, as long as it is there and this process may read it.

use std::io::{BufRead, IsTerminal, stdin};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

/// Lines that may wait.
const LINES_MAX: usize = 16;

/// How often a process in the background looks whether it is in the foreground by now.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads lines on a thread of their own, which ends with the process or with the input.
///
/// # Errors
/// When there is no such thread.
pub fn lines() -> std::io::Result<mpsc::Receiver<String>> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let is_terminal = stdin().is_terminal();
        let mut line = String::new();
        loop {
            // Whoever reads from its terminal in the background is stopped for it.
            while is_terminal && !is_in_foreground() {
                thread::sleep(PAUSE);
            }
            line.clear();
            match stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.blocking_send(line.clone()).is_err() => return,
                Ok(_) => {}
            }
        }
    })?;
    Ok(lines)
}

/// Whether this process has its terminal; where the system does not say, it is thought to.
fn is_in_foreground() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    foreground_of(&stat).unwrap_or(true)
}

/// Whether the process of this line, as `proc_pid_stat(5)` has it, is of the group that has the
/// terminal.
fn foreground_of(stat: &str) -> Option<bool> {
    // The name of the program may hold anything, but ends with the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(2);
    let (group, of_terminal) = (fields.next()?, fields.nth(2)?);
    Some(group == of_terminal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_its_terminal_when_its_group_does() {
        assert_eq!(foreground_of("7 (a) b) S 1 7 6 34816 7 4194304 1"), Some(true));
        assert_eq!(foreground_of("7 (a) b) S 1 7 6 34816 9 4194304 1"), Some(false));
        assert_eq!(foreground_of(""), None);
    }
}
