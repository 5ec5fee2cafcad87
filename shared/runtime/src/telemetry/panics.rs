//! A panic is told to the receiver as well. The words on stderr stay as they are, and so does what a panic does.

use super::TARGET;
use std::panic;

/// Tells of every panic from now on.
pub fn tell() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before(info);
        let said = info.payload_as_str().unwrap_or("something that is no text");
        let place = info.location().map(ToString::to_string);
        tracing::error!(target: TARGET, place, "panicked: {said}");
    }));
}

#[cfg(test)]
mod tests;
