//! API views.
