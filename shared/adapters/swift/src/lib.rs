//! The ObjectStore port over OpenStack Swift (Cloud Files).
