//! What a pod is told of itself through the downward API, as variables of its environment.

/// A pod, as its own environment tells it.
///
/// The manifest fills the variables, see `examples/kubernetes`: `POD_NAME` from `metadata.name`,
/// `POD_IP` from `status.podIP`, `POD_NAMESPACE` from `metadata.namespace`, and `POD_ZONE` from
/// `metadata.labels['topology.kubernetes.io/zone']`, which clusters since 1.35 put on every pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Downward {
    /// The pod's name: the node's.
    pub name: Option<String>,
    /// Its address, without a port.
    pub ip: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
}

impl Downward {
    /// What these variables say; one that is empty says nothing.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Self {
            name: variable("POD_NAME"),
            ip: variable("POD_IP"),
            namespace: variable("POD_NAMESPACE"),
            zone: variable("POD_ZONE"),
        }
    }

    /// What the environment of this process says.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_says_nothing() {
        let pod = Downward::of(|name| match name {
            "POD_NAME" => Some("ring-0".into()),
            "POD_ZONE" => Some(String::new()),
            _ => None,
        });
        assert_eq!(pod, Downward { name: Some("ring-0".into()), ..Downward::default() });
    }
}
