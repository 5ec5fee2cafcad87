//! The ObjectStore port over S3 and what speaks like it.
