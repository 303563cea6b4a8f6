//! The engine on a Ballista cluster.
