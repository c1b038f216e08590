//! Seeds that once broke the promise, each with what it showed.
