//! Stages the built page for embedding, with a compressed copy of everything that compresses. Without a built page
//! (`make build` builds it) the crate still compiles, around a page that says so. Never writes outside of `OUT_DIR`.

use flate2::{Compression, write::GzEncoder};
use std::{
    env, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Reelmill</title>\n\
    <p>This executable was built without its page; <code>make build</code> builds one with it.</p>\n\
    <p>The API works all the same: <a href=\"/docs\">its documentation</a>.</p>\n</html>\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=ui/dist");
    let Some(out) = env::var_os("OUT_DIR") else {
        return Err(io::Error::other("cargo sets OUT_DIR"));
    };
    let page = PathBuf::from(out).join("page");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    fs::create_dir_all(&page)?;
    let dist = Path::new("ui/dist");
    if dist.join("index.html").is_file() {
        stage(dist, &page)
    } else {
        fs::write(page.join("index.html"), NOT_BUILT)
    }
}

fn stage(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            stage(&entry.path(), &target)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes)?;
        let packed = packed.finish()?;
        // Pictures and fonts are compressed already.
        if packed.len() < bytes.len() * 9 / 10 {
            let mut name = entry.file_name();
            name.push(".gz");
            fs::write(to.join(name), packed)?;
        }
        fs::write(target, bytes)?;
    }
    Ok(())
}
