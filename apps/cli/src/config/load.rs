//! Where a configuration comes from: a file, the environment over it, and the host's name.

use std::path::Path;

use anyhow::{Context, anyhow, bail};

use super::discovery::Discovery;
use super::{NodeConfig, check, environment, yaml};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What surrounds a process that bears on its configuration.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment's variables.
    pub variables: Vec<(String, String)>,
    /// The host's name.
    pub host: Option<String>,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// When one of our variables is not UTF-8.
    pub fn of_this_process() -> anyhow::Result<Self> {
        let mut variables = Vec::new();
        for (name, text) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if name.starts_with(environment::PREFIX) {
                let text = text.into_string().map_err(|_| anyhow!("{name}: is not UTF-8"))?;
                variables.push((name, text));
            }
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = host.or_else(|| std::env::var("HOSTNAME").ok());
        Ok(Self { variables, host: host.map(|host| host.trim().to_owned()) })
    }
}

/// Reads a configuration: the file, when there is one, then the environment over it. What comes
/// out has been checked, and says everything that was left open in it.
///
/// # Errors
/// Says what is wrong, and in which field, line or variable.
pub fn load(file: Option<&Path>, surroundings: &Surroundings) -> anyhow::Result<NodeConfig> {
    let config = match file {
        Some(file) => read(file)?,
        None => NodeConfig::default(),
    };
    let config = environment::overlay(config, &surroundings.variables)?;
    let config = settle(config, surroundings);
    let source = || match file {
        Some(file) => format!("{} and the environment", file.display()),
        None => "the environment".to_owned(),
    };
    check::check(&config).with_context(source)?;
    Ok(config)
}

fn read(file: &Path) -> anyhow::Result<NodeConfig> {
    let name = file.display();
    let length = std::fs::metadata(file).with_context(|| format!("cannot read {name}"))?.len();
    if length > FILE_BYTES_MAX {
        bail!("{name}: a configuration of {length} bytes is larger than {FILE_BYTES_MAX}");
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    yaml::parse(&text).map_err(|error| match error.snippet.as_str() {
        "" => anyhow!("{name}: {error}"),
        snippet => anyhow!("{name}: {error}\n{snippet}"),
    })
}

/// Fills in what depends on other fields or on the host.
pub fn settle(mut config: NodeConfig, surroundings: &Surroundings) -> NodeConfig {
    if config.node.name.is_none() {
        config.node.name.clone_from(&surroundings.host);
    }
    // Only a list says how many there are to be.
    let listed = config.discovery.as_ref().map(Discovery::listed);
    if let (None, Some(Some(_)) | None) = (config.ring.bootstrap_expect, listed) {
        let count = listed.flatten().unwrap_or_default().len();
        config.ring.bootstrap_expect = Some(count.max(1));
    }
    let replicas = config.replicas();
    let default = peer_ring_kv::namespace::DEFAULT;
    config.namespaces.entry(default.to_owned()).or_default();
    for namespace in config.namespaces.values_mut() {
        namespace.n = namespace.n.or(Some(replicas));
    }
    config
}

#[cfg(test)]
#[path = "load/tests.rs"]
mod tests;
