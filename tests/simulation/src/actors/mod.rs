//! The actors: editors, the stream's mapping, the scheduler, admins, viewers, and the causes of outages.

pub(crate) mod admin;
pub(crate) mod editor;
pub(crate) mod many;
pub(crate) mod outages;
pub(crate) mod reader;
pub(crate) mod scheduler;
pub(crate) mod stream;
pub(crate) mod viewer;
