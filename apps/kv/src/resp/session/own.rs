//! What a session answers by itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use peer_ring_core::failure::Failure;

use super::{Next, Place, Session};
use crate::fronts::metrics::Outcome;
use crate::resp::clients::say_client;
use crate::resp::command::{Name, UNKNOWN_AT};
use crate::resp::hello::{Hello, say_hello};
use crate::resp::job::Job;
use crate::resp::local;
use crate::resp::node::Node;
use crate::resp::refusal::Refusal;
use crate::resp::reply::{Protocol, Writer};
use crate::resp::request::{ProtocolError, Request};
use crate::resp::says::fail;

impl<N: Node> Session<N> {
    /// Begins a request that is none of the store's business.
    pub(super) fn start_local(&mut self, name: Name, request: Request) -> Next {
        match name {
            Name::Info => return Next::Info(request),
            Name::Hello => match Hello::read(&request) {
                Ok(hello) => self.hello(hello),
                Err(refusal) => self.refuse(name as usize, &refusal),
            },
            Name::Reset => {
                self.protocol = Protocol::default();
                self.client.reset();
                self.say_now(name as usize, |writer| {
                    writer.simple("RESET");
                    Outcome::Done
                });
            }
            _ => self.say_local(name, &request),
        }
        if name == Name::Quit { Next::Close } else { Next::Go }
    }

    /// Says what `INFO` asked for.
    pub(in crate::resp) fn say_info(&mut self, text: &str) {
        self.say_now(Name::Info as usize, |writer| {
            writer.verbatim(text);
            Outcome::Done
        });
    }

    /// Says, after all other replies, why the client cannot be understood any more.
    pub(in crate::resp) fn say_protocol_error(&mut self, error: ProtocolError) {
        self.say_now(UNKNOWN_AT, |writer| {
            writer.error("ERR", error);
            Outcome::Refused
        });
    }

    /// Says, after all other replies, that there is no room for what the client wants.
    pub(in crate::resp) fn say_overloaded(&mut self) {
        self.say_now(UNKNOWN_AT, |writer| fail(&Failure::Overloaded, writer));
    }

    /// Says that a request cannot be.
    pub(super) fn refuse(&mut self, command: usize, refusal: &Refusal) {
        self.say_now(command, |writer| {
            writer.error(refusal.code(), refusal);
            Outcome::Refused
        });
    }

    fn hello(&mut self, Hello { protocol, name }: Hello) {
        if let Some(protocol) = protocol {
            self.protocol = protocol;
            self.client.set_protocol(protocol);
        }
        if let Some(name) = name {
            self.client.set_name(name);
        }
        let id = self.client.id();
        self.say_now(Name::Hello as usize, |writer| {
            say_hello(id, writer);
            Outcome::Done
        });
    }

    fn say_local(&mut self, name: Name, request: &Request) {
        let (front, client) = (Arc::clone(&self.front), Arc::clone(&self.client));
        let wall = self.wall;
        self.say_now(name as usize, |writer| {
            let said = match name {
                Name::Ping => local::say_ping(request, writer),
                Name::Select => local::say_select(request, writer),
                Name::Config => local::say_config(request, writer),
                Name::Command => local::say_command(request, writer),
                Name::Client => say_client(request, &client, &front.clients, writer),
                Name::Auth => Err(Refusal::NoPassword),
                Name::Echo => {
                    writer.bulk(request.get(1).unwrap_or_default());
                    Ok(())
                }
                Name::Time => {
                    local::say_time(wall, writer);
                    Ok(())
                }
                // QUIT is all that is left: the others are the store's, or were seen to before.
                _ => {
                    writer.simple("OK");
                    Ok(())
                }
            };
            match said {
                Ok(()) => Outcome::Done,
                Err(refusal) => {
                    writer.error(refusal.code(), &refusal);
                    Outcome::Refused
                }
            }
        });
    }

    /// Says what needs no answer from the store, when its turn comes.
    pub(super) fn say_now(
        &mut self,
        command: usize,
        write: impl FnOnce(&mut Writer<'_>) -> Outcome,
    ) {
        let outcome = if self.queue.is_empty() {
            write(&mut Writer::new(&mut self.output, self.protocol))
        } else {
            let mut reply = BytesMut::new();
            let outcome = write(&mut Writer::new(&mut reply, self.protocol));
            self.asking.gauge.hold(reply.len());
            let job = Job::Said(Bytes::from(reply));
            self.queue.push_back(Place { command, since: self.now, request_bytes: 0, job });
            outcome
        };
        self.tally.add(&self.front.metrics, command, outcome, Duration::ZERO);
    }
}
