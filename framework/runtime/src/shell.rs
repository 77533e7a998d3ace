//! The one shell that turns any actor into an actix actor.
//!
//! It hands the actor its inputs and the time, lets a [`Port`] perform what it asks for, and wakes
//! it when its deadline has come: by a timer, and with every message, since a busy mailbox starves
//! timers. A panic in the actor stops the node, for nobody knows what state it left behind.

pub mod stall;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix::{AsyncContext, Context, Handler, Message, SpawnHandle};
use futures::channel::oneshot;
use peer_ring_core::actor::{Actor, Instant, Now, Outbox};

use crate::clock::Clock;
use crate::flight::Witness;
use crate::stop::{NodeFailure, Stopper};

/// Performs what an actor asks for, and speaks for those who ask the actor.
pub trait Port<A: Actor>: Sized + 'static {
    /// What outsiders ask with, and wait for an answer to.
    type Call: Send + 'static;
    /// What outsiders may know of the actor.
    type Report: Send + 'static;

    /// The actor's name, for messages to operators.
    const NAME: &'static str;

    /// Performs one order. What follows at once goes into `echo`, to be handled next.
    fn perform(&mut self, now: Now, order: A::Out, echo: &mut Outbox<A::In>);

    /// Takes an outsider's call in, and remembers who is to be answered.
    fn admit(&mut self, now: Now, call: Self::Call) -> A::In;

    /// Called after every turn.
    fn look(&mut self, actor: &A);

    /// What is told to those who ask.
    fn report(&self, actor: &A) -> Self::Report;

    /// The kind of an input, in a word or two, for messages to operators.
    fn kind(input: &A::In) -> &'static str;
}

/// An actor with its port, as an actix actor.
pub struct Shell<A: Actor, P: Port<A>> {
    actor: A,
    port: P,
    clock: Clock,
    stopper: Stopper,
    mailbox: usize,
    out: Outbox<A::Out>,
    echo: Outbox<A::In>,
    timer: Option<(Instant, SpawnHandle)>,
    witness: Option<Box<dyn Witness<A>>>,
}

/// Inputs for the actor, handled in one turn.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Inputs<T: Send + 'static>(pub Vec<T>);

/// Calls from outsiders, handled in one turn.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Calls<T: Send + 'static>(pub Vec<T>);

/// Asks for the port's report.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Inspect<T: Send + 'static>(pub oneshot::Sender<T>);

/// Shows the actor.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Look<A: 'static>(pub Box<dyn FnOnce(&A) + Send>);

/// Changes the port, and tells the actor what follows.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Adjust<P: 'static, T: 'static>(pub Change<P, T>);

/// A change to a port, and what its actor is told of it.
pub type Change<P, T> = Box<dyn FnOnce(&mut P) -> Option<T> + Send>;

// Nothing in here is pinned: a shell is moved like any value.
impl<A: Actor, P: Port<A>> Unpin for Shell<A, P> {}

impl<A, P> Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    /// Puts a shell around `actor`. Its mailbox holds `mailbox` messages before it refuses.
    pub fn new(actor: A, port: P, clock: Clock, stopper: Stopper, mailbox: usize) -> Self {
        let (out, echo) = (Outbox::new(), Outbox::new());
        Self { actor, port, clock, stopper, mailbox, out, echo, timer: None, witness: None }
    }

    /// Lets `witness` see every turn of the actor from now on.
    #[must_use]
    pub(crate) fn seen_by(mut self, witness: Option<Box<dyn Witness<A>>>) -> Self {
        self.witness = witness;
        self
    }

    fn turn(&mut self, ctx: &mut Context<Self>, now: Now, inputs: impl Iterator<Item = A::In>) {
        for input in inputs {
            self.step(ctx, now, input);
        }
        self.finish(ctx, now);
    }

    /// Lets the actor do what has fallen due, and sets the timer for what has not.
    fn finish(&mut self, ctx: &mut Context<Self>, now: Now) {
        if self.actor.deadline().is_some_and(|at| at <= now.tick) {
            self.begin(now, None);
            let woken = catch_unwind(AssertUnwindSafe(|| self.actor.wake(now, &mut self.out)));
            self.end(woken.is_err());
            self.perform(now);
            self.check(ctx, woken, "waking");
            self.drain_echo(ctx, now);
        }
        self.port.look(&self.actor);
        let Some(at) = self.actor.deadline() else {
            return;
        };
        if self.timer.is_some_and(|(armed, _)| armed <= at) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let handle = ctx.run_later(at.since(now.tick), |shell, ctx| {
            shell.timer = None;
            let now = shell.clock.now();
            shell.finish(ctx, now);
        });
        self.timer = Some((at, handle));
    }

    fn step(&mut self, ctx: &mut Context<Self>, now: Now, input: A::In) {
        self.handle(ctx, now, input);
        self.drain_echo(ctx, now);
    }

    fn drain_echo(&mut self, ctx: &mut Context<Self>, now: Now) {
        while let Some(input) = self.echo.pop() {
            self.handle(ctx, now, input);
        }
    }

    fn handle(&mut self, ctx: &mut Context<Self>, now: Now, input: A::In) {
        let kind = P::kind(&input);
        self.begin(now, Some(&input));
        let handled =
            catch_unwind(AssertUnwindSafe(|| self.actor.handle(now, input, &mut self.out)));
        self.end(handled.is_err());
        self.perform(now);
        self.check(ctx, handled, kind);
    }

    fn begin(&mut self, now: Now, input: Option<&A::In>) {
        if let Some(witness) = &mut self.witness {
            witness.begin(now, input);
        }
    }

    fn end(&mut self, is_panicked: bool) {
        if let Some(witness) = &mut self.witness
            && !witness.end(&self.out, is_panicked)
        {
            self.witness = None;
        }
    }

    fn perform(&mut self, now: Now) {
        while let Some(order) = self.out.pop() {
            self.port.perform(now, order, &mut self.echo);
        }
    }

    fn check(
        &mut self,
        ctx: &mut Context<Self>,
        outcome: Result<(), Box<dyn Any + Send>>,
        input: &'static str,
    ) {
        if let Err(panic) = outcome {
            let message = text_of(panic.as_ref());
            self.stopper.fail(NodeFailure::Panicked { actor: P::NAME, input, message });
            actix::ActorContext::terminate(ctx);
        }
    }
}

impl<A, P> actix::Actor for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.mailbox);
        let now = self.clock.now();
        self.finish(ctx, now);
    }
}

impl<A, P> Handler<Inputs<A::In>> for Shell<A, P>
where
    A: Actor + 'static,
    A::In: Send,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Inputs(inputs): Inputs<A::In>, ctx: &mut Self::Context) {
        let now = self.clock.now();
        self.turn(ctx, now, inputs.into_iter());
    }
}

impl<A, P> Handler<Calls<P::Call>> for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Calls(calls): Calls<P::Call>, ctx: &mut Self::Context) {
        let now = self.clock.now();
        for call in calls {
            let input = self.port.admit(now, call);
            self.step(ctx, now, input);
        }
        self.finish(ctx, now);
    }
}

impl<A, P> Handler<Inspect<P::Report>> for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Inspect(reply): Inspect<P::Report>, _: &mut Self::Context) {
        // Whoever asked may have gone.
        let _ = reply.send(self.port.report(&self.actor));
    }
}

impl<A, P> Handler<Look<A>> for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Look(show): Look<A>, _: &mut Self::Context) {
        show(&self.actor);
    }
}

impl<A, P> Handler<Adjust<P, A::In>> for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Adjust(change): Adjust<P, A::In>, ctx: &mut Self::Context) {
        if let Some(input) = change(&mut self.port) {
            let now = self.clock.now();
            self.turn(ctx, now, std::iter::once(input));
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
