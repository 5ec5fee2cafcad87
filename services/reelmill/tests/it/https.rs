//! The command line over https, through a real nginx whose certificate only our own authority has signed.

use crate::{
    backends::Backends, films::light, look::until, proxy::free_address, reelmill::reelmill,
    reelmill::run, server::Server,
};
use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

/// nginx with TLS before a server.
struct Front {
    child: Child,
    address: SocketAddr,
}

impl Front {
    fn start(home: &Path, authority: &Path, to: &str) -> Self {
        let address = free_address();
        let tls = authority.parent().unwrap().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {what};"))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid nginx.pid; error_log nginx.log; events {{}}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen {address} ssl; ssl_certificate {tls}/server.pem; ssl_certificate_key {tls}/server.key;\n\
             client_max_body_size 0; location / {{ proxy_pass {to}; proxy_http_version 1.1; proxy_request_buffering off;\n\
             proxy_set_header Host $http_host; proxy_set_header Connection ''; }} }} }}\n"
        );
        let file = home.join("nginx.conf");
        fs::write(&file, text).unwrap();
        let mut prefix = home.as_os_str().to_owned();
        prefix.push("/");
        let child = Command::new("nginx")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .arg("-p")
            .arg(prefix)
            .arg("-e")
            .arg(home.join("nginx.log"))
            .arg("-c")
            .arg(file)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx is needed: apt install nginx-light");
        let front = Self { child, address };
        until("nginx", || TcpStream::connect(address).is_ok());
        front
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn the_command_line_works_over_https_with_an_authority_of_ones_own() {
    let authority = Backends::authority();
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let front = Front::start(home.path(), &authority, &server.url);
    let url = format!("https://{}", front.address);
    let ask = |args: &[&str]| {
        let mut command = reelmill(home.path());
        command.args(args).env("REELMILL_SERVER", &url);
        command
    };
    // Nobody else has signed it.
    run(&mut ask(&["jobs"])).unfit(&[&url, "certificate"]);
    run(ask(&["jobs"]).env("REELMILL__CLIENT__CA_FILE", home.path().join("nginx.conf")))
        .unfit(&["client.ca_file", "nginx.conf"]);
    let trusting = |args: &[&str]| {
        let mut command = ask(args);
        command.env("REELMILL__CLIENT__CA_FILE", &authority);
        run(&mut command)
    };
    light(&home.path().join("film.mp4"));
    trusting(&[
        "submit",
        "film.mp4",
        "--to",
        "mkv",
        "--wait",
        "--download",
        "done",
    ])
    .done();
    assert!(home.path().join("done/film.mkv").is_file());
    let listed = trusting(&["workers"]);
    for heading in [
        "LANES",
        "VERSION",
        env!("CARGO_PKG_VERSION"),
        "light,encode",
    ] {
        assert!(listed.done().contains(heading), "{listed:?}");
    }
    let found = trusting(&["doctor", "--json"]).json();
    let found = found.as_array().unwrap();
    let seen = found.iter().find(|f| f["check"] == "server").unwrap();
    assert_eq!(seen["level"], "good", "{seen}");
}
