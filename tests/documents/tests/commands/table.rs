//! The coverage of the documents' commands.

/// The coverage of a command. In either case its program's module checks targets, options and parameters.
#[derive(Debug)]
pub(crate) enum Coverage {
    /// A test runs it: the file, and the text of its step in that file.
    Run(&'static str, &'static str),
    /// No test can run it, for this reason.
    NotRun(&'static str),
}
use Coverage::{NotRun, Run};

const CI: &str = ".ci/run";
const FIRST_DAY: &str = ".ci/first-day";
const COMMANDS: &str = "tests/end-to-end/src/commands.rs";
const TROUBLESHOOTING: &str = "tests/end-to-end/src/troubleshooting.rs";
const ACCOUNT: &str = "it needs an account";

/// The first words of commands, and what covers all commands that begin with them. The longest beginning counts.
pub(crate) const TABLE: &[(&str, Coverage)] = &[
    ("make prerequisites", Run("tests/documents/tests/first_day.rs", "fn errors_with")),
    ("make setup", Run(CI, "make --no-print-directory setup setup-browser")),
    ("make setup-browser", Run(CI, "make --no-print-directory setup setup-browser")),
    ("make lint", Run(CI, "make --no-print-directory lint")),
    ("make test", Run(CI, "make --no-print-directory test")),
    ("make run", Run(FIRST_DAY, "make --no-print-directory run")),
    ("make dev", Run(FIRST_DAY, "make --no-print-directory dev")),
    ("make simulate SEED=4711", Run(FIRST_DAY, "make --no-print-directory simulate SEED=4711")),
    ("make simulate SEEDS=1000000", NotRun("it takes hours; `make test` plays 10,000 seeds")),
    ("make diff", Run(".github/workflows/ci.yml", "make diff BASE=")),
    ("make check", NotRun("`make lint` and `make test` run the same commands")),
    ("make verify", Run(FIRST_DAY, "make verify")),
    ("make handlers", NotRun("minutes for release builds; the local deployment runs `app build` with its own profile")),
    ("make docs", NotRun("it downloads and builds mdBook; tests/documents/tests/links.rs checks links and chapters")),
    ("make bench", NotRun("it takes more than an hour")),
    ("make reproducible", NotRun("it takes 20 minutes")),
    ("make deny", NotRun("it reads the advisory database from GitHub")),
    ("make clean", NotRun("it would remove what the other tests use")),
    ("npm install", NotRun("the test of the guide's project links the packages that `make setup` installs")),
    ("npx cdk synth", Run("cdk/aws-cdk-lib/tests/packaged.rs", "check(guide()")),
    ("cdk bootstrap", Run("tools/local-cloud/src/cloud.rs", "the CDK bootstraps the account")),
    ("cdk deploy", Run("tools/local-cloud/src/cloud.rs", "the CDK builds the handlers and deploys the stacks")),
    ("cdk destroy", Run("tests/end-to-end/src/removal.rs", "its distribution is deleted, while changes of it wait")),
    (
        "cdk diff",
        Run("tests/end-to-end/src/documents.rs", "cdk diff and cdk drift of the documents find no difference"),
    ),
    (
        "cdk drift",
        Run("tests/end-to-end/src/documents.rs", "cdk diff and cdk drift of the documents find no difference"),
    ),
    ("curl", Run("tests/end-to-end/src/documents.rs", "the curl commands of the documents succeed")),
    (
        "imagecache verify",
        Run("tests/end-to-end/src/verification.rs", "imagecache verify holds when everything is mended"),
    ),
    (
        "imagecache forget-tenant",
        Run(
            "tests/end-to-end/src/removal.rs",
            "imagecache forgets it, and keeps its packs and originals without consent",
        ),
    ),
    ("imagecache status", Run(COMMANDS, "imagecache status shows each tenant and the quotas")),
    ("imagecache queue", Run(COMMANDS, "imagecache queue and watch follow the purges of stdin")),
    ("imagecache history", Run(COMMANDS, "imagecache history and cost know that purge")),
    ("imagecache cost", Run(COMMANDS, "imagecache history and cost know that purge")),
    ("imagecache purge", Run(COMMANDS, "imagecache purge waits until a pack is purged, and no other")),
    ("imagecache dead-letters", Run(COMMANDS, "imagecache dead-letters lists, replays and discards")),
    ("imagecache why", Run(TROUBLESHOOTING, "The new image shows, and the purge has not ended")),
    ("imagecache check", Run(TROUBLESHOOTING, "An edited image still shows the old one")),
    ("imagecache doctor", Run(TROUBLESHOOTING, "No purge run starts by itself")),
    (
        "imagecache console",
        Run("tests/end-to-end/src/operators_console.rs", "every view is reached by keys, and Back leads back"),
    ),
    ("imagecache resync", Run("tests/end-to-end/src/scenario.rs", "imagecache enqueues each of them once")),
    (
        "cargo install --path tools/imagecache",
        NotRun("it writes outside of this checkout; `make test` runs the same program"),
    ),
    ("cargo test --workspace --bin imagecache", Run("Makefile", "cargo test --workspace --no-fail-fast")),
    ("cargo test --workspace --test compliance", Run("Makefile", "cargo test --workspace --no-fail-fast")),
    ("cargo test --workspace --lib schema", Run("Makefile", "cargo test --workspace --no-fail-fast")),
    ("cargo test --workspace --test openapi", Run("Makefile", "cargo test --workspace --no-fail-fast")),
    ("cargo test --workspace --test stacks", Run("Makefile", "cargo test --workspace --no-fail-fast")),
    ("aws sso login", NotRun(ACCOUNT)),
    ("export", NotRun("it sets a variable of the reader's shell")),
];
