//! The environment as an overlay on a configuration.
//!
//! The rule: the variable of a field is `PEER_RING_` and the field's path in capitals, joined by
//! `_`: `listen.peers` is `PEER_RING_LISTEN_PEERS`. Its value is YAML, read as if it stood in the
//! file at that place, so a list is written `[a, b]` and no value at all is `null`. A block can be
//! given as a whole, which replaces the whole block; its fields are then laid over it. A variable
//! with our prefix that is no field is an error, for it is most likely a misspelt one. Two kinds
//! are not: `PEER_RING_LOG` and `PEER_RING_CONFIG`, which are read elsewhere, and those that
//! Kubernetes makes up for every service, one called `peer-ring` among them.

use std::fmt;

use serde_json::{Map, Value};

use super::discovery::Discovery;
use super::{NodeConfig, yaml};

/// What the names of our variables begin with.
pub const PREFIX: &str = "PEER_RING_";

/// Variables with our prefix that are read elsewhere.
const ELSEWHERE: [&str; 2] = ["PEER_RING_LOG", "PEER_RING_CONFIG"];

/// What is wrong with a variable.
#[derive(Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    /// Its name.
    pub variable: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

impl std::error::Error for EnvironmentError {}

/// Lays variables over a configuration.
///
/// # Errors
/// [`EnvironmentError`] names the first variable that is no field or has no fitting value.
pub fn overlay(
    config: NodeConfig,
    variables: &[(String, String)],
) -> Result<NodeConfig, EnvironmentError> {
    let fields = fields();
    let mut given = Vec::new();
    for (name, text) in variables {
        if !name.starts_with(PREFIX) || ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        match fields.iter().find(|path| variable(path) == *name) {
            Some(path) => given.push((path, name, text)),
            None if is_service_link(name) => {}
            None => return Err(no_such_field(name)),
        }
    }
    // A block comes before its fields.
    given.sort_by_key(|(path, ..)| path.len());
    let mut whole = tree(&config);
    for (path, name, text) in given {
        let wrong = |problem| EnvironmentError { variable: name.clone(), problem };
        if let Some(other) = other_source(&whole, path) {
            return Err(wrong(format!(
                "discovery.{other} is the source already, and a node has one; PEER_RING_DISCOVERY \
                 replaces the whole block"
            )));
        }
        let document = document(path, text);
        let unfit = |error: yaml::YamlError| match yaml::may_be_shown(&document) {
            true => wrong(format!("{}, in {text:?}", error.problem)),
            false => wrong(error.problem),
        };
        let alone: NodeConfig = yaml::parse(&document).map_err(unfit)?;
        put(&mut whole, path, take(&tree(&alone), path));
    }
    Ok(serde_json::from_value(whole).expect("every part was a configuration's"))
}

/// The name of the variable of the field at `path`.
fn variable(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("_").to_uppercase())
}

/// The paths of all fields and blocks.
fn fields() -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for source in Discovery::defaults() {
        let config = NodeConfig { discovery: Some(source), ..NodeConfig::default() };
        collect(&tree(&config), &mut Vec::new(), &mut paths);
    }
    paths.sort();
    paths.dedup();
    paths
}

fn collect(value: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    if !path.is_empty() {
        paths.push(path.clone());
    }
    // The names of namespaces are the operator's, so they are no fields.
    let Value::Object(block) = value else { return };
    if path.first().is_some_and(|first| first == "namespaces") {
        return;
    }
    for (name, inner) in block {
        path.push(name.clone());
        collect(inner, path, paths);
        path.pop();
    }
}

/// A file with nothing in it but `text` at `path`.
fn document(path: &[String], text: &str) -> String {
    let mut document = String::new();
    for (depth, name) in path.iter().enumerate() {
        document += &format!("{:1$}{name}:\n", "", 2 * depth);
    }
    for line in text.lines() {
        document += &format!("{:1$}{line}\n", "", 2 * path.len());
    }
    document
}

/// The source that the configuration has, when `path` is below another one.
fn other_source<'a>(tree: &'a Value, path: &[String]) -> Option<&'a String> {
    let [first, source, ..] = path else { return None };
    let block = tree["discovery"].as_object().filter(|_| first == "discovery")?;
    block.keys().find(|name| *name != source)
}

fn tree(config: &NodeConfig) -> Value {
    serde_json::to_value(config).expect("maps, lists and scalars can be written")
}

fn take(tree: &Value, path: &[String]) -> Value {
    path.iter().fold(tree, |block, name| &block[name.as_str()]).clone()
}

fn put(tree: &mut Value, path: &[String], value: Value) {
    let mut place = tree;
    for name in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name.as_str()];
    }
    *place = value;
}

fn no_such_field(name: &str) -> EnvironmentError {
    let problem = "no field of the configuration has this variable; `peer-ring node \
                   --print-config` prints all fields"
        .to_owned();
    EnvironmentError { variable: name.to_owned(), problem }
}

/// Whether Kubernetes sets a variable of this name for a service called `peer-ring` or
/// `peer-ring-…` in the pod's own namespace.
fn is_service_link(name: &str) -> bool {
    let numbered = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        rest.split('_').next().is_some_and(|port| port.parse::<u16>().is_ok())
    });
    numbered
        || name.ends_with("_PORT")
        || name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
}

#[cfg(test)]
#[path = "environment/tests.rs"]
mod tests;
