//! A process that panics tells its receiver of it before it is gone: what telemetry holds is flushed on this way out, too.

use crate::{
    config::{Log, LogFormat, Otel},
    telemetry,
};
use std::{
    env,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

const CHILD: &str = "REELMILL_TEST_PANICS_TO";
const NAME: &str =
    "telemetry::panics::tests::a_panic_reaches_the_receiver_though_it_ends_the_process";

#[test]
fn a_panic_reaches_the_receiver_though_it_ends_the_process() {
    if let Ok(endpoint) = env::var(CHILD) {
        panic_with_telemetry(&endpoint);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let into = received.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let into = into.clone();
            thread::spawn(move || take(stream.unwrap(), &into));
        }
    });
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, endpoint)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success(), "it should have panicked: {stderr}");
    assert!(stderr.contains("the cat is on the keyboard"), "{stderr}");
    // The process is gone: what has not come by now never will.
    let received = received.lock().unwrap();
    let text = String::from_utf8_lossy(&received);
    assert!(text.contains("POST /v1/logs"), "nothing came: {text}");
    assert!(
        text.contains("panicked: the cat is on the keyboard"),
        "{text}"
    );
    assert!(
        text.contains("panics/tests.rs"),
        "the place is missing: {text}"
    );
}

/// The child's part: telemetry goes with the stack.
fn panic_with_telemetry(endpoint: &str) -> ! {
    let log = Log {
        level: "info".into(),
        format: LogFormat::Json,
    };
    let otel = Otel {
        endpoint: Some(endpoint.parse().unwrap()),
        headers: None,
        service_name: "reelmill".into(),
    };
    let _telemetry = telemetry::start(&log, &otel, "test").unwrap();
    panic!("the cat is on the keyboard");
}

/// Takes requests of a connection, each with its length, and answers them.
fn take(mut stream: TcpStream, into: &Mutex<Vec<u8>>) {
    let mut all = Vec::new();
    let mut some = [0; 16 * 1024];
    loop {
        let read = match stream.read(&mut some) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        all.extend_from_slice(&some[..read]);
        while let Some(length) = whole(&all) {
            let request: Vec<u8> = all.drain(..length).collect();
            into.lock().unwrap().extend_from_slice(&request);
            let answered = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            if answered.is_err() {
                return;
            }
        }
    }
}

/// The length of the first request, once it is all there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text
        .lines()
        .find_map(|l| l.strip_prefix("content-length:"))?;
    let whole = head + length.trim().parse::<usize>().ok()?;
    (bytes.len() >= whole).then_some(whole)
}
