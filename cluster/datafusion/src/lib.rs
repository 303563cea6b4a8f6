//! The engine inside DataFusion.
