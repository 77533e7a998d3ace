//! Answers of one turn, kept to its end, when each client gets its own in one message.
//!
//! A client that pipelines has many commands in a turn, and to wake it for each costs more than
//! most commands do.

use tokio::sync::mpsc;

use crate::shard_port::Answer;

/// Answers to one client, each under its command's tag; one at least.
pub type Answers = Vec<(u64, Answer)>;

/// Where a client's answers go.
pub type Sender = mpsc::UnboundedSender<Answers>;

/// The answers of a turn.
#[derive(Default)]
pub struct Replies(Vec<(Sender, Answers)>);

impl Replies {
    /// Keeps an answer until the end of the turn.
    pub fn keep(&mut self, sender: Sender, tag: u64, answer: Answer) {
        match self.0.last_mut() {
            Some((last, answers)) if last.same_channel(&sender) => answers.push((tag, answer)),
            Some(_) | None => self.0.push((sender, vec![(tag, answer)])),
        }
    }

    /// Sends what was kept. Nobody may be there to take it.
    pub fn send(&mut self) {
        for (sender, answers) in self.0.drain(..) {
            drop(sender.send(answers));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn every_client_gets_its_answers_in_order_and_at_the_end_of_the_turn() {
        let (one, mut first) = mpsc::unbounded_channel();
        let (other, mut second) = mpsc::unbounded_channel();
        let mut replies = Replies::default();
        for (sender, tag) in [(&one, 1), (&one, 2), (&other, 7), (&one, 3)] {
            replies.keep(sender.clone(), tag, Ok(Bytes::new()));
        }
        assert!(first.try_recv().is_err());
        replies.send();
        let tags = |from: &mut mpsc::UnboundedReceiver<Answers>| {
            let messages = std::iter::from_fn(|| from.try_recv().ok());
            messages.map(|it| it.iter().map(|(tag, _)| *tag).collect()).collect::<Vec<Vec<_>>>()
        };
        assert_eq!(tags(&mut first), [vec![1, 2], vec![3]]);
        assert_eq!(tags(&mut second), [vec![7]]);
    }
}
