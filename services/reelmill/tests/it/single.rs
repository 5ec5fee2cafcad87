//! `reelmill webapp`, `status`, `encoder` on real servers: what they answer, what they wait for, what they refuse.

use crate::{
    backends::Backends,
    films::light,
    look::until,
    process::Process,
    reelmill::{reelmill, run},
};
use std::time::{Duration, Instant};

#[test]
fn each_service_has_its_own_routes_and_says_who_has_the_others() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let start = |service| {
        Process::start(home.path(), service, |command| {
            backends.tell(command);
        })
    };
    let services = ["webapp", "status", "encoder"].map(start);
    services.iter().for_each(Process::until_ready);
    let [webapp, status, encoder] = &services;

    for (service, method, path, there) in [
        (webapp, "GET", "/api/v1/jobs", "status"),
        (webapp, "HEAD", "/api/v1/jobs", ""),
        (webapp, "GET", "/media/a/b/c", "status"),
        (status, "POST", "/api/v1/jobs", "webapp"),
        (status, "POST", "/api/v1/uploads", "webapp"),
        (status, "GET", "/", "webapp"),
        (status, "GET", "/api/openapi.json", "webapp"),
        (encoder, "GET", "/api/v1/jobs", "status"),
        (encoder, "POST", "/api/v1/jobs", "webapp"),
    ] {
        let answer = service.send(method, path);
        assert_eq!(answer.status, 421, "{method} {path}: {}", answer.body);
        if method != "HEAD" {
            let problem = answer.json();
            assert_eq!(problem["code"], "misdirected");
            assert!(problem["detail"].as_str().unwrap().contains(there));
        }
    }
    for (service, method, path, expected) in [
        (webapp, "GET", "/", 200),
        (webapp, "GET", "/docs", 200),
        (webapp, "OPTIONS", "/api/v1/uploads", 204),
        (webapp, "POST", "/api/v1/jobs", 415),
        (status, "GET", "/api/v1/jobs", 200),
        (status, "HEAD", "/api/v1/jobs", 200),
        (status, "GET", "/api/v1/workers", 200),
        (status, "GET", "/api/v1/stats", 200),
        (encoder, "GET", "/healthz", 200),
    ] {
        let answer = service.send(method, path);
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.body);
    }
    let described = webapp.get("/api/openapi.json").json();
    assert!(described["paths"]["/api/v1/jobs"]["get"].is_object());
    assert!(described["paths"]["/api/v1/jobs"]["post"].is_object());

    for service in &services {
        let page = service.get("/metrics").body;
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let mut series: Vec<&str> = samples.map(|l| l.rsplit_once(' ').unwrap().0).collect();
        let all = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), all, "a series stands twice: {page}");
        assert!(page.contains("\nreelmill_build_info{version="), "{page}");
        let figures = page.contains("\nreelmill_lane_slots{lane=\"encode\"}");
        assert_eq!(figures, std::ptr::eq(service, status), "{page}");
    }
    for service in services {
        assert_eq!(service.stop(), Some(0));
    }
}

#[test]
fn a_service_waits_for_what_it_leans_on_and_comes_back_when_that_does() {
    let (home, mut backends) = (tempfile::tempdir().unwrap(), Backends::make());
    let start = |backends: &Backends, service| {
        Process::start(home.path(), service, |command| {
            backends.tell(command);
        })
    };
    let services = ["webapp", "status", "encoder"].map(|service| start(&backends, service));
    let [webapp, status, encoder] = &services;
    for service in &services {
        assert_eq!(service.get("/healthz").status, 200);
        let ready = service.get("/readyz");
        assert_eq!(ready.status, 503, "{}", ready.body);
        let tells_where = ["127.0.0.1", "://", "reelmill:", "refused"];
        let told = tells_where.iter().any(|word| ready.body.contains(word));
        assert!(
            !told,
            "it tells anyone where its servers are: {}",
            ready.body
        );
        assert_eq!(service.get("/metrics").status, 200);
    }
    webapp.until_without("database");
    assert_eq!(
        webapp.send("POST", "/api/v1/jobs").json()["code"],
        "starting"
    );
    assert!(webapp.log().contains("trying again"), "{}", webapp.log());
    assert_eq!(start(&backends, "status").stop(), Some(0));

    backends.open();
    services.iter().for_each(Process::until_ready);

    assert!(backends.database.cut() > 0, "the fault did not hit");
    webapp.until_without("database");
    status.until_without("database");
    assert_eq!(encoder.get("/readyz").status, 200);
    backends.database.open();
    services.iter().for_each(Process::until_ready);

    assert!(backends.broker.cut() > 0, "the fault did not hit");
    status.until_without("broker");
    encoder.until_without("broker");
    let ready = webapp.get("/readyz");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.json()["checks"]["broker"], "unreachable");
    backends.broker.open();
    services.iter().for_each(Process::until_ready);

    assert!(backends.objects.cut() > 0, "the fault did not hit");
    services.iter().for_each(|s| s.until_without("objects"));
    backends.objects.open();
    services.iter().for_each(Process::until_ready);
    for service in services {
        assert_eq!(service.get("/healthz").status, 200);
        assert_eq!(service.stop(), Some(0));
    }
}

#[test]
fn a_stop_is_in_time_though_a_query_hangs() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let status = Process::start(home.path(), "status", |command| {
        backends
            .tell(command)
            .env("REELMILL__ENCODER__DRAIN_GRACE_S", "0");
    });
    status.until_ready();
    let _held = backends.hold("tasks");
    let begun = Instant::now();
    let (code, log) = status.stopped();
    let took = begun.elapsed();
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(25), "it took {took:?}");
    assert!(log.contains("a query still waits"), "none did: {log}");
}

#[test]
fn all_in_one_works_on_outside_servers_too() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let server = Process::start(home.path(), "serve", |command| {
        backends.tell(command);
    });
    server.until_ready();
    light(&home.path().join("film.mp4"));
    run(reelmill(home.path())
        .args([
            "submit",
            "film.mp4",
            "--to",
            "mkv",
            "--wait",
            "--download",
            "done",
        ])
        .env("REELMILL_SERVER", server.url()))
    .done();
    assert!(home.path().join("done/film.mkv").is_file());
    let page = server.get("/metrics").body;
    assert!(
        page.contains("\nreelmill_jobs{state=\"completed\"} 1"),
        "{page}"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn worlds_that_cannot_work_are_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let amqp = ("REELMILL__BROKER__URL", "amqp://mill:hunter2@mq");
    let mysql = ("REELMILL__DATABASE__URL", "mysql://mill:hunter2@db/mill");
    let s3 = ("REELMILL__STORAGE__URL", "s3://films");
    for (service, settings, words) in [
        ("webapp", &[][..], &["broker.url", "reelmill serve"][..]),
        ("encoder", &[], &["broker.url"]),
        ("status", &[amqp, s3], &["database.url", "mysql://"]),
        ("encoder", &[amqp], &["storage.shared"]),
        ("serve", &[amqp, mysql], &["storage.shared"]),
        (
            "encoder",
            &[amqp, ("REELMILL__STORAGE__URL", "swift://films")],
            &["storage.auth_url"],
        ),
        (
            "webapp",
            &[amqp, s3, ("REELMILL__DATABASE__URL", "mysql://db")],
            &["database.url", "DATABASE"],
        ),
        (
            "status",
            &[mysql, s3, ("REELMILL__BROKER__URL", "amqp://mq?x=hunter2")],
            &["broker.url", "`x`"],
        ),
        (
            "encoder",
            &[amqp, s3, ("REELMILL__ENCODER__FFMPEG", "no-such-ffmpeg")],
            &["no-such-ffmpeg"],
        ),
    ] {
        let mut command = reelmill(home.path());
        let address = crate::proxy::free_address().to_string();
        command.args([service, "--listen", &address]);
        command.envs(settings.iter().copied());
        let ended = run(&mut command);
        let last = ended.err.lines().last().unwrap_or_default();
        assert_eq!(ended.code, Some(2), "{service} {settings:?}: {ended:?}");
        for word in words {
            assert!(last.contains(word), "{ended:?} lacks {word:?}");
        }
        assert!(!ended.err.contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn an_encoder_with_nothing_to_do_ends_itself_if_it_should() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let encoder = Process::start(home.path(), "encoder", |command| {
        backends
            .tell(command)
            .env("REELMILL__ENCODER__EXIT_WHEN_IDLE_S", "1");
    });
    assert_eq!(encoder.ended(), Some(0));
}

#[test]
fn an_encoder_whose_store_refuses_it_says_so_and_names_nothing() {
    let home = tempfile::tempdir().unwrap();
    let backends = Backends::make_open();
    let encoder = Process::start(home.path(), "encoder", |command| {
        backends
            .tell(command)
            .env("REELMILL__STORAGE__SECRET_KEY", "not-the-key");
    });
    let mut said = String::new();
    until("a store that refuses", || {
        said = encoder.get("/readyz").body;
        said.contains("misconfigured")
    });
    assert_eq!(encoder.get("/readyz").status, 503);
    let view: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(view["checks"]["objects"], "misconfigured");
    assert!(
        !said.contains("storage.") && !said.contains("127.0.0.1"),
        "{said}"
    );
    until("the log to say why", || {
        let log = encoder.log();
        log.contains("taking no tasks") && log.contains("storage.secret_key")
    });
    assert!(!encoder.log().contains("not-the-key"));
}
