//! A shell on a stage: an actor that is told to do nothing for a while.

use actix::fut::WrapFuture;
use actix::{AsyncContext, Context, Handler, Message};
use futures::channel::oneshot;
use peer_ring_core::actor::Actor;

use crate::shell::{Port, Shell};

/// Lets the actor do nothing, with all its inputs and timers waiting, until the other end is
/// dropped.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stall(pub oneshot::Receiver<()>);

impl<A, P> Handler<Stall> for Shell<A, P>
where
    A: Actor + 'static,
    P: Port<A>,
{
    type Result = ();

    fn handle(&mut self, Stall(end): Stall, ctx: &mut Context<Self>) {
        let stalled = async move {
            // Nothing is ever sent: the end is the other side's going away.
            let _ = end.await;
        };
        ctx.wait(stalled.into_actor(self));
    }
}
