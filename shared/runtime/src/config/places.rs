//! Where things lie by default on this machine: the XDG folders. Reads the environment, creates nothing.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The data folder when none is configured: `$XDG_DATA_HOME/reelmill` (`~/.local/share/reelmill`), so that it is found
/// again from any working folder; `./reelmill-data` for a user without a home.
pub fn data_dir() -> PathBuf {
    xdg("XDG_DATA_HOME", ".local/share").unwrap_or_else(|| PathBuf::from("reelmill-data"))
}

/// What the command line remembers between calls: `$XDG_STATE_HOME/reelmill` (`~/.local/state/reelmill`).
pub fn state_dir() -> Option<PathBuf> {
    xdg("XDG_STATE_HOME", ".local/state")
}

/// The configuration file of this user, if there is a home: `$XDG_CONFIG_HOME/reelmill/reelmill.toml`.
pub(super) fn user_file() -> Option<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("reelmill.toml"))
}

/// The XDG rule: a relative or empty variable counts as unset.
fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute() && path != Path::new("/"))
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
        .map(|base| base.join("reelmill"))
}
