//! What each step of a run does to the world.

use crate::cloudfront::Invalidation;
use crate::mutation::Mutation;
use crate::queue::Row;
use crate::request::{Pass, Request, WrittenRequest};
use crate::run::{Fence, Run, Step};
use crate::state::State;

/// Carries out steps under the protocol, or under a mutation of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    /// How long a run pauses between deletes and invalidation, in ticks.
    pub(crate) pause: u8,
    /// The rule that is broken.
    pub(crate) mutation: Option<Mutation>,
}

impl Protocol {
    fn has(self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The run's next step. The run, changed, or `None` if it has ended.
    pub(crate) fn go(self, state: &mut State, mut run: Run) -> Option<Run> {
        match run.step {
            Step::ReadEntries => {
                if self.has(Mutation::EntriesReadBeforeRequests) {
                    run.following.clone_from(&state.queue.requests);
                } else {
                    run.batch = state.due();
                }
                run.batch = run.batch.without_open(&run.following);
                Some(self.proceed(run))
            }
            Step::Sweep(pack) => {
                state.packs[pack].copies.variant = None;
                Some(self.after_sweep(run, pack))
            }
            // Only the clock ends a pause.
            Step::Pause(_) => Some(run),
            Step::WriteDown => Some(self.write_down(state, run)),
            Step::Send => {
                state.cloudfront.create(&run.current.request, self.mutation);
                run.step = if self.has(Mutation::RequestSentBeforeItIsWrittenDown) && !self.is_written(state, &run) {
                    Step::WriteDown
                } else {
                    Step::Note
                };
                Some(run)
            }
            Step::Note => self.note(state, run),
            Step::Look => {
                Some(Run { step: run.current.request.next_pack(0).map_or(Step::Forget, Step::Ledger), ..run })
            }
            Step::Ledger(pack) => {
                let served = run.current.request.entries[pack];
                if let Some(served) = served.filter(|served| served.pass == Pass::Settled) {
                    let promised = &mut state.packs[pack].promised;
                    *promised = served.promises.max(*promised);
                }
                Some(Run { step: Step::Conclude(pack), ..run })
            }
            Step::Conclude(pack) => Some(self.conclude(state, run, pack)),
            Step::Forget => {
                let request = run.current.request;
                state.queue.requests.retain(|written| !written.request.has_the_name_of(&request, self.mutation));
                Some(self.proceed(run))
            }
            Step::Release => {
                if run.fence == Fence::Newest {
                    state.queue.lease_left = 0;
                }
                None
            }
        }
    }

    /// What comes after a request is done with: the next one, then the run's own batch, then the end.
    pub(crate) fn proceed(self, mut run: Run) -> Run {
        run.current = WrittenRequest::default();
        if let Some(written) = run.following.pop() {
            run.current = written;
            run.step = if written.is_accepted { Step::Look } else { Step::Send };
        } else if let Some(pack) = run.batch.next_pack(0) {
            run.step = if self.has(Mutation::CloudFrontBeforeS3) { Step::WriteDown } else { Step::Sweep(pack) };
        } else {
            run.step = Step::Release;
        }
        run
    }

    /// Whether CloudFront is done with the request that `run` looks at.
    pub(crate) fn is_done(self, state: &State, run: &Run) -> bool {
        let found = state.cloudfront.find(&run.current.request, self.mutation);
        found.is_some_and(|Invalidation { is_completed, .. }| {
            *is_completed || self.has(Mutation::RowRemovedWhenAccepted)
        })
    }

    /// A tick goes by for `run`.
    pub(crate) fn tick(self, run: Run) -> Run {
        match run.step {
            Step::Pause(left) if left > 1 => Run { step: Step::Pause(left - 1), ..run },
            Step::Pause(_) => self.after_pause(run),
            _ => run,
        }
    }

    fn after_sweep(self, run: Run, pack: usize) -> Run {
        match run.batch.next_pack(pack + 1) {
            Some(next) => Run { step: Step::Sweep(next), ..run },
            None if run.batch.has_settled_entries() && self.pause > 0 => Run { step: Step::Pause(self.pause), ..run },
            None => self.after_pause(run),
        }
    }

    fn after_pause(self, run: Run) -> Run {
        match self.mutation {
            Some(Mutation::CloudFrontBeforeS3) => Run { step: Step::Look, batch: Request::default(), ..run },
            Some(Mutation::RequestSentBeforeItIsWrittenDown) => Run { step: Step::Send, current: own(&run), ..run },
            _ => Run { step: Step::WriteDown, ..run },
        }
    }

    /// The fence: a run that has lost the lease stops here. Before, it has only deleted variants, which harms nobody.
    fn write_down(self, state: &mut State, mut run: Run) -> Run {
        if run.fence == Fence::Superseded && !self.has(Mutation::LeaseNotFenced) {
            return Run { step: Step::Release, ..run };
        }
        let is_sent_already = !run.current.request.is_empty();
        run.current = own(&run);
        if !self.is_written(state, &run) {
            state.queue.requests.push(run.current);
            state.queue.requests.sort_unstable();
        }
        // Kept in the mutation, which deletes the variants after sending.
        if !self.has(Mutation::CloudFrontBeforeS3) {
            run.batch = Request::default();
        }
        run.step = if is_sent_already { Step::Note } else { Step::Send };
        run
    }

    fn is_written(self, state: &State, run: &Run) -> bool {
        let request = &run.current.request;
        state.queue.requests.iter().any(|written| written.request.has_the_name_of(request, self.mutation))
    }

    fn note(self, state: &mut State, mut run: Run) -> Option<Run> {
        run.current.is_accepted = true;
        let request = run.current.request;
        // A request that is forgotten stays so.
        for written in &mut state.queue.requests {
            written.is_accepted |= written.request.has_the_name_of(&request, self.mutation);
        }
        state.queue.requests.sort_unstable();
        let is_own = request == run.batch;
        run.step = match run.batch.next_pack(0) {
            Some(pack) if self.has(Mutation::CloudFrontBeforeS3) && is_own => Step::Sweep(pack),
            // A DELETE answers now; the scheduled runs see to the rest.
            _ if run.fence == Fence::None => return None,
            _ => Step::Look,
        };
        Some(run)
    }

    fn conclude(self, state: &mut State, mut run: Run, pack: usize) -> Run {
        if let Some(served) = run.current.request.entries[pack] {
            let row = &mut state.packs[pack].row;
            let is_unchanged = row.is_some_and(|row| row.version == served.version);
            match served.pass {
                Pass::Settled if is_unchanged || self.has(Mutation::RowRemovedAtAnyVersion) => *row = None,
                Pass::Early if is_unchanged => {
                    *row = row.map(|row| Row { is_early_pass_done: true, ..row });
                }
                _ => {}
            }
        }
        run.step = run.current.request.next_pack(pack + 1).map_or(Step::Forget, Step::Ledger);
        run
    }
}

/// The run's own batch as a request.
fn own(run: &Run) -> WrittenRequest {
    let request = if run.batch.is_empty() { run.current.request } else { run.batch };
    WrittenRequest { request, is_accepted: false }
}
