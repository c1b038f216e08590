//! Virtual time: the event queue, and the tasks that its events wake. One thread and no real clock: a seed decides the
//! order of everything.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::world::World;

/// A change of the world at a certain time.
pub(crate) type Event = Box<dyn FnOnce(&mut World) + Send>;

/// A running actor or function call.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The event queue, by time; a random number orders the events of the same time.
#[derive(Default)]
pub(crate) struct EventQueue {
    events: BTreeMap<(u64, u32, u64), Event>,
    /// The number of events so far.
    pub(crate) steps: u64,
    added: u64,
    /// Tasks that begin now.
    beginning: Vec<Task>,
}

impl EventQueue {
    pub(crate) fn add(&mut self, at_ms: u64, tie: u32, event: Event) {
        self.added += 1;
        self.events.insert((at_ms, tie, self.added), event);
    }

    pub(crate) fn begin(&mut self, task: Task) {
        self.beginning.push(task);
    }

    /// Forgets what was to happen.
    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.beginning.clear();
    }
}

/// The simulated world, shared by all its actors.
#[derive(Clone)]
pub(crate) struct Simulation(Arc<Mutex<World>>);

impl Simulation {
    pub(crate) fn of(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world. No task may hold it over an `await`.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a task beside the caller's.
    pub(crate) fn begin(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world().event_queue.begin(Box::pin(task));
    }

    /// Waits in virtual time.
    pub(crate) async fn sleep_ms(&self, millis: u64) {
        let alarm = Completion::default();
        let ring = alarm.clone();
        self.world().after_ms(millis, move |_| ring.give(()));
        alarm.await;
    }

    /// Runs until `workload` is done, and drops the tasks that still run then.
    pub(crate) fn run(&self, workload: impl Future<Output = ()> + Send + 'static) {
        let awake = Arc::new(Mutex::new(Vec::new()));
        let mut tasks: BTreeMap<u64, Task> = BTreeMap::new();
        let mut number = 0;
        let is_done = Arc::new(Mutex::new(false));
        let done = Arc::clone(&is_done);
        self.begin(async move {
            workload.await;
            *lock(&done) = true;
        });
        while !*lock(&is_done) {
            for task in std::mem::take(&mut self.world().event_queue.beginning) {
                number += 1;
                tasks.insert(number, task);
                lock(&awake).push(number);
            }
            let next = lock(&awake).pop();
            if let Some(number) = next {
                let Some(task) = tasks.get_mut(&number) else { continue };
                let waker = Waker::from(Arc::new(Alarm { number, awake: Arc::clone(&awake) }));
                if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    tasks.remove(&number);
                }
            } else if self.world().event_queue.beginning.is_empty() && !self.step() {
                return;
            }
        }
    }

    /// Lets the next thing happen. `false`: nothing will ever happen any more.
    fn step(&self) -> bool {
        let mut world = self.world();
        let Some(((at_ms, _, _), event)) = world.event_queue.events.pop_first() else { return false };
        world.now_ms = at_ms;
        world.event_queue.steps += 1;
        let violations = world.checker.violations.len();
        event(&mut world);
        if world.checker.violations.len() > violations {
            world.trace(|| "!! violation".to_owned());
        }
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one task.
struct Alarm {
    number: u64,
    awake: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let mut awake = lock(&self.awake);
        if !awake.contains(&self.number) {
            awake.push(self.number);
        }
    }
}

/// A value that one task waits for and another one gives.
pub(crate) struct Completion<T>(Arc<Mutex<(Option<T>, Option<Waker>)>>);

impl<T> Clone for Completion<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Completion<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((None, None))))
    }
}

impl<T> Completion<T> {
    /// Gives the value. It is dropped if the waiting task has ended.
    pub(crate) fn give(&self, value: T) {
        let mut completion = lock(&self.0);
        completion.0 = Some(value);
        if let Some(waker) = completion.1.take() {
            waker.wake();
        }
    }
}

impl<T> Future for Completion<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut completion = lock(&self.0);
        if let Some(value) = completion.0.take() {
            return Poll::Ready(value);
        }
        completion.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The life of a function's instance or of an actor, and the waker of the task that waits for its end.
#[derive(Clone, Default)]
pub(crate) struct Life(Arc<Mutex<(bool, Option<Waker>)>>);

impl Life {
    /// Ends it.
    pub(crate) fn end(&self) {
        let mut life = lock(&self.0);
        life.0 = true;
        if let Some(waker) = life.1.take() {
            waker.wake();
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.0).0
    }

    /// Polls `work` until it is done or this life ends. `None`: the life ended first, and `work` was dropped.
    pub(crate) async fn spent_on<T>(&self, work: impl Future<Output = T> + Send) -> Option<T> {
        let mut work = Some(Box::pin(work));
        poll_fn(|context| {
            {
                let mut life = lock(&self.0);
                if life.0 {
                    drop(life);
                    work = None;
                    return Poll::Ready(None);
                }
                life.1 = Some(context.waker().clone());
            }
            match &mut work {
                Some(work) => work.as_mut().poll(context).map(Some),
                None => Poll::Ready(None),
            }
        })
        .await
    }
}
