//! What a native program brings to the engine.
