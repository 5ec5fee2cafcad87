//! A proxy that stands before a real server and breaks what passes, by rule, and counts every break: a fault test counts
//! only when it proves that its fault hit. And a virtual host of a test's own on a real RabbitMQ. For tests only; it must never change a byte that it was not told to break.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use reelmill_faults::{Fault, Proxy, Rule};
//! let proxy = Proxy::http("127.0.0.1:9000").await?;
//! let hits = proxy.add(Rule::new(Fault::ResetRequest { after: 100_000 }).method("PUT").times(1));
//! // … point the client at `proxy.url()` …
//! assert_eq!(hits.count(), 1);
//! # Ok(()) }
//! ```

mod dice;
mod head;
mod proxy;
mod pump;
mod rule;
mod vhost;

pub use proxy::Proxy;
pub use rule::{Fault, Hits, Rule};
pub use vhost::{Vhost, variable};
