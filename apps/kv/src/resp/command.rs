//! The commands a Redis client may send: their names, how many arguments they take, and what
//! clients may know of them.
//!
//! One list says it all; the enum, the look-up by name and the answers to `COMMAND` are made from
//! it.

use crate::fronts::metrics::{Class, Named};

/// What `COMMAND` tells about a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name in lower case, as Redis writes it in errors.
    pub name: &'static str,
    /// How many arguments it takes, its name included; at least so many when negative.
    pub arity: i8,
    /// What it is to the cluster.
    pub class: Class,
    /// Which of its arguments are keys.
    pub keys: Keys,
    /// What it does, in a sentence.
    pub summary: &'static str,
}

/// Which arguments of a command are keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// None.
    None,
    /// The first one.
    First,
    /// All of them.
    All,
    /// Every other one, from the first on.
    Pairs,
}

macro_rules! commands {
    ($($variant:ident $upper:literal $name:literal $arity:literal $class:ident $keys:ident $summary:literal;)*) => {
        /// A command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Name {
            $(#[doc = $summary] $variant,)*
        }

        /// All commands, in the order of their names.
        pub(super) const ALL: &[Name] = &[$(Name::$variant,)*];

        const ROWS: &[Row] = &[$(Row {
            name: $name,
            arity: $arity,
            class: Class::$class,
            keys: Keys::$keys,
            summary: $summary,
        },)*];

        fn find_upper(upper: &[u8]) -> Option<Name> {
            match upper {
                $($upper => Some(Name::$variant),)*
                _ => None,
            }
        }
    };
}

commands! {
    Auth b"AUTH" "auth" -2 Local None "Refused: no authentication is configured.";
    Client b"CLIENT" "client" -2 Local None "Tells about connections.";
    Command b"COMMAND" "command" -1 Local None "Tells about commands.";
    Config b"CONFIG" "config" -2 Local None "Tells what tools want to know of a configuration.";
    Dbsize b"DBSIZE" "dbsize" 1 Sweep None "Counts the keys in the whole cluster.";
    Del b"DEL" "del" -2 Write All "Deletes keys.";
    Echo b"ECHO" "echo" 2 Local None "Returns its argument.";
    Exists b"EXISTS" "exists" -2 Read All "Counts those of the keys that exist.";
    Expire b"EXPIRE" "expire" -3 Write First "Lets a key expire in so many seconds.";
    Expireat b"EXPIREAT" "expireat" -3 Write First "Lets a key expire at a Unix time in seconds.";
    Expiretime b"EXPIRETIME" "expiretime" 2 Read First "Tells at which Unix time a key expires.";
    Flushall b"FLUSHALL" "flushall" -1 Write None "Deletes every key of the namespace.";
    Flushdb b"FLUSHDB" "flushdb" -1 Write None "Deletes every key of the namespace.";
    Get b"GET" "get" 2 Read First "Reads a value.";
    Getdel b"GETDEL" "getdel" 2 Write First "Reads a value, and deletes what was read.";
    Hello b"HELLO" "hello" -1 Local None "Chooses the protocol.";
    Info b"INFO" "info" -1 Local None "Tells about this node.";
    Mget b"MGET" "mget" -2 Read All "Reads values.";
    Mset b"MSET" "mset" -3 Write Pairs "Writes values, each by itself.";
    Persist b"PERSIST" "persist" 2 Write First "Lets a key live for ever.";
    Pexpire b"PEXPIRE" "pexpire" -3 Write First "Lets a key expire in so many milliseconds.";
    Pexpireat b"PEXPIREAT" "pexpireat" -3 Write First "Lets a key expire at a Unix time in milliseconds.";
    Pexpiretime b"PEXPIRETIME" "pexpiretime" 2 Read First "Tells at which Unix time in milliseconds a key expires.";
    Ping b"PING" "ping" -1 Local None "Answers.";
    Psetex b"PSETEX" "psetex" 4 Write First "Writes a value that expires in so many milliseconds.";
    Pttl b"PTTL" "pttl" 2 Read First "Tells in how many milliseconds a key expires.";
    Quit b"QUIT" "quit" -1 Local None "Closes the connection.";
    Reset b"RESET" "reset" 1 Local None "Makes the connection as good as new.";
    Scan b"SCAN" "scan" -2 Sweep None "Lists keys of the whole cluster, page by page.";
    Select b"SELECT" "select" 2 Local None "Chooses database 0, the only one.";
    Set b"SET" "set" -3 Write First "Writes a value.";
    Setex b"SETEX" "setex" 4 Write First "Writes a value that expires in so many seconds.";
    Strlen b"STRLEN" "strlen" 2 Read First "Tells how long a value is.";
    Time b"TIME" "time" 1 Local None "Tells this node's time.";
    Ttl b"TTL" "ttl" 2 Read First "Tells in how many seconds a key expires.";
    Type b"TYPE" "type" 2 Read First "Tells whether a key exists: all values are strings.";
    Unlink b"UNLINK" "unlink" -2 Write All "Deletes keys.";
}

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 11;

impl Name {
    /// The command of this name, in whatever case.
    #[inline]
    pub(super) fn find(name: &[u8]) -> Option<Self> {
        let mut upper = [0; NAME_BYTES_MAX];
        let upper = upper.get_mut(..name.len())?;
        for (upper, byte) in upper.iter_mut().zip(name) {
            *upper = byte.to_ascii_uppercase();
        }
        find_upper(upper)
    }

    /// What is known of it.
    pub(super) fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Whether it may have so many arguments, its name included.
    #[inline]
    pub(super) fn takes(self, count: usize) -> bool {
        let arity = self.row().arity;
        let wanted = usize::from(arity.unsigned_abs());
        if arity < 0 { count >= wanted } else { count == wanted }
    }
}

/// The names and classes of all commands, and of those there are not, for counting.
pub(super) fn counted() -> Vec<Named> {
    let known = ROWS.iter().map(|row| (row.name, row.class));
    known.chain([UNKNOWN]).collect()
}

/// What is counted for a command that does not exist.
const UNKNOWN: Named = ("unknown", Class::Local);

/// The place of [`UNKNOWN`] in [`counted`].
pub(super) const UNKNOWN_AT: usize = ROWS.len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_any_case() {
        for &name in ALL {
            let row = name.row();
            assert_eq!(Name::find(row.name.as_bytes()), Some(name));
            assert_eq!(Name::find(row.name.to_uppercase().as_bytes()), Some(name));
        }
        assert_eq!(Name::find(b"gEt"), Some(Name::Get));
        assert_eq!(Name::find(b""), None);
        assert_eq!(Name::find(b"GETX"), None);
        assert_eq!(Name::find(b"PEXPIRETIMES"), None);
    }

    #[test]
    fn the_list_is_in_the_order_of_names() {
        assert!(ROWS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn arity_counts_the_name() {
        assert!(Name::Get.takes(2) && !Name::Get.takes(3) && !Name::Get.takes(1));
        assert!(Name::Del.takes(2) && Name::Del.takes(9) && !Name::Del.takes(1));
    }
}
