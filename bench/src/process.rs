//! What the system knows of a process (proc(5)).

use std::fs;
use std::time::Duration;

use crate::Result;

/// Processor time that it has used so far, in user and in kernel mode, of all its threads.
///
/// # Errors
/// If it is gone.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks_of(&stat).ok_or_else(|| format!("/proc/{pid}/stat is not understood"))?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// `utime` and `stime`, the 14th and 15th field. The second is a name and may hold anything, but ends at the last `)`.
fn ticks_of(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(user + system)
}

/// Bytes of it in memory now.
///
/// # Errors
/// If it is gone.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

/// The most bytes of it that were in memory since [`reset_peak`].
///
/// # Errors
/// If it is gone.
pub(crate) fn peak(pid: u32) -> Result<u64> {
    status(pid, "VmHWM:")
}

/// Forgets how much of it was in memory before.
///
/// # Errors
/// If it is gone, or another user's.
pub(crate) fn reset_peak(pid: u32) -> Result<()> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

fn status(pid: u32, key: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = kib_of(&status, key).ok_or_else(|| format!("/proc/{pid}/status has no {key}"))?;
    Ok(kib * 1024)
}

fn kib_of(status: &str, key: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// How many processes of the machine want a processor, on average of the last minute.
///
/// # Errors
/// If it is not told.
pub(crate) fn load() -> Result<f64> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_fields() {
        let stat = "42 (a) 1 (b) S 1 42 42 0 -1 4194560 500 0 0 0 7 5 0 0 20 0 4 0 1000 0 0";
        assert_eq!(ticks_of(stat), Some(12));
        assert_eq!(ticks_of("42 (a"), None);
    }

    #[test]
    fn memory_is_in_kib() {
        assert_eq!(kib_of("Name:\tsaibo\nVmHWM:\t   20480 kB\nVmRSS:\t 1 kB\n", "VmHWM:"), Some(20480));
        assert_eq!(kib_of("Name:\tsaibo\n", "VmHWM:"), None);
    }

    #[test]
    fn this_process_is_known() {
        let own = std::process::id();
        reset_peak(own).unwrap();
        assert!(peak(own).unwrap() >= resident(own).unwrap() / 2);
        cpu(own).unwrap();
    }
}
