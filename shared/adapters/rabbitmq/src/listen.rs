//! Listening to a fan-out: everything from now on. The queue is the listener's own and goes with it; what it doesn't take in time,
//! oldest first, is lost at the broker and costs nobody anything.

use crate::{
    body::{self, Wire},
    close::close,
    link::{Link, PATIENCE, within},
    topology,
};
use async_trait::async_trait;
use futures::StreamExt;
use lapin::{
    Channel, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use reelmill_broker::{BrokerError, Delivery, Source};
use std::marker::PhantomData;
use tokio::{runtime::Handle, time::Instant};

/// Messages sent ahead; without a bound the broker would send everything at once, to be kept here.
const AHEAD: u16 = 256;

const LISTENING: &str = "listening";

/// A listener.
pub struct Listener<T> {
    exchange: &'static str,
    consumer: Consumer,
    /// Closes with the listener, and its queue with it.
    channel: Channel,
    runtime: Handle,
    hears: PhantomData<fn() -> T>,
}

impl<T> Listener<T> {
    /// Begins to listen.
    pub async fn open(link: &Link, exchange: &'static str) -> Result<Self, BrokerError> {
        let live = link.wait(LISTENING, Instant::now() + PATIENCE).await?;
        let channel = live.channel(LISTENING).await?;
        within(LISTENING, topology::declare(&channel)).await?;
        let options = BasicQosOptions { global: false };
        within(LISTENING, channel.basic_qos(AHEAD, options)).await?;
        let queue = within(LISTENING, topology::declare_listener(&channel, exchange)).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consuming = channel.basic_consume(queue, "".into(), options, none);
        Ok(Self {
            exchange,
            consumer: within(LISTENING, consuming).await?,
            channel,
            runtime: Handle::current(),
            hears: PhantomData,
        })
    }
}

#[async_trait]
impl<T: Wire> Source<T> for Listener<T> {
    async fn next(&mut self) -> Option<Delivery<T>> {
        loop {
            let heard = match self.consumer.next().await? {
                Ok(heard) => heard,
                Err(error) => {
                    tracing::debug!(exchange = self.exchange, %error, "listening was ended");
                    return None;
                }
            };
            // Makes room for the next; what was heard may be lost from here on.
            within(LISTENING, heard.acker.ack(BasicAckOptions::default()))
                .await
                .ok()?;
            match body::read::<T>(LISTENING, &heard.data, &heard.properties) {
                Ok(message) => return Some(Delivery::transient(message)),
                Err(error) => {
                    tracing::debug!(exchange = self.exchange, %error, "passed over what can't be read")
                }
            }
        }
    }
}

impl<T> Drop for Listener<T> {
    fn drop(&mut self) {
        close(&self.runtime, self.channel.clone(), self.consumer.clone());
    }
}
