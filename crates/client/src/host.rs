//! The name of the machine.

/// The name of the machine, or of the container, that this process runs on.
#[cfg(target_os = "linux")]
pub(crate) fn name() -> String {
    // Where the kernel says nothing, a shell may have.
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map_or_else(|| "localhost".to_owned(), |name| name.trim_end().to_owned())
}

/// The name of the machine that this process runs on.
#[cfg(not(target_os = "linux"))]
pub(crate) fn name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}
