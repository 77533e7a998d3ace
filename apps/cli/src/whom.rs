//! Which running node a command asks, and what it makes of the answer.

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exit::{Exit, Failure, OrExit};
use crate::http::{self, Answer, AskError};

/// Which node is asked.
#[derive(Clone, Debug, Args)]
pub struct Whom {
    /// The node's address for HTTP.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7501")]
    pub address: String,
}

/// Which node is asked, and how its answer is printed.
#[derive(Clone, Debug, Args)]
pub struct WhomAndHow {
    #[command(flatten)]
    pub whom: Whom,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a node says when it does not do as it is asked.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: Problem,
}

#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
}

impl Whom {
    /// What the node tells at this path.
    ///
    /// # Errors
    /// When nobody answers, or the node refuses.
    pub async fn get(&self, path: &str) -> Result<String, Failure> {
        let answer = http::get(&self.address, path).await;
        self.body(path, answer)
    }

    /// What the node says to an order at this path.
    ///
    /// # Errors
    /// When nobody answers, or the node refuses.
    pub async fn post(&self, path: &str, body: &str) -> Result<String, Failure> {
        let answer = http::post(&self.address, path, body).await;
        self.body(path, answer)
    }

    fn body(&self, path: &str, answer: Result<Answer, AskError>) -> Result<String, Failure> {
        let Answer { status, body } = answer.map_err(AskError::into_failure)?;
        if status == 200 {
            return Ok(body);
        }
        // A node says what is wrong; anybody else is shown as it is.
        let cause = match serde_json::from_str::<Refusal>(&body) {
            Ok(Refusal { error }) => anyhow!("{}", error.message),
            Err(_) => anyhow!("{}{path}: {status}: {body}", self.address),
        };
        Err(cause).or_exit(Exit::Failed)
    }
}

/// Reads what a node has said.
///
/// # Errors
/// When no node says that.
pub fn read<T: DeserializeOwned>(body: &str) -> anyhow::Result<T> {
    serde_json::from_str(body).context("this is not what a peer-ring node answers")
}

/// A runtime for a command that only asks.
///
/// # Errors
/// When the system does not let it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> String {
        let whom = Whom { address: "h:1".to_owned() };
        let answer = Answer { status, body: body.to_owned() };
        format!("{:#}", whom.body("/v1/x", Ok(answer)).unwrap_err().cause)
    }

    #[test]
    fn a_refusal_is_said_in_the_nodes_words() {
        let body = r#"{"error": {"code": "busy", "message": "a change is under way"}}"#;
        assert_eq!(said(409, body), "a change is under way");
        assert_eq!(said(502, "<html>"), "h:1/v1/x: 502: <html>");
    }
}
