//! An object in another thread, which has another kernel.
use aws_cdk_lib::App;

fn main() -> aws_cdk_lib::Result<()> {
    let app = App::new()?;
    std::thread::spawn(move || app.synth());
    Ok(())
}
