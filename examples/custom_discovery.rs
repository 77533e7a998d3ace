//! A source of discovery of your own: a folder that all nodes share, with a file for each of them.
//! It says who is there and what changes, for as long as somebody listens; a folder that cannot be
//! read takes nobody away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use futures::future::{BoxFuture, join_all, try_join_all};
use peer_ring::discovery::{Facts, Source, SourceError};
use peer_ring::{App, Config, Fact, Key, Node, NodeName, Plan, Records, Sighting};
use tokio::time::timeout;

/// Who has a file in the folder is there.
struct Folder {
    path: PathBuf,
    own: Sighting,
}

impl Source for Folder {
    fn run(self: Box<Self>, facts: Facts) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let file = self.path.join(self.own.name.as_str());
            let cannot = |error| SourceError { source_name: "folder", reason: format!("{error}") };
            fs::write(&file, &self.own.address).map_err(cannot)?;
            let mut known = Nodes::new();
            loop {
                if let Ok(found) = list(&self.path) {
                    for name in known.keys().filter(|name| !found.contains_key(*name)) {
                        facts.say(Fact::Lost(name.clone())).await;
                    }
                    for node in found.values().filter(|it| known.get(&it.name) != Some(*it)) {
                        facts.say(Fact::Seen(node.clone())).await;
                    }
                    facts.say(Fact::Settled).await;
                    known = found;
                }
                if timeout(Duration::from_millis(200), facts.closed()).await.is_ok() {
                    return fs::remove_file(file).map_err(cannot);
                }
            }
        })
    }
}

type Nodes = BTreeMap<NodeName, Sighting>;

fn list(folder: &Path) -> io::Result<Nodes> {
    let mut nodes = Nodes::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let address = fs::read_to_string(file.path())?;
        let name = NodeName::new(&file.file_name().to_string_lossy()).map_err(io::Error::other)?;
        nodes.insert(name.clone(), Sighting::new(name, address));
    }
    Ok(nodes)
}

#[derive(Clone)]
struct Yes;

impl App for Yes {
    const NAME: &'static str = "yes";
    type Command = String;
    type Reply = bool;
    fn key(command: &String) -> Key {
        Key::from(command)
    }
    fn plan(&self, _: &String) -> Plan {
        Plan::owner(2, 2)
    }
    fn handle(&mut self, _: &mut Records<'_>, _: String) -> bool {
        true
    }
}

#[actix_rt::main]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("custom_discovery-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut starting = Vec::new();
    for (name, address) in [("n1", "127.0.0.1:7711"), ("n2", "127.0.0.1:7712")] {
        let mut config = Config::new(name)?;
        config.listen = address.parse()?;
        config.changes.bootstrap_expect = Some(2);
        let own = Sighting::new(config.name.clone(), address);
        let source = Folder { path: folder.clone(), own };
        starting.push(Node::builder().config(config).app(Yes).discovery(source).start());
    }
    let nodes = try_join_all(starting).await?;
    for node in &nodes {
        println!("{}: {}", node.handle().name(), node.ask("found?".to_owned()).await?);
    }
    join_all(nodes.into_iter().map(Node::stop)).await;
    println!("announced still: {}", list(&folder)?.len());
    Ok(fs::remove_dir(&folder)?)
}
