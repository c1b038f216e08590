//! The Lambda function `image-management`: reads its configuration, builds its clients, runs.

fn main() {}
