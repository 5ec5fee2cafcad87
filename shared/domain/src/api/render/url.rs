//! Where an output's file is.

use crate::id::{JobId, OutputId};
use url::Url;

/// `/media/{job}/{output}/{file}` after `prefix`, with the name percent-encoded.
pub fn media_url(prefix: &str, job: JobId, output: OutputId, file: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    let encoded = Url::parse("http://localhost/").ok().map(|mut base| {
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().push(file);
        }
        base.path().to_owned()
    });
    format!(
        "{prefix}/media/{job}/{output}{}",
        encoded.unwrap_or_default()
    )
}
