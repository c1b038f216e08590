//! The memory that a process keeps for its next image.

/// Variables that let glibc's `malloc` keep freed memory (mallopt(3)). Without them, the buffers of each image go back to the
/// kernel, which maps and clears them again for the next one: 8 to 18 % of the time of a full-HD variant
/// (`docs/adr/0061-image-processing-keeps-its-memory.md`).
///
/// 32 MiB is the largest threshold that every glibc accepts on 64 bits. The free end of the heap is returned beyond 256 MiB, a
/// seventh of image-processing's memory.
pub const KEPT: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "268435456")];
