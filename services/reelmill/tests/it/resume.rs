//! An upload whose server was killed goes on in the same file.

use crate::{look::until, process::Process};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

const MIB: usize = 1024 * 1024;
/// A state is kept every so many bytes: webapp's own measure.
const KEPT: usize = 64 * MIB;
/// More than that.
const BEGUN: usize = 80 * MIB;
const WHOLE: usize = 96 * MIB;

/// Begins a request with a body.
fn ask(server: &Process, method: &str, path: &str, headers: &str) -> TcpStream {
    let url = server.url();
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// What is answered, in lower case.
fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.to_lowercase()
}

/// A header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let found = answer.lines().find_map(|line| line.strip_prefix(name));
    found
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
        .trim()
}

fn patch(server: &Process, path: &str, from: usize) -> TcpStream {
    let headers = format!(
        "Upload-Offset: {from}\r\nContent-Length: {}\r\nContent-Type: application/offset+octet-stream\r\n",
        WHOLE - from
    );
    ask(server, "PATCH", path, &headers)
}

fn offset(server: &Process, path: &str) -> usize {
    let answer = answer(ask(server, "HEAD", path, ""));
    header(&answer, "upload-offset:").parse().unwrap()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    entries.flat_map(|e| below(e.unwrap().path())).collect()
}

#[test]
fn an_upload_goes_on_after_a_kill_without_a_copy() {
    let home = tempfile::tempdir().unwrap();
    let uploads = home.path().join("serve-data/objects/.uploads");
    let start = || {
        let server = Process::start(home.path(), "serve", |_| ());
        server.until_ready();
        server
    };
    let killed = start();
    let length = format!("Upload-Length: {WHOLE}\r\nContent-Length: 0\r\n");
    let made = answer(ask(&killed, "POST", "/api/v1/uploads", &length));
    let location = header(&made, "location:").to_owned();
    let path = &location[location.find("/api/").unwrap()..];
    let mut sending = patch(&killed, path, 0);
    let piece: Vec<u8> = (0..MIB).map(|n| (n % 251) as u8).collect();
    for _ in 0..BEGUN / MIB {
        sending.write_all(&piece).unwrap();
    }
    // To ask for the offset would end the request in order.
    until("what comes after a part that is written down", || {
        files(&uploads).first().is_some_and(|f| size(f) > KEPT)
    });
    drop(killed);
    let left = files(&uploads);
    assert_eq!(left.len(), 1, "{left:?}");
    let inode = fs::metadata(&left[0]).unwrap().ino();

    let server = start();
    let known = offset(&server, path);
    assert!(known > 0 && known < size(&left[0]), "no fault hit: {known}");
    let mut rest = patch(&server, path, known);
    rest.write_all(&piece[known % MIB..]).unwrap();
    for _ in 0..(WHOLE - known) / MIB {
        rest.write_all(&piece).unwrap();
    }
    let done = answer(rest);
    assert!(done.starts_with("http/1.1 204"), "{done}");
    assert!(files(&uploads).is_empty());
    let objects = files(&home.path().join("serve-data/objects"));
    let stored = objects.iter().find(|f| size(f) == WHOLE).unwrap();
    assert_eq!(fs::metadata(stored).unwrap().ino(), inode, "it is a copy");
    let bytes = fs::read(stored).unwrap();
    assert!(
        bytes.chunks(MIB).all(|chunk| chunk == piece),
        "the bytes differ"
    );
    assert_eq!(server.stop(), Some(0));
}

fn size(file: &Path) -> usize {
    fs::metadata(file).map_or(0, |meta| meta.len() as usize)
}
