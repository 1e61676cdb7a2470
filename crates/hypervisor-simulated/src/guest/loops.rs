//! The loops of a guest's shell: `for`, `while` and `until`.

use super::{
    going::{COMMAND_COUNTS, Given, Refused, Run},
    signals::Signal,
    streams::Print,
    syntax_tree::{self, Command},
    userland::Userland,
};
use russh::Error;

/// Bytes of a loop's commands that count as one printed byte: each iteration copies them.
const LAP_WEIGHS: usize = 4;

/// What starts a loop's next iteration.
pub(crate) enum Laps {
    Values { name: String, values: std::vec::IntoIter<String> },
    While { condition: Vec<Command>, until: bool },
}

impl Laps {
    fn weight(&self) -> usize {
        match self {
            Laps::Values { .. } => 0,
            Laps::While { condition, .. } => syntax_tree::weight("", condition),
        }
    }
}

impl Userland {
    /// Runs commands repeatedly, and returns whether one of them ends the shell. Each iteration counts like printed
    /// bytes.
    pub(crate) async fn laps<P: Print>(
        &self,
        mut laps: Laps,
        commands: &[Command],
        given: &Given<'_>,
        run: &mut Run<'_, '_, P>,
    ) -> Result<bool, Error> {
        let weight = syntax_tree::weight("", commands) + laps.weight();
        // An iteration runs a copy of them.
        let mut share = self.memory.share();
        if !share.resize(weight) {
            self.refuse(run.shell, Refused::no_memory(), run.out).await?;
            return Ok(false);
        }
        let mut status = 0;
        run.shell.loops += 1;
        let exit = loop {
            self.spend(COMMAND_COUNTS + weight / LAP_WEIGHS, run).await?;
            if run.going.left.is_none() {
                break true;
            }
            match &mut laps {
                Laps::Values { name, values } => match values.next() {
                    Some(value) => _ = run.shell.variables.insert(name.clone(), value),
                    None => break false,
                },
                Laps::While { condition, until } => {
                    let errexit = std::mem::take(&mut run.shell.options.errexit);
                    let ended = self.inside(condition.clone(), given.input, run).await?;
                    run.shell.options.errexit = errexit;
                    if ended.exit {
                        break true;
                    }
                    let holds = run.shell.leaving.is_none() && (run.shell.status == 0) != *until;
                    let goes_on = run.shell.leaving.is_some_and(|leaving| leaving.goes_on);
                    if run.shell.leaves_loop() || !holds && !goes_on {
                        break false;
                    }
                    if goes_on {
                        continue;
                    }
                }
            }
            let errexit = run.shell.options.errexit;
            run.shell.options.errexit &= !given.is_asked;
            let ended = self.inside(commands.to_vec(), given.input, run).await?;
            if given.is_asked {
                run.shell.options.errexit = errexit;
            }
            status = run.shell.status;
            if ended.exit || run.shell.leaves_loop() || run.going.signals.raised() > Signal::None {
                break ended.exit;
            }
        };
        run.shell.loops -= 1;
        if !exit && run.going.signals.raised() == Signal::None {
            run.shell.status = status;
        }
        Ok(exit)
    }
}
