//! Programs that must not compile, each with the error that its author reads.

/// Each file in `tests/misuse` has one mistake, and beside it the compiler's text. `TRYBUILD=overwrite` in the environment
/// writes the texts.
#[test]
fn a_program_with_a_mistake_does_not_compile_and_the_error_names_the_mistake() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
