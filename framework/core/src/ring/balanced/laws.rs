use std::sync::Arc;
use std::time::Instant;
use crate::id::*;
use crate::key::*;
use crate::ring::*;

fn bp(n: usize, zones: &[u32], p: u32, r: u8, w: impl Fn(usize)->u32) -> Blueprint {
    let mut members = vec![];
    for i in 0..n {
        let mut m = Member::new(NodeName::new(&format!("n{i}")).unwrap());
        m.weight = w(i);
        if !zones.is_empty() {
            let total: u32 = zones.iter().sum();
            let mut at = i as u32 * total / n as u32; let mut z = 0;
            while at >= zones[z] { at -= zones[z]; z += 1; }
            m.zone = Some(Arc::from(format!("z{z}")));
        }
        members.push(m);
    }
    Blueprint { epoch: Epoch(1), partitions: Partitions::new(p).unwrap(), replicas: r, members }
}

use super::terms::Terms;
/// cancels negative cycles; returns moves saved
fn saved(ring: &Ring, prev: &Ring) -> usize {
    let terms = Terms::new(ring.members(), ring.partitions(), ring.replicas(), Some(prev));
    let idx = |s: &Seat| terms.candidates.iter().position(|c| c.seat == *s).unwrap();
    let mut owners: Vec<Vec<usize>> = ring.partitions().iter().map(|p| ring.owners(p, ring.replicas()).iter().map(idx).collect()).collect();
    let n = terms.candidates.len();
    let new = |m: usize, p: usize| i64::from(!terms.past[p].contains(&m));
    let count = |o: &Vec<Vec<usize>>| o.iter().enumerate().map(|(p, o)| o.iter().filter(|&&m| new(m, p) == 1).count()).sum::<usize>();
    let start = count(&owners);
    loop {
        let mut edge = vec![vec![(i64::MAX, 0); n]; n];
        for p in 0..terms.partitions { for &g in &owners[p] { for t in 0..n {
            if terms.may_replace(&owners[p], g, t) {
                let c = new(t, p) - new(g, p);
                if c < edge[g][t].0 { edge[g][t] = (c, p); }
            } } } }
        let mut d = vec![0i64; n]; let mut by = vec![usize::MAX; n]; let mut last = None;
        for _ in 0..=n { last = None;
            for g in 0..n { for t in 0..n { if edge[g][t].0 != i64::MAX && d[g] + edge[g][t].0 < d[t] { d[t] = d[g] + edge[g][t].0; by[t] = g; last = Some(t); } } }
            if last.is_none() { break; }
        }
        let Some(mut at) = last else { break };
        for _ in 0..n { at = by[at]; }
        let end = at;
        loop { let g = by[at]; let p = edge[g][at].1;
            let Some(slot) = owners[p].iter().position(|&o| o == g) else { println!("conflict"); return start - count(&owners) };
            owners[p][slot] = at; at = g; if at == end { break; } }
    }
    start - count(&owners)
}
fn go(label: &str, b: &Blueprint, prev: Option<&Ring>) -> Ring {
    let t = Instant::now();
    let ring = Ring::build(b.clone(), prev).unwrap();
    let e = t.elapsed();
    let bal = ring.balance();
    let own: Vec<_> = bal.iter().map(|l| l.owned).collect();
    let led: Vec<_> = bal.iter().map(|l| l.led).collect();
    let lb: usize = prev.map_or(0, |p| {
        let old: std::collections::BTreeMap<_, _> = p.balance().into_iter().map(|l| (l.name, l.owned)).collect();
        bal.iter().map(|l| l.owned.saturating_sub(old.get(&l.name).copied().unwrap_or(0))).sum()
    });
    let saved = if b.members.len() < 20 && b.partitions.count() <= 4096 { prev.map_or(0, |p| saved(&ring, p)) } else { 0 };
    println!("{label}: {e:?} owned {}..{} led {}..{} moves {:?} lb {lb} saved {saved}", own.iter().min().unwrap(), own.iter().max().unwrap(), led.iter().min().unwrap(), led.iter().max().unwrap(), prev.map(|p| ring.moves(p)));
    ring
}
#[test]
#[ignore]
fn timing() {
    for (p, n) in [(4096, 10), (4096, 4), (256, 5), (64, 12)] {
      for zones in [&[][..], &[1,1,1], &[1,1,1,1], &[10,3,4,3], &[9, 7, 7, 7], &[1,1], &[3,1], &[20,20,20,1]] {
        println!("--- {p} x {n} zones {zones:?}");
        let b = bp(n, zones, p, 3, |_| 1);
        let one = go("scratch", &b, None);
        go("same", &b, Some(&one));
        let mut more = b.clone();
        let mut m = Member::new(NodeName::new("new").unwrap()); m.zone = b.members[0].zone.clone();
        more.members.push(m);
        let two = go("added", &more, Some(&one));
        go("back", &b, Some(&two));
        let mut less = b.clone(); less.members.remove(n / 2);
        go("removed", &less, Some(&one));
        let mut half = b.clone(); half.members.iter_mut().step_by(2).for_each(|m| m.weight = 3);
        go("reweighted", &half, Some(&one));
        let mut z = b.clone(); z.members.iter_mut().step_by(3).for_each(|m| m.zone = Some(Arc::from("zz")));
        go("rezoned", &z, Some(&one));
        let mut r = b.clone(); r.replicas = 2;
        go("r2", &r, Some(&one));
        let mut r = b.clone(); r.replicas = 5;
        go("r5", &r, Some(&one));
      }
    }
}
