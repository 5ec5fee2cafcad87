//! RabbitMQ passes the suite of its port.

mod common;

use common::fresh;

reelmill_broker::broker_suite!(fresh);
