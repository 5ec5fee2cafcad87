//! End to end: the real executable, over HTTP, with real media. One binary, so that it links once.

mod bad_media;
mod browser_rules;
mod cancel;
mod cli;
mod crash_encode;
mod crash_upload;
mod delete;
mod disk_full;
mod errors;
mod events;
mod ffmpeg_trouble;
mod formats;
mod hostile;
mod limits;
mod lists;
mod media_urls;
mod names;
mod plain_upload;
mod presets;
mod retry;
mod shapes;
mod start;
mod sweep;
mod tus_protocol;
