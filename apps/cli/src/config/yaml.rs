//! A configuration as YAML text, read strictly and written so that it can be read back.

use std::cell::RefCell;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_saphyr::{RenderOptions, SnippetMode, UserMessageFormatter};

use super::NodeConfig;
use super::discovery::Discovery;

/// What is wrong with a text.
#[derive(Debug)]
pub struct YamlError {
    /// The field, as a path with dots; empty when the text is no YAML.
    pub field: String,
    /// The line, from 1; `None` when the fault is not in one place.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: String,
    /// The lines around it, and a mark where it is; empty when they cannot or must not be shown.
    pub snippet: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for YamlError {}

/// Reads a text. `true` and `false` are the only booleans, and a field that does not exist is
/// refused.
///
/// # Errors
/// [`YamlError`] says where and what is wrong.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let field = RefCell::new(String::new());
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            field.replace(error.path().to_string());
            error.into_inner()
        })
    })
    .map_err(|error| {
        let error = yaml_error(&error, field.take());
        if may_be_shown(text) { error } else { YamlError { snippet: String::new(), ..error } }
    })
}

/// Whether a text, or a part of it, may be shown with what is wrong with it: not if there are
/// secrets in it, which are `keys` of `swim`. A name may be what is wrong, so either tells.
#[must_use]
pub fn may_be_shown(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    !text.contains("swim") && !text.contains("keys")
}

/// Writes a configuration, without the secrets in it.
///
/// # Panics
/// Never: a configuration is made of maps, lists and scalars.
#[must_use]
pub fn print(config: &NodeConfig) -> String {
    let discovery = config.discovery.clone().map(Discovery::without_secrets);
    let config = NodeConfig { discovery, ..config.clone() };
    serde_saphyr::to_string(&config).expect("maps, lists and scalars can be written")
}

fn yaml_error(error: &serde_saphyr::Error, field: String) -> YamlError {
    let line = error.location().map(|at| at.line());
    let mut plain = RenderOptions::new(&UserMessageFormatter);
    plain.snippets = SnippetMode::Off;
    let mut problem = error.render_with_options(plain);
    if let Some(at) = problem.rfind(" at line ") {
        problem.truncate(at);
    }
    let rendered = error.render_with_options(RenderOptions::new(&UserMessageFormatter));
    // Its first two lines repeat the message and the place.
    let snippet = rendered.lines().skip(2).collect::<Vec<_>>().join("\n");
    let field = if field == "." { String::new() } else { field };
    YamlError { field, line, problem, snippet }
}
