//! The build script in the guide is the one of this crate.

#[test]
fn the_guide_shows_the_build_script() {
    let (_, script) = include_str!("../build.rs").split_once("\n\n").unwrap_or_default();
    let guide = include_str!("../../../docs/cdk-in-rust.md");
    assert!(script.len() > 300 && guide.contains(&format!("```rust,no_run\n{script}```")), "{script}");
}
