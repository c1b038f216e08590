//! The management API: `/adminAPI/…`, by which editors change pictures.
