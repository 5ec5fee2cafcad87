//! How the parts wake each other. That only saves time: every part also looks by itself.

use tokio::sync::Notify;

/// What parts wait for.
#[derive(Debug, Default)]
pub struct Wakeups {
    /// Something may be ready to be released.
    pub dispatch: Notify,
    /// Something may be swept.
    pub sweep: Notify,
    /// A story may have a new line.
    pub stories: Notify,
}
