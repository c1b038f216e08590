//! `imagecache` on a terminal: the questions, the view that is redrawn, the progress bars, the colours and a narrow screen.

use std::process::Command;
use std::time::Duration;

use local_cloud::LocalCloud;
use local_cloud::Tenant;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::expectation::{UnmetError, expect_eq, expect_seen};
use local_cloud::imagecache;
use local_cloud::report::{Report, StepError};
use local_cloud::test_image::Colour;
use local_cloud::viewer::Cache;
use terminal::{CTRL_C, CTRL_D, ENTER, Ended, Terminal};

use super::{LOCATION, OTHER, PACK, TENANT, dead_letter, emptied};
use crate::imagecache::run;

/// The rows and columns of a usual terminal, and of a narrow one.
const USUAL: (u16, u16) = (24, 120);
const NARROW: (u16, u16) = (20, 40);

/// The time limit of a purge, and of everything else.
const PURGED_WITHIN: Duration = Duration::from_mins(2);
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// The beginning of every escape sequence.
const ESCAPE: &str = "\x1b[";
/// A text of the progress bar of a purge.
const BAR: &str = "purges completed";
/// The tenant's name as an answer.
const CONSENT: &str = "acme\r";

/// Plays the commands.
pub(super) async fn play(cloud: &LocalCloud, tenant: &Tenant, report: &Report) -> Result<(), StepError> {
    let name = "at a terminal, imagecache purge asks for the tenant's name, and any other answer purges nothing";
    report.check(name, withheld(cloud)).await?;
    report.check("with the tenant's name, it purges a location and the whole tenant", consented(cloud, tenant)).await?;
    report.check("dead-letters discard and forget-tenant ask, too", other_questions(cloud)).await?;
    let name = "progress bars are on stderr, on a terminal only, and vanish";
    report.check(name, progress(cloud)).await?;
    report.check("imagecache watch redraws in place, and Ctrl-C ends it", watch(cloud, USUAL)).await?;
    report.check("on 40 columns it shows as much as fits, as lists", watch(cloud, NARROW)).await?;
    report.check("on 40 columns, tables are lists", narrow(cloud)).await?;
    let name = "colours are on a terminal only, not with NO_COLOR and not in JSON";
    report.check(name, colours(cloud)).await
}

/// Each answer that is no consent, and the exit code.
async fn withheld(cloud: &LocalCloud) -> Result<String, Cause> {
    let mut details = Vec::new();
    let ledger = cloud.observer()?.ledger().await?.len();
    for scope in [&["--location", LOCATION][..], &["--whole-tenant"]] {
        for (answer, code) in [("no\r", 1), ("yes\r", 1), ("globex\r", 1), (ENTER, 1), (CTRL_D, 1), (CTRL_C, 130)] {
            let arguments = [&["purge", TENANT], scope].concat();
            let mut terminal = start(cloud, USUAL, &arguments, &[])?;
            terminal.until("Type acme to purge them: ", SEEN_WITHIN).await?;
            terminal.press(answer).await?;
            let ended = terminal.end(SEEN_WITHIN).await?;
            let screen = ended.screen.contents();
            expect_eq(&format!("the exit code after {answer:?}:\n{screen}"), &ended.code, &code)?;
            let says = "Nothing is purged: the answer is not acme.";
            expect_eq(
                &format!("whether it says so after {answer:?}:\n{screen}"),
                &screen.contains(says),
                &(code == 1),
            )?;
            expect_eq("how often the item is on the screen", &screen.matches("#acme").count(), &1)?;
            details.push(format!("{answer:?}: exit code {code}\n{screen}"));
        }
    }
    expect_eq("the queue", &cloud.observer()?.queue().await?, &vec![])?;
    expect_eq("the purges in the ledger", &cloud.observer()?.ledger().await?.len(), &ledger)?;
    Ok(details.join("\n\n"))
}

async fn consented(cloud: &LocalCloud, tenant: &Tenant) -> Result<String, Cause> {
    let mut details = Vec::new();
    for (scope, target, size) in
        [(&["--location", LOCATION][..], "location#main", USUAL), (&["--whole-tenant"], "tenant", NARROW)]
    {
        tenant.viewer.fetch(OTHER, LOCATION).await?;
        let mut terminal = start(cloud, size, &[&["purge", TENANT], scope].concat(), &[])?;
        terminal.until("to purge them: ", SEEN_WITHIN).await?;
        terminal.press(CONSENT).await?;
        let ended = terminal.end(PURGED_WITHIN).await?;
        let screen = expect_end(&ended, 0, &[target, "Queued for acme: 1.", "Completed"])?;
        expect_eq("whether the bar was shown", &ended.written.contains(BAR), &true)?;
        expect_eq(&format!("whether it is left on the screen:\n{screen}"), &screen.contains(BAR), &false)?;
        expect_seen(OTHER, &tenant.viewer.fetch(OTHER, LOCATION).await?, Cache::Miss, Colour::Blue)?;
        details.push(screen);
    }
    Ok(details.join("\n\n"))
}

async fn other_questions(cloud: &LocalCloud) -> Result<String, Cause> {
    let id = dead_letter(cloud).await?;
    let mut screens = Vec::new();
    for (arguments, question, answer, code, says) in [
        (&["dead-letters", "discard", &id][..], "Type yes: ", ENTER, 1, "Nothing is deleted."),
        (&["dead-letters", "discard", &id], "Type yes: ", "yes\r", 0, "unknown"),
        (&["forget-tenant", "--tenant", "nowhere"], "to keep them: ", "no\r", 0, "Kept the packs"),
        (&["forget-tenant", "--tenant", "nowhere"], "to keep them: ", "nowhere\r", 0, "Deleted 0 packs"),
    ] {
        let mut terminal = start(cloud, USUAL, arguments, &[])?;
        terminal.until(question, SEEN_WITHIN).await?;
        terminal.press(answer).await?;
        screens.push(expect_end(&terminal.end(PURGED_WITHIN).await?, code, &[says])?);
    }
    run(cloud, &["dead-letters", "list"]).await?.expect(true, &[])?;
    Ok(screens.join("\n\n"))
}

/// A purge with stdout in a file and the bar on the terminal, and one with stderr in a file and no bar anywhere.
async fn progress(cloud: &LocalCloud) -> Result<String, Cause> {
    let folder = tempfile::tempdir()?;
    let purge = ["purge", TENANT, PACK];
    let redirected = async |redirection: &str| -> Result<(Ended, String), Cause> {
        let file = folder.path().join("output");
        let command = command(cloud, &purge)?;
        let script = format!("exec \"$0\" \"$@\" {redirection}\"{}\"", file.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let ended = Terminal::run(&shell, USUAL)?.end(PURGED_WITHIN).await?;
        Ok((ended, std::fs::read_to_string(&file)?))
    };
    let (ended, stdout) = redirected(">").await?;
    let screen = expect_end(&ended, 0, &["Queued for acme: 1."])?;
    expect_eq("whether the bar was shown", &ended.written.contains(BAR), &true)?;
    expect_eq("the screen, without a bar", &screen.trim(), &"Queued for acme: 1.")?;
    expect_eq(
        "whether stdout has the result only",
        &(stdout.starts_with("STARTED") && stdout.lines().count() == 2),
        &true,
    )?;
    expect_eq("whether stdout has escape sequences", &stdout.contains(ESCAPE), &false)?;
    let (ended, stderr) = redirected("2>").await?;
    expect_end(&ended, 0, &["Completed"])?;
    expect_eq("the text on stderr", &stderr.as_str(), &"Queued for acme: 1.\n")?;
    expect_eq("whether a bar was shown", &ended.written.contains(BAR), &false)?;
    Ok(format!("stdout in a file:\n{stdout}\nthe terminal:\n{screen}"))
}

/// Watches a purge on a terminal of that size, and presses Ctrl-C.
async fn watch(cloud: &LocalCloud, size: (u16, u16)) -> Result<String, Cause> {
    let mut terminal = start(cloud, size, &["watch", "--every", "1s"], &[])?;
    terminal.until("0 rows wait", SEEN_WITHIN).await?;
    run(cloud, &["purge", TENANT, PACK, "--no-wait"]).await?.expect(true, &[])?;
    terminal.until("1 rows wait", SEEN_WITHIN).await?;
    let during = terminal.screen();
    emptied(cloud).await?;
    terminal.until("0 rows wait", SEEN_WITHIN).await?;
    terminal.press(CTRL_C).await?;
    let ended = terminal.end(SEEN_WITHIN).await?;
    let screen = expect_end(&ended, 0, &["^C"])?;
    for shown in [&during, &screen] {
        let first = shown.lines().next().unwrap_or_default();
        expect_eq(&format!("whether the view begins in the first row:\n{shown}"), &first.ends_with("Z of dev"), &true)?;
        expect_eq(&format!("how often it is shown:\n{shown}"), &shown.matches("Z of dev").count(), &1)?;
    }
    expect_eq("whether it was redrawn", &(ended.written.matches("Z of dev").count() > 2), &true)?;
    expect_eq("whether the cursor is hidden", &ended.screen.hide_cursor(), &false)?;
    expect_eq("whether another screen is left", &ended.screen.alternate_screen(), &false)?;
    expect_eq(&format!("the column of the cursor:\n{screen}"), &ended.screen.cursor_position().1, &0)?;
    Ok(format!("{during}\n\nafter Ctrl-C, exit code 0:\n{screen}"))
}

async fn narrow(cloud: &LocalCloud) -> Result<String, Cause> {
    let status = start(cloud, NARROW, &["status", "--tenant", TENANT], &[])?.end(SEEN_WITHIN).await?;
    let status = expect_end(&status, 0, &["TENANT        acme", "WAITING       0"])?;
    run(cloud, &["purge", TENANT, PACK, "--no-wait"]).await?.expect(true, &[])?;
    let queue = start(cloud, NARROW, &["queue", "--tenant", TENANT], &[])?.end(SEEN_WITHIN).await?;
    let queue =
        expect_end(&queue, 0, &["TENANT        acme", "TARGET        pack#commands-cat", "REASONS       manual"])?;
    emptied(cloud).await?;
    Ok(format!("{status}\n\n{queue}"))
}

async fn colours(cloud: &LocalCloud) -> Result<String, Cause> {
    let emulator = cloud.parts.emulator.endpoint_url();
    let doctor = ["doctor", TENANT, "--viewer-endpoint", &emulator];
    let on_terminal = |arguments: &[&str], variables: &[(&str, &str)]| start(cloud, USUAL, arguments, variables);
    let coloured = on_terminal(&doctor, &[])?.end(SEEN_WITHIN).await?;
    expect_end(&coloured, 0, &["ok      acme: "])?;
    expect_eq("whether `ok` has a colour", &coloured.written.contains("\x1b[1m\x1b[32mok"), &true)?;
    let json = [&doctor[..], &["--output", "json"]].concat();
    for (arguments, variables) in [(&doctor[..], &[("NO_COLOR", "1")][..]), (&json, &[])] {
        let plain = on_terminal(arguments, variables)?.end(SEEN_WITHIN).await?;
        let screen = expect_end(&plain, 0, &["acme"])?;
        expect_eq(
            &format!("whether {arguments:?} has escape sequences:\n{screen}"),
            &plain.written.contains(ESCAPE),
            &false,
        )?;
    }
    let piped = run(cloud, &doctor).await?.expect(true, &["ok      acme: "])?;
    expect_eq("whether a pipe has escape sequences", &piped.text.contains(ESCAPE), &false)?;
    Ok(coloured.written.lines().next().map(|line| format!("{line:?}")).unwrap_or_default())
}

/// Runs `imagecache` on a terminal of that size.
fn start(
    cloud: &LocalCloud,
    size: (u16, u16),
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Terminal, Cause> {
    let mut command = command(cloud, arguments)?;
    command.envs(variables.iter().copied());
    Terminal::run(&command, size).context(arguments.join(" "))
}

fn command(cloud: &LocalCloud, arguments: &[&str]) -> Result<Command, Cause> {
    let mut command = imagecache::command(cloud)?.into_std();
    // The variable of the person who runs the test.
    command.env_remove("NO_COLOR").args(arguments);
    Ok(command)
}

/// Checks the exit code and that the screen has each of `texts`. Returns the screen.
fn expect_end(ended: &Ended, code: i32, texts: &[&str]) -> Result<String, Cause> {
    let screen = ended.screen.contents();
    if ended.code != code || texts.iter().any(|text| !screen.contains(text)) {
        let seen = format!("exit code {} and:\n{screen}", ended.code);
        return Err(UnmetError::new(format!("exit code {code} and {texts:?}"), seen).into());
    }
    Ok(screen)
}
