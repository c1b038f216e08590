//! The queue protocol as a model that is checked exhaustively.
