//! Closing a channel that somebody let go of. Waits for nothing where it is called.

use crate::link::within;
use lapin::Channel;
use tokio::runtime::Handle;

/// Closes a channel at once: the broker takes back what came over it. Whatever holds its consumer is kept until then: the
/// library cancels a consumer that goes, and a cancel that comes behind the close ends the whole connection.
pub fn close(runtime: &Handle, channel: Channel, kept: impl Send + 'static) {
    runtime.spawn(async move {
        if channel.status().connected()
            && let Err(error) = within("closing a channel", channel.close(200, "".into())).await
        {
            tracing::debug!(%error, "a channel had ended already");
        }
        drop(kept);
    });
}
