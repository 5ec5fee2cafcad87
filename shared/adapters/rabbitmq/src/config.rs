//! What a user says about the broker, and what it means. It must never let a password into a text.

use lapin::uri::AMQPUri;
use reelmill_broker::BrokerError;
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// Seconds between heartbeats when the URL doesn't say (`?heartbeat=`): a peer that is silent for about twice as long is gone.
const HEARTBEAT_S: u16 = 10;
/// Largest frame. The library holds 32 of them in each direction of each connection, so with the broker's 128 KiB four
/// buffers of 4 MiB; our messages rarely need a second frame of this size. RabbitMQ takes 8 KiB or more.
const FRAME_BYTES: u32 = 16 * 1024;

/// Where the broker is, and who we are.
#[derive(Clone)]
pub struct RabbitConfig {
    /// `amqp://user:password@host:port/vhost` or `amqps:` (vhost percent-encoded, `/` when left out). Known parameters:
    /// `heartbeat` (seconds), and for `amqps:` `cacertfile` (PEM; then only certificates of this authority are taken, else
    /// those that the system trusts).
    pub url: String,
    /// The name that the broker's administrator sees.
    pub connection_name: String,
}

/// What a URL means.
#[derive(Clone)]
pub(crate) struct Target {
    /// For the AMQP library.
    pub uri: AMQPUri,
    /// PEM file of the only certificate authority to be trusted.
    pub authority: Option<PathBuf>,
    /// For logs and errors: no user, no password.
    pub shown: String,
}

impl Target {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, BrokerError> {
        let wrong = |cause: String| BrokerError::Misconfigured { cause };
        let url = Url::parse(text).map_err(|e| wrong(format!("not a URL: {e}")))?;
        if !matches!(url.scheme(), "amqp" | "amqps") {
            return Err(wrong("it must begin with `amqp:` or `amqps:`".into()));
        }
        let secure = url.scheme() == "amqps";
        for (key, _) in url.query_pairs() {
            match &*key {
                "heartbeat" => {}
                "cacertfile" if secure => {}
                _ => return Err(wrong(format!("the parameter `{key}` is not known"))),
            }
        }
        let mut uri: AMQPUri = text.parse().map_err(wrong)?;
        // The library takes no address in brackets for a host.
        match url.host() {
            Some(Host::Ipv6(address)) => uri.authority.host = address.to_string(),
            Some(_) => {}
            None => return Err(wrong("it names no host".into())),
        }
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        // AMQP's short strings; the library would end the process over a longer one.
        if uri.vhost.len() > 255 {
            return Err(wrong(
                "the name of the vhost is longer than 255 bytes".into(),
            ));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        uri.query.frame_max = Some(FRAME_BYTES);
        let authority = url
            .query_pairs()
            .find(|(key, _)| key == "cacertfile")
            .map(|(_, file)| Path::new(&*file).to_owned());
        let shown = format!(
            "{}://{}:{}/{}",
            url.scheme(),
            url.host_str().unwrap_or_default(),
            uri.authority.port,
            uri.vhost.trim_start_matches('/')
        );
        Ok(Self {
            uri,
            authority,
            shown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_whole_and_shown_without_its_secret() {
        let read = Target::parse(
            "amqps://u%40x:s%2Fcret@rabbit.example/video%2Ffarm?heartbeat=7&cacertfile=/etc/ca.pem",
        )
        .unwrap();
        assert_eq!(read.uri.authority.userinfo.username, "u@x");
        assert_eq!(read.uri.authority.userinfo.password, "s/cret");
        assert_eq!(read.uri.authority.port, 5671);
        assert_eq!(read.uri.vhost, "video/farm");
        assert_eq!(read.uri.query.heartbeat, Some(7));
        assert_eq!(read.authority.as_deref(), Some(Path::new("/etc/ca.pem")));
        assert_eq!(read.shown, "amqps://rabbit.example:5671/video/farm");
    }

    #[test]
    fn what_is_left_out_has_a_meaning() {
        for text in ["amqp://rabbit", "amqp://rabbit/", "amqp://rabbit/%2f"] {
            let read = Target::parse(text).unwrap();
            assert_eq!(read.uri.vhost, "/", "{text}");
            assert_eq!(read.uri.authority.port, 5672, "{text}");
            assert_eq!(read.uri.query.heartbeat, Some(HEARTBEAT_S), "{text}");
        }
        let six = Target::parse("amqp://[::1]:5673").unwrap();
        assert_eq!(six.uri.authority.host, "::1");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "rabbit:5672",
            "http://rabbit",
            "amqp:rabbit",
            "amqp://rabbit?cacertfile=/x",
            "amqps://rabbit?verify=verify_none",
            "amqp://rabbit?heartbeat=often",
            &format!("amqp://rabbit/{}", "v".repeat(256)),
        ] {
            let refused = Target::parse(text);
            assert!(
                matches!(refused, Err(BrokerError::Misconfigured { .. })),
                "{text}"
            );
        }
    }
}
