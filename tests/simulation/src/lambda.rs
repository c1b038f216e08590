//! Functions as Lambda runs them: each call has an instance with a clock of its own, ends by its time limit, and may die
//! at any moment. What it has sent by then may still take effect.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Context, Timestamp};
use purging::ports::{CallError, CallErrorKind, Clock};

use crate::chance::{EFFECT_MAX_MS, Fate};
use crate::fault::Fault;
use crate::schedule::{Completion, Life, Simulation};
use crate::services::dynamodb::{self, Access};
use crate::setup::IMAGE_PROCESSING;
use crate::world::World;

/// The largest difference of an instance's clock from the true time, in milliseconds: two differ by a second at most.
const SKEW_MAX_MS: u64 = 500;

/// The longest time for which a client repeats a call that is throttled, in milliseconds.
const THROTTLED_MAX_MS: u64 = 4_000;

/// One function, as it is deployed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) time_limit: Duration,
}

/// The environment of one invocation of a function. It implements every port.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) simulation: Simulation,
    pub(crate) name: Arc<str>,
    /// The deadline, in true time.
    pub(crate) ends_at_ms: u64,
    /// The time by which its clock is ahead of the true time, plus [`SKEW_MAX_MS`].
    skew_ms: u64,
    life: Life,
    /// Whether it runs image-processing.
    renders_images: bool,
    /// The number of calls to services that are left until it crashes.
    calls_left: Arc<AtomicU64>,
}

/// A function that died: it crashed, or its time was up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Died;

/// Calls `function` and waits for its end.
pub(crate) async fn invoke<T, F>(
    simulation: &Simulation,
    function: Function,
    work: impl FnOnce(Instance) -> F + Send,
) -> Result<T, Died>
where
    F: Future<Output = T> + Send,
{
    let instance = Instance::start(simulation, function);
    let (life, name) = (instance.life.clone(), Arc::clone(&instance.name));
    let result = life.spent_on(work(instance)).await;
    // What was to end it finds it ended.
    life.end();
    let mut world = simulation.world();
    world.trace(|| format!("{name} {}", if result.is_some() { "has ended" } else { "is dead" }));
    result.ok_or(Died)
}

impl Instance {
    fn start(simulation: &Simulation, function: Function) -> Self {
        let mut world = simulation.world();
        world.invocations += 1;
        let name: Arc<str> = format!("{} {}", function.name, world.invocations).into();
        let skew_ms = world.chance.within(0..=2 * SKEW_MAX_MS);
        let limit_ms = u64::try_from(function.time_limit.as_millis()).unwrap_or(u64::MAX);
        let life = Life::default();
        let mut calls_left = u64::MAX;
        if world.chance.fault(Fault::CrashBetweenCalls, 5) {
            calls_left = world.chance.within(0..=25);
        } else if world.chance.fault(Fault::CrashAtSomeTime, 5) {
            let millis = world.chance.within(0..=limit_ms.min(40_000));
            let life = life.clone();
            world.after_ms(millis, move |_| life.end());
        }
        let (late, its_name) = (life.clone(), Arc::clone(&name));
        world.after_ms(limit_ms, move |world| {
            if !late.has_ended() {
                world.trace(|| format!("{its_name}: its time is up"));
                world.chance.count(Fault::TimeLimit);
                late.end();
            }
        });
        world.trace(|| format!("{name} begins"));
        let ends_at_ms = world.now_ms + limit_ms;
        drop(world);
        let calls_left = Arc::new(AtomicU64::new(calls_left));
        let renders_images = function.name == IMAGE_PROCESSING.name;
        Self { simulation: simulation.clone(), renders_images, name, ends_at_ms, skew_ms, life, calls_left }
    }

    /// Whether the functions that enqueue wake purge runs.
    pub(crate) fn wakes(&self) -> bool {
        self.simulation.world().setup.wakes
    }

    /// The context of this call, by the instance's own clock.
    pub(crate) fn context(&self) -> Context {
        self.context_of(&self.name)
    }

    /// The context of a call with this request id.
    pub(crate) fn context_of(&self, id: &str) -> Context {
        Context { id: id.to_owned(), now: self.now(), deadline: self.own_time(self.ends_at_ms) }
    }

    fn own_time(&self, true_ms: u64) -> Timestamp {
        Timestamp::from_millis(true_ms + self.skew_ms - SKEW_MAX_MS)
    }

    /// Calls a service. `effect` is the call's change of the world. It can take effect once, twice, later than the
    /// response, or never.
    pub(crate) async fn call<T: Debug + Send + 'static>(
        &self,
        what: String,
        effect: impl FnMut(&mut World) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.call_with(what, None, effect).await
    }

    /// Calls DynamoDB, which may be busy with the items of `access`.
    pub(crate) async fn dynamodb<T: Debug + Send + 'static>(
        &self,
        what: String,
        access: Access,
        effect: impl FnMut(&mut World) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.call_with(what, Some(access), effect).await
    }

    async fn call_with<T: Debug + Send + 'static>(
        &self,
        what: String,
        access: Option<Access>,
        effect: impl FnMut(&mut World) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let completion = Completion::default();
        let call = Call { what: format!("{}: {what}", self.name), access, effect: Box::new(effect) };
        self.issue(call, completion.clone());
        completion.await
    }

    fn issue<T: Debug + Send + 'static>(&self, call: Call<T>, completion: Completion<Result<T, CallError>>) {
        let mut world = self.simulation.world();
        let mut fate = world.chance.fate();
        let slow_per_mille = world.setup.slow_renders_per_mille;
        let is_storm = world.elapsed_ms() < world.setup.storm_ms;
        if fate == Fate::Good && self.renders_images && is_storm && world.chance.happens(slow_per_mille) {
            world.chance.count(Fault::SlowCall);
            fate = Fate::Slow;
        }
        let (sent_ms, response_ms) = (world.chance.latency_ms(), world.chance.latency_ms());
        // What a function sends while its time runs out takes effect soon after it has ended, or not at all.
        let left_ms = (self.ends_at_ms + EFFECT_MAX_MS).saturating_sub(world.now_ms);
        let failed =
            |kind, cause: &str| Err(CallError::new("a call to a simulated service", cause.to_owned()).of_kind(kind));
        match fate {
            Fate::Good => {
                let arrival = move |world: &mut World| call.arrive(world, responding(completion, response_ms));
                world.after_ms(sent_ms.min(left_ms), arrival);
            }
            Fate::Slow => {
                let sent_ms = world.chance.within(0..=EFFECT_MAX_MS).min(left_ms);
                let response_ms = world.chance.within(0..=14_000);
                world.after_ms(sent_ms, move |world| call.arrive(world, responding(completion, response_ms)));
            }
            Fate::Rejected => {
                world.after_ms(sent_ms, move |_| completion.give(failed(CallErrorKind::Other, "rejected")));
            }
            Fate::Throttled => {
                let given_up_ms = world.chance.within(0..=THROTTLED_MAX_MS);
                world.after_ms(given_up_ms, move |_| completion.give(failed(CallErrorKind::Throttled, "throttled")));
            }
            Fate::ResponseLost => {
                let response_ms = world.chance.within(0..=5_000);
                world.after_ms(sent_ms.min(left_ms), move |world| {
                    call.arrive(world, move |world, _, _| {
                        let lost = failed(CallErrorKind::Unreachable, "its response was lost");
                        world.after_ms(response_ms, move |_| completion.give(lost));
                    });
                });
            }
            Fate::Late => {
                let given_up_ms = world.chance.within(1..=EFFECT_MAX_MS / 2).min(left_ms);
                let later_ms = world.chance.within(0..=EFFECT_MAX_MS / 2);
                world.after_ms(given_up_ms, move |world| {
                    completion.give(failed(CallErrorKind::Unreachable, "no response in time"));
                    world.after_ms(later_ms, move |world| call.arrive(world, |_, _, _| {}));
                });
            }
            Fate::Repeated => {
                let again_ms = world.chance.within(0..=EFFECT_MAX_MS - 500);
                world.after_ms(sent_ms.min(left_ms), move |world| {
                    call.arrive(world, move |world, call, _| {
                        let arrival = move |world: &mut World| call.arrive(world, responding(completion, response_ms));
                        world.after_ms(again_ms, arrival);
                    });
                });
            }
        }
        let calls_left = self.calls_left.load(Ordering::Relaxed);
        self.calls_left.store(calls_left.saturating_sub(1), Ordering::Relaxed);
        if calls_left == 0 {
            let life = self.life.clone();
            let millis = world.chance.within(0..=sent_ms + response_ms + 1);
            world.after_ms(millis, move |_| life.end());
        }
    }
}

/// A call on its way to a service.
struct Call<T> {
    what: String,
    /// The items of DynamoDB that it touches.
    access: Option<Access>,
    effect: Box<dyn FnMut(&mut World) -> T + Send>,
}

impl<T: Debug + Send + 'static> Call<T> {
    /// Arrives at its service, and takes effect: at once, or at the end of its transaction. `then` gets the result.
    fn arrive(self, world: &mut World, then: impl FnOnce(&mut World, Self, Result<T, CallError>) + Send + 'static) {
        let begun = self.access.as_ref().map_or(Ok(None), |access| dynamodb::begin(world, access));
        match begun {
            Ok(None) => self.take_effect(world, Ok(()), then),
            Err(error) => self.take_effect(world, Err(error), then),
            Ok(Some(transaction)) => {
                world.after_ms(transaction.millis, move |world| {
                    let committed = dynamodb::commit(world, transaction);
                    self.take_effect(world, committed, then);
                });
            }
        }
    }

    fn take_effect(
        mut self,
        world: &mut World,
        admitted: Result<(), CallError>,
        then: impl FnOnce(&mut World, Self, Result<T, CallError>),
    ) {
        let result = admitted.map(|()| (self.effect)(world));
        world.trace(|| match &result {
            Ok(value) => format!("{} → {}", self.what, shortened(value)),
            Err(error) => format!("{}: {error}", self.what),
        });
        then(world, self, result);
    }
}

/// Responds to a caller after `response_ms`; to one whose call is throttled after its client has repeated it in vain.
fn responding<T: Send + 'static>(
    completion: Completion<Result<T, CallError>>,
    response_ms: u64,
) -> impl FnOnce(&mut World, Call<T>, Result<T, CallError>) + Send + 'static {
    move |world, _, result| {
        let is_throttled = result.as_ref().is_err_and(|error| error.kind() == CallErrorKind::Throttled);
        let repeated_ms = if is_throttled { world.chance.within(0..=THROTTLED_MAX_MS) } else { 0 };
        world.after_ms(response_ms + repeated_ms, move |_| completion.give(result));
    }
}

/// The instance's own clock.
impl Clock for Instance {
    fn now(&self) -> Timestamp {
        self.own_time(self.simulation.world().now_ms)
    }

    /// Virtual time: no two instances measure a duration differently.
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.simulation.world().now_ms)
    }

    async fn sleep(&self, duration: Duration) {
        self.simulation.sleep_ms(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).await;
    }
}

fn shortened(value: &impl Debug) -> String {
    const SHOWN_CHARS: usize = 160;
    let text = format!("{value:?}");
    text.char_indices().nth(SHOWN_CHARS).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]))
}
