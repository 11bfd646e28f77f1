//! How many sockets this process may hold.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::CarrierError;

/// Descriptors kept free for logs, reports, probes and the runtime itself [count].
const MARGIN: u64 = 128;

/// Most file descriptors this process may have open after raising its own soft limit [count].
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX)
}

/// Makes sure that so many connections can be held, raising the soft limit as far as the hard limit allows.
///
/// `per_connection` is 1, or 2 when the broker runs in this process and holds the other end.
///
/// # Errors
/// [`CarrierError::Descriptors`] with the numbers and what helps.
pub fn ensure_descriptors(connections: usize, per_connection: u64) -> Result<(), CarrierError> {
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
    let needed = open + connections as u64 * per_connection + MARGIN;
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|soft| soft >= needed) {
        return Ok(());
    }
    let limit = now.maximum.unwrap_or(u64::MAX);
    let raised = Rlimit { current: Some(needed.min(limit)), maximum: now.maximum };
    if needed > limit || setrlimit(Resource::Nofile, raised).is_err() {
        return Err(CarrierError::Descriptors { connections, needed, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_connections_are_named_with_their_numbers() {
        let limit = descriptor_limit();
        assert!(ensure_descriptors(1, 1).is_ok());
        if limit < u64::MAX / 4 {
            let error = ensure_descriptors(limit as usize, 2).unwrap_err().to_string();
            assert!(error.contains(&limit.to_string()), "{error}");
            assert!(error.contains("ulimit -n") && error.contains("--partition"), "{error}");
        }
    }
}
