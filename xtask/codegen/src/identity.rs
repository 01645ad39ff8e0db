//! Compares descriptor sets.
