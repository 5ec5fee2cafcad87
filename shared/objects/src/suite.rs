//! One suite for every object store adapter.
