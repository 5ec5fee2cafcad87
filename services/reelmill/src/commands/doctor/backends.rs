//! The database, the broker and the object store that are configured, tried out for real. Leaves nothing behind, and
//! migrates nothing.

use super::finding::Finding;
use crate::{
    show::one_line,
    wire::{NotOpen, Wiring},
};
use reelmill_runtime::config::DatabaseUrl;
use reelmill_store::Store;
use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// How long each may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The oldest servers that are tested with.
const OLDEST: [(&str, (u32, u32)); 2] = [("MySQL", (8, 0)), ("MariaDB", (10, 11))];

/// Looks at those that lie outside of this process.
pub async fn examine(wiring: &Wiring) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(url @ DatabaseUrl::Mysql(_)) = wiring.database() {
        findings.extend(look_at_database(wiring, url).await);
    }
    if !wiring.has_own_broker() {
        findings.push(look_at_broker(wiring).await);
    }
    if !wiring.has_own_objects() {
        findings.push(look_at_objects(wiring).await);
    }
    findings
}

async fn look_at_database(wiring: &Wiring, url: &DatabaseUrl) -> Vec<Finding> {
    let fault = |words: String| {
        let mend = mend_database(&words);
        vec![Finding::fault("database", words, mend)]
    };
    let store = match in_time(wiring.connect(url)).await {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => return fault(said(error)),
        Err(late) => return fault(late),
    };
    let looked = in_time(versions(&store)).await;
    let closed = store.close().await;
    match (looked, closed) {
        (Ok(Ok(findings)), Ok(())) => findings,
        (Err(late), _) => fault(late),
        (Ok(Err(error)), _) | (_, Err(error)) => fault(error.to_string()),
    }
}

/// The server's version, and the schema's.
async fn versions(store: &Store) -> Result<Vec<Finding>, reelmill_store::StoreError> {
    let server = store.server().await?;
    let mut findings = vec![match too_old(&server) {
        None => Finding::good("database", format!("{server} answers")),
        Some(oldest) => Finding::fault(
            "database",
            format!("{server} is older than {oldest}"),
            format!("use {oldest} or newer"),
        ),
    }];
    let lacks = store.lacks().await?;
    findings.push(if lacks.is_empty() {
        Finding::good("schema", "up to date")
    } else {
        Finding::note(
            "schema",
            format!("it lacks {}", lacks.join(", ")),
            "`reelmill webapp`, `status` and `serve` bring it up to date when they start",
        )
    });
    Ok(findings)
}

/// The oldest version that would do, when this one won't.
fn too_old(server: &str) -> Option<String> {
    let (name, oldest) = OLDEST
        .iter()
        .rev()
        .find(|(name, _)| server.contains(name))?;
    let version = server
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        // MariaDB may put `5.5.5-` before its version for old replicas.
        .find(|part| part.contains('.') && *part != "5.5.5")?;
    let mut numbers = version.split('.').map(|n| n.parse().unwrap_or(0));
    let found = (numbers.next()?, numbers.next()?);
    (found < *oldest).then(|| format!("{name} {}.{}", oldest.0, oldest.1))
}

async fn look_at_broker(wiring: &Wiring) -> Finding {
    let broker = match wiring.open_broker().await {
        Ok(broker) => broker,
        Err(error) => {
            let words = said(error);
            let mend = mend_broker(&words);
            return Finding::fault("broker", words, mend);
        }
    };
    let until = Instant::now() + PATIENCE;
    loop {
        let words = match in_time(broker.check()).await {
            Ok(Ok(())) => return Finding::good("broker", "it answers"),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late,
        };
        // It connects in the background: the first answers may be too early.
        if Instant::now() >= until {
            let mend = mend_broker(&words);
            return Finding::fault("broker", words, mend);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn look_at_objects(wiring: &Wiring) -> Finding {
    let fault = |words: String| {
        let mend = mend_objects(&words);
        Finding::fault("object store", words, mend)
    };
    let objects = match in_time(wiring.open_objects()).await {
        Ok(Ok((objects, _))) => objects,
        Ok(Err(error)) => return fault(said(error)),
        Err(late) => return fault(late),
    };
    match in_time(objects.check()).await {
        Ok(Ok(())) => Finding::good("object store", "it can be written"),
        Ok(Err(error)) => fault(error.to_string()),
        Err(late) => fault(late),
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, String> {
    timeout(PATIENCE, work)
        .await
        .map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))
}

fn said(error: NotOpen) -> String {
    one_line(&format!("{:#}", anyhow::Error::from(error)))
}

/// Whether one of these stands in what a server said, in whatever case.
fn says(words: &str, any: &[&str]) -> bool {
    let words = words.to_lowercase();
    any.iter().any(|one| words.contains(one))
}

fn mend_database(words: &str) -> &'static str {
    if says(words, &["access denied", "1045", "1044"]) {
        "correct user and password in database.url, and GRANT that user all on the database"
    } else if says(words, &["unknown database", "1049"]) {
        "create it: CREATE DATABASE name CHARACTER SET utf8mb4"
    } else if says(words, &["certificate", "tls", "ssl"]) {
        "name the authority that signed its certificate in database.ca_file"
    } else {
        "start the server, or correct host and port in database.url"
    }
}

fn mend_broker(words: &str) -> &'static str {
    if says(words, &["access_refused", "access refused", "login", "403"]) {
        "correct user and password in broker.url (`guest` may only log in from RabbitMQ's own machine)"
    } else if says(words, &["vhost", "not_allowed", "not allowed", "530"]) {
        "create that vhost and let the user in: rabbitmqctl add_vhost, rabbitmqctl set_permissions"
    } else if says(words, &["certificate", "tls", "ssl"]) {
        "name the authority that signed its certificate in broker.ca_file"
    } else {
        "start RabbitMQ, or correct host and port in broker.url"
    }
}

fn mend_objects(words: &str) -> &'static str {
    if says(words, &["no bucket", "no container"]) {
        "create it, or correct storage.url"
    } else if says(words, &["clocks"]) {
        "set the clocks right, by NTP"
    } else if says(words, &["storage.region is not"]) {
        "correct storage.region"
    } else if says(
        words,
        &["access_key", "secret_key", "(401)", "(403)", "denied"],
    ) {
        "correct storage.access_key and storage.secret_key (storage.user and storage.key for Swift), and let them read and write"
    } else if says(words, &["no space"]) {
        "make room in the store"
    } else {
        "start the store, or correct storage.endpoint (storage.auth_url for Swift)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_told_apart() {
        for (server, oldest) in [
            ("MySQL 9.5.0", None),
            ("MySQL 8.0.44-0ubuntu0", None),
            ("MySQL 5.7.44-log", Some("MySQL 8.0")),
            ("10.11.14-MariaDB-0+deb12u2", None),
            ("5.5.5-10.11.2-MariaDB", None),
            ("10.6.12-MariaDB", Some("MariaDB 10.11")),
            ("11.8.3-MariaDB-1", None),
        ] {
            assert_eq!(too_old(server).as_deref(), oldest, "{server}");
        }
    }
}
