//! Where ffmpeg and ffprobe are.

use crate::ToolError;
use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

/// The two programs, as paths that exist and may be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// ffmpeg.
    pub ffmpeg: PathBuf,
    /// ffprobe.
    pub ffprobe: PathBuf,
}

impl Tools {
    /// Finds both. A name without a slash is looked up in `PATH`, anything else is a path.
    ///
    /// # Errors
    /// One of them isn't there, or may not be executed.
    pub fn locate(ffmpeg: &str, ffprobe: &str) -> Result<Self, ToolError> {
        Ok(Self {
            ffmpeg: find(ffmpeg, "encoder.ffmpeg")?,
            ffprobe: find(ffprobe, "encoder.ffprobe")?,
        })
    }
}

fn find(program: &str, setting: &'static str) -> Result<PathBuf, ToolError> {
    let candidates: Vec<PathBuf> = if program.contains('/') {
        // Runs have the scratch folder as their current one, so a relative path must be made whole here.
        std::path::absolute(program).into_iter().collect()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .collect()
    };
    candidates
        .into_iter()
        .find(|file| is_program(file))
        .ok_or_else(|| ToolError::NotFound {
            program: program.to_owned(),
            setting,
        })
}

fn is_program(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_name_and_by_path() {
        let by_name = Tools::locate("ffmpeg", "ffprobe").expect("ffmpeg is installed");
        let by_path = Tools::locate(
            by_name.ffmpeg.to_str().expect("UTF-8"),
            by_name.ffprobe.to_str().expect("UTF-8"),
        )
        .expect("same files");
        assert_eq!(by_name, by_path);
    }

    #[test]
    fn a_missing_program_says_what_to_install_in_one_line() {
        let missing = Tools::locate("ffmpeg-is-not-here", "ffprobe").expect_err("not there");
        let text = missing.to_string();
        assert!(text.contains("ffmpeg-is-not-here was not found"), "{text}");
        assert!(text.contains("apt install ffmpeg"), "{text}");
        assert!(text.contains("encoder.ffmpeg"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_not_a_program() {
        let folder = tempfile::tempdir().expect("temp folder");
        let file = folder.path().join("ffmpeg");
        std::fs::write(&file, "").expect("write");
        let file = file.to_str().expect("UTF-8");
        assert!(matches!(
            Tools::locate(file, "ffprobe"),
            Err(ToolError::NotFound { .. })
        ));
    }
}
