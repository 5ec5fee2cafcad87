//! One suite for every broker adapter.
