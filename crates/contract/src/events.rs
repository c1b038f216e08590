//! The event of a completed purge, as EventBridge carries it: what the functions publish and rules select.

/// The source of the event.
pub const SOURCE: &str = "image-service";

/// The type of the event's detail.
pub const PURGE_COMPLETED: &str = "Purge Completed";
