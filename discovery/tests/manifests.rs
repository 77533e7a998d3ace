//! The manifests of `examples/kubernetes` say what Kubernetes knows, and fit each other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use peer_ring_discovery::kubernetes::{Port, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The document of this kind and name in a file.
fn document(file: &str, kind: &str, name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/kubernetes").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut documents =
        text.split("\n---\n").map(|it| serde_saphyr::from_str::<Value>(it).unwrap());
    documents.find(|it| it["kind"] == kind && it["metadata"]["name"] == name).unwrap()
}

/// The same, read as what it is; what is read must say all that stands there.
fn typed<T: DeserializeOwned + Serialize>(file: &str, kind: &str, name: &str) -> T {
    let document = document(file, kind, name);
    let typed: T = serde_json::from_value(document.clone()).unwrap();
    let mut back = serde_json::to_value(&typed).unwrap();
    // What the types add by themselves.
    if document.get("status").is_none() {
        back.as_object_mut().unwrap().remove("status");
    }
    assert_eq!(back, document, "{kind} {name} has a field that Kubernetes does not know");
    typed
}

#[test]
fn the_manifests_fit_kubernetes_and_each_other() {
    let headless: Service = typed("services.yml", "Service", "peer-ring");
    let set: StatefulSet = typed("statefulset.yml", "StatefulSet", "peer-ring");
    let config: ConfigMap = typed("statefulset.yml", "ConfigMap", "peer-ring");
    let _: Service = typed("services.yml", "Service", "peer-ring-clients");
    let budget: PodDisruptionBudget = typed("services.yml", "PodDisruptionBudget", "peer-ring");

    let headless = headless.spec.unwrap();
    assert_eq!(headless.cluster_ip.as_deref(), Some("None"));
    assert_eq!(headless.publish_not_ready_addresses, Some(true));
    let set = set.spec.unwrap();
    assert_eq!(set.service_name.as_deref(), Some("peer-ring"));
    assert_eq!(set.pod_management_policy.as_deref(), Some("Parallel"));
    let labels = set.template.metadata.unwrap().labels;
    assert_eq!(headless.selector, labels);
    assert_eq!(budget.spec.unwrap().selector.unwrap().match_labels, labels);

    let node: Value = serde_saphyr::from_str(&config.data.unwrap()["node.yml"]).unwrap();
    let settings = node["discovery"]["kubernetes"].clone();
    let settings: Settings = serde_json::from_value(settings).unwrap();
    assert_eq!(settings.service.as_deref(), Some("peer-ring"));
    let Port::Name(port) = settings.port else { panic!("{:?}", settings.port) };
    let of_service = headless.ports.unwrap();
    assert_eq!(of_service[0].name.as_ref(), Some(&port));
    let pod = set.template.spec.unwrap();
    let of_pod = pod.containers[0].ports.clone().unwrap();
    let peers = of_pod.iter().find(|it| it.name.as_ref() == Some(&port)).unwrap();
    assert_eq!(peers.container_port, of_service[0].port);
    assert_eq!(node["listen"]["peers"], format!("0.0.0.0:{}", peers.container_port));
}

#[test]
fn a_node_may_list_and_watch_endpoint_slices_and_nothing_else() {
    let account: ServiceAccount = typed("rbac.yml", "ServiceAccount", "peer-ring");
    let role: Role = typed("rbac.yml", "Role", "peer-ring");
    let binding: RoleBinding = typed("rbac.yml", "RoleBinding", "peer-ring");
    let set: StatefulSet = typed("statefulset.yml", "StatefulSet", "peer-ring");

    let rules = role.rules.unwrap();
    let [rule] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!(rule.api_groups, Some(vec!["discovery.k8s.io".to_owned()]));
    assert_eq!(rule.resources, Some(vec!["endpointslices".to_owned()]));
    assert_eq!(rule.verbs, ["list", "watch"]);
    assert_eq!(binding.role_ref.name, "peer-ring");
    assert_eq!(binding.subjects.unwrap()[0].name, account.metadata.name.clone().unwrap());
    let pod = set.spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.service_account_name, account.metadata.name);
    assert_eq!(pod.security_context.unwrap().run_as_non_root, Some(true));
}
