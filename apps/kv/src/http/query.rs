//! The query of a request: numbers, each at most once, and none that is not known.

use std::num::NonZeroU8;
use std::time::Duration;

use peer_ring_core::quorum::REPLICAS_MAX;

use super::problem::Problem;
use crate::cursor::Cursor;
use crate::namespace::Settings;
use crate::ttl::Ttl;

/// The most keys of one listing, and how many when the client does not say.
pub(super) const KEYS_MAX: u32 = 10_000;
pub(super) const KEYS: u32 = 1_000;

/// What a query says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// On how many nodes.
    pub n: Option<NonZeroU8>,
    /// How many of them must answer: `r` of a read, `w` of a write.
    pub q: Option<NonZeroU8>,
    /// How long a value lives.
    pub ttl: Ttl,
    /// Where a listing goes on.
    pub after: Option<Cursor>,
    /// How many keys it has.
    pub limit: Option<u32>,
}

impl Query {
    /// Reads a query that may have parameters of these names.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let mut found = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                return Err(bad(name, &format!("unknown here; known are {}", known.join(", "))));
            }
            if seen.contains(&name) {
                return Err(bad(name, "given twice"));
            }
            seen.push(name);
            match name {
                "n" => found.n = Some(replicas(name, value)?),
                "r" | "w" => found.q = Some(replicas(name, value)?),
                "ttl" => found.ttl = ttl(value)?,
                "after" => {
                    let number = value.parse().map_err(|_| bad(name, "not a cursor"))?;
                    found.after = Some(Cursor::from_number(number));
                }
                _ => {
                    let limit = value.parse().ok().filter(|limit| (1..=KEYS_MAX).contains(limit));
                    let problem = || bad(name, &format!("not a number from 1 to {KEYS_MAX}"));
                    found.limit = Some(limit.ok_or_else(problem)?);
                }
            }
        }
        Ok(found)
    }

    /// Whether as many can answer as must, in a namespace with these settings.
    pub(super) fn check(self, name: &str, settings: &Settings) -> Result<Self, Problem> {
        let n = self.n.unwrap_or(settings.n);
        match self.q {
            Some(q) if q > n => Err(bad(name, &format!("{q} of {n} replicas cannot answer"))),
            Some(_) | None => Ok(self),
        }
    }
}

fn bad(name: &str, problem: &str) -> Problem {
    Problem::BadParameter { name: name.to_owned(), problem: problem.to_owned() }
}

fn replicas(name: &str, value: &str) -> Result<NonZeroU8, Problem> {
    let count = value.parse().ok().filter(|count: &NonZeroU8| count.get() <= REPLICAS_MAX);
    count.ok_or_else(|| bad(name, &format!("not a number from 1 to {REPLICAS_MAX}")))
}

fn ttl(value: &str) -> Result<Ttl, Problem> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("", 1)];
    let split = |(unit, millis)| Some((value.strip_suffix(unit)?, millis));
    let (number, millis) = units.into_iter().find_map(split).unwrap_or((value, 1));
    let number: Option<u64> = number.parse().ok();
    let millis = number.and_then(|number| number.checked_mul(millis)).filter(|ttl| *ttl > 0);
    let problem = || bad("ttl", "not a time above zero, such as 1500, 500ms, 30s, 5m or 2h");
    Ok(Ttl::For(Duration::from_millis(millis.ok_or_else(problem)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_milliseconds_unless_it_has_a_unit() {
        let millis = |text: &str| match Query::read(Some(text), &["ttl"]) {
            Ok(Query { ttl: Ttl::For(ttl), .. }) => Some(ttl.as_millis()),
            _ => None,
        };
        let cases = [("1500", 1_500), ("500ms", 500), ("30s", 30_000), ("5m", 300_000)];
        for (text, wanted) in cases {
            assert_eq!(millis(&format!("ttl={text}")), Some(wanted));
        }
        assert_eq!(millis("ttl=2h"), Some(7_200_000));
        for text in ["", "0", "-1", "s", "1d", "1.5s", "99999999999999999h"] {
            assert_eq!(millis(&format!("ttl={text}")), None, "{text}");
        }
    }

    #[test]
    fn a_parameter_that_is_wrong_is_named() {
        for (query, name) in [
            ("x=1", "x"),
            ("n=0", "n"),
            ("n=17", "n"),
            ("n", "n"),
            ("n=1&n=2", "n"),
            ("r=a", "r"),
            ("w=1", "w"),
        ] {
            match Query::read(Some(query), &["n", "r"]) {
                Err(Problem::BadParameter { name: named, .. }) => assert_eq!(named, name),
                other => panic!("{query}: {other:?}"),
            }
        }
    }

    #[test]
    fn more_answers_than_replicas_are_refused() {
        let query = Query::read(Some("n=2&r=3"), &["n", "r"]).unwrap();
        assert!(query.check("r", &Settings::default()).is_err());
        let query = Query::read(Some("r=3"), &["n", "r"]).unwrap();
        assert!(query.check("r", &Settings::default()).is_ok());
    }
}
