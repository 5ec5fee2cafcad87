//! Places where a test has a process die, as `kill -9` would: named in `REELMILL_FAILPOINT`. Compiled only into builds with
//! debug assertions, which no release is; in others, reaching one does nothing at all.

/// The process dies here when `REELMILL_FAILPOINT` is `name`, e.g. `webapp.after-commit`.
#[cfg(debug_assertions)]
pub fn reach(name: &str) {
    if std::env::var("REELMILL_FAILPOINT").as_deref() != Ok(name) {
        return;
    }
    tracing::error!(name, "a failpoint was reached; this process dies");
    if let Err(error) =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
    {
        tracing::error!(%error, "it could not be killed");
        std::process::abort();
    }
}

/// Nothing happens in this build.
#[cfg(not(debug_assertions))]
pub fn reach(_name: &str) {}
