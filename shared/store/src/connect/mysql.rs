//! How connections to MySQL and MariaDB are made and kept, and what every session is set to. No query of ours.

use super::Options;
use crate::StoreError;
use sea_orm::{ConnectOptions, sqlx};
use sqlx::{
    Executor,
    mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode},
};
use std::{path::PathBuf, str::FromStr, time::Duration};

/// What every session is set to, whatever the server's configuration says:
/// - values that don't fit are errors, never cut (`STRICT_ALL_TABLES`), and no SQL dialect changes its meaning;
/// - `READ COMMITTED`: every write is guarded by a compare-and-set or a row lock, and a read that follows a row lock must
///   see what the lock's last holder committed, not a snapshot from before. There are no gap locks, and so few deadlocks;
/// - waiting for a row ends after 10 s, waiting for a table that is being migrated after 60 s;
/// - a client that vanished without a word, or stands still inside a transaction, keeps its locks for at most a minute.
const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    SESSION innodb_lock_wait_timeout = 10, SESSION lock_wait_timeout = 60, SESSION wait_timeout = 60";
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Below `wait_timeout`: a connection is closed by us before the server closes it.
const IDLE: Duration = Duration::from_secs(45);
/// A connection that was unused for so long is tried before it is used.
const UNTRIED: Duration = Duration::from_secs(1);

/// Where systems keep the authorities they trust: Debian and Alpine, Red Hat, others.
const SYSTEM_CA: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

pub(super) fn options(url: &str, options: &Options) -> Result<ConnectOptions, StoreError> {
    let bad = |cause: String| StoreError::BadUrl {
        url: "mysql".to_owned(),
        cause,
    };
    let parsed = MySqlConnectOptions::from_str(url).map_err(|cause| bad(cause.to_string()))?;
    if !url.starts_with("mysql://") || parsed.get_database().is_none() {
        return Err(bad(
            "it must be `mysql://USER:PASSWORD@HOST:PORT/DATABASE`".to_owned()
        ));
    }
    let tls = Tls::choose(url, parsed.get_ssl_mode(), options.ca_file.clone()).map_err(bad)?;
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(options.pool.max(2))
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(IDLE)
        .test_before_acquire_if_idle_for(UNTRIED)
        .sqlx_logging(false)
        .map_sqlx_mysql_opts(move |o| {
            tls.clone().set(
                o.charset("utf8mb4")
                    .pipes_as_concat(false)
                    .no_engine_substitution(false),
            )
        })
        .map_sqlx_mysql_pool_opts(|pool| {
            pool.after_connect(|connection, _| Box::pin(begin_session(connection)))
        });
    Ok(connect)
}

async fn begin_session(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    connection.execute(SESSION).await?;
    connection.execute(ISOLATION).await.map(|_| ())
}

/// What of TLS the URL leaves open.
#[derive(Debug, Clone)]
struct Tls {
    mode: MySqlSslMode,
    ca_file: Option<PathBuf>,
}

impl Tls {
    fn choose(url: &str, mode: MySqlSslMode, ca_file: Option<PathBuf>) -> Result<Self, String> {
        let says = |names: [&str; 2]| {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            query.split('&').any(|pair| {
                names
                    .iter()
                    .any(|name| pair.split('=').next() == Some(*name))
            })
        };
        let mode = match says(["ssl-mode", "sslmode"]) || ca_file.is_none() {
            true => mode,
            false => MySqlSslMode::VerifyIdentity,
        };
        let checked = matches!(mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
        let ca_file = match ca_file {
            None if checked && !says(["ssl-ca", "sslca"]) => Some(system_ca()?),
            file => file,
        };
        Ok(Self { mode, ca_file })
    }

    fn set(self, options: MySqlConnectOptions) -> MySqlConnectOptions {
        let options = options.ssl_mode(self.mode);
        match self.ca_file {
            Some(file) => options.ssl_ca(file),
            None => options,
        }
    }
}

fn system_ca() -> Result<PathBuf, String> {
    SYSTEM_CA
        .into_iter()
        .map(PathBuf::from)
        .find(|file| file.is_file())
        .ok_or_else(|| {
            "its `ssl-mode` checks certificates, but this system keeps no list of authorities; name one with `ssl-ca=FILE` \
             or `database.ca_file`"
                .to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(url: &str, ca: Option<&str>) -> (MySqlSslMode, Option<PathBuf>) {
        let mode = MySqlConnectOptions::from_str(url).unwrap().get_ssl_mode();
        let tls = Tls::choose(url, mode, ca.map(PathBuf::from)).unwrap();
        (tls.mode, tls.ca_file)
    }

    #[test]
    fn a_named_authority_means_that_certificates_are_checked() {
        let plain = "mysql://u@h/d";
        assert!(matches!(
            choose(plain, None),
            (MySqlSslMode::Preferred, None)
        ));
        let (mode, ca) = choose(plain, Some("/ca.pem"));
        assert!(matches!(mode, MySqlSslMode::VerifyIdentity));
        assert_eq!(ca, Some(PathBuf::from("/ca.pem")));
        let (mode, _) = choose("mysql://u@h/d?ssl-mode=VERIFY_CA", Some("/ca.pem"));
        assert!(matches!(mode, MySqlSslMode::VerifyCa));
        let (mode, ca) = choose(
            "mysql://u@h/d?ssl-mode=verify_identity&ssl-ca=/own.pem",
            None,
        );
        assert!(matches!(mode, MySqlSslMode::VerifyIdentity));
        assert_eq!(ca, None, "the URL's own stands");
    }

    #[test]
    fn a_url_without_a_database_is_refused() {
        for url in ["mysql://u:secret@h", "mysql:", "mysql://u:secret@h:port/d"] {
            let error = options(url, &Options::default()).unwrap_err();
            assert!(matches!(error, StoreError::BadUrl { .. }), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
