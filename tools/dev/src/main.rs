//! `make dev`: the local deployment with a console page, left up until Ctrl-C.

use std::process::ExitCode;

use local_cloud::LocalCloud;
use local_cloud::report::with_causes;
use local_cloud::session;

mod invitation;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = session::run(async |checkout, run_dir, report| {
        let cloud = LocalCloud::start(checkout, run_dir, report).await?;
        let invite = async { Ok((invitation::prepare(&cloud).await?, String::new())) };
        let (_console, text) = report.step("the first images are uploaded, the console is served", invite).await?;
        report.progress.print(&text);
        report.progress.begin("up; Ctrl-C ends everything");
        std::future::pending().await
    })
    .await;
    match ended {
        Ok(summary) if summary.ok => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("error: {}", with_causes(&*cause));
            ExitCode::FAILURE
        }
    }
}
