//! URLs as the adapters read them. Pure.

use std::path::Path;

/// A path as the URL of a SQLite database: what a URL would take for something else is escaped.
pub fn sqlite(path: &Path) -> String {
    let mut url = String::from("sqlite:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'%' | b'?' | b'#' => url.push_str(&format!("%{byte:02X}")),
            0x20..=0x7e => url.push(char::from(*byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// A broker's URL with the authorities that it may be signed by, unless it names some itself.
pub fn amqp(url: &str, ca_file: Option<&Path>) -> String {
    let named = |query: &str| query.split('&').any(|pair| pair.starts_with("cacertfile="));
    let query = url.split_once('?').map(|(_, query)| query);
    match ca_file.filter(|_| url.starts_with("amqps:") && !query.is_some_and(named)) {
        None => url.to_owned(),
        Some(file) => {
            let file = escaped(file);
            let glue = if query.is_some() { '&' } else { '?' };
            format!("{url}{glue}cacertfile={file}")
        }
    }
}

/// Everything but what a path is usually made of, percent-encoded.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_url_takes_the_authorities_on() {
        let file = Some(Path::new("/etc/my ca.pem"));
        for (url, whole) in [
            ("amqps://mq", "amqps://mq?cacertfile=/etc/my%20ca.pem"),
            (
                "amqps://mq/%2f?heartbeat=5",
                "amqps://mq/%2f?heartbeat=5&cacertfile=/etc/my%20ca.pem",
            ),
            ("amqps://mq?cacertfile=/a", "amqps://mq?cacertfile=/a"),
            ("amqp://mq", "amqp://mq"),
        ] {
            assert_eq!(amqp(url, file), whole);
        }
        assert_eq!(amqp("amqps://mq", None), "amqps://mq");
    }
}
