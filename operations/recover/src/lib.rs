//! Enqueues again what the stream gave up on or what an outage hid.
