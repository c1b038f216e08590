//! The command line, as a shell runs it: help, errors of usage and exit codes, without an environment.

#[test]
fn the_command_line_responds_as_its_transcripts_say() {
    let cases = trycmd::TestCases::new();
    // The user's own AWS configuration must not reach a real account.
    for (name, value) in [
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("NO_COLOR", "1"),
    ] {
        cases.env(name, value);
    }
    cases.case("tests/command_line/*.trycmd");
}
