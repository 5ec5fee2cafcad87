//! The Broker port over RabbitMQ.
