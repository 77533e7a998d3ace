//! Admin routes (being written).
