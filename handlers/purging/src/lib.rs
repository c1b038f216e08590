//! The purge protocol: what a run does, step by step, over ports to the world outside.
