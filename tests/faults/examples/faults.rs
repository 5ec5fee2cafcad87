//! A proxy for trying things by hand: `faults UPSTREAM PERCENT [SEED]` breaks so many of a hundred requests.
#![allow(clippy::print_stdout, reason = "it tells where it listens")]

use reelmill_faults::{Fault, Proxy, Rule};
use std::{env, io, time::Duration};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut given = env::args().skip(1);
    let upstream = given.next().unwrap_or_else(|| "127.0.0.1:9000".into());
    let mut number = |otherwise| {
        given
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(otherwise)
    };
    let (percent, seed) = (number(10), number(1));
    let proxy = Proxy::http(&upstream).await?;
    proxy.seed(seed);
    let hits = proxy.add(
        Rule::any_of([
            Fault::Answer(500),
            Fault::Answer(503),
            Fault::ResetRequest { after: 10_000 },
            Fault::ResetResponse { after: 0 },
            Fault::AnswerAfter(500),
        ])
        .percent(percent),
    );
    println!(
        "{} before {upstream}, {percent} %, seed {seed}",
        proxy.url()
    );
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        println!("{} of {} requests broken", hits.count(), proxy.seen());
    }
}
