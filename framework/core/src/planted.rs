//! Planted bugs: mistakes that a special build makes on purpose, to try what must find them.
//!
//! A simulator that stays silent has shown nothing until it has found something. So mistakes stand
//! ready at a few sites, each behind [`planted!`](crate::planted!) with a name of its own. A normal
//! build cannot contain one: the macro is `false` there before the compiler looks at it. A build
//! with `--cfg planted="NAME"` makes that one mistake; a build with `--cfg planted="any"` contains
//! all of them and makes the one that its program chooses, once, before anything else.

#[cfg(planted = "any")]
static CHOSEN: std::sync::OnceLock<Box<str>> = std::sync::OnceLock::new();

/// Whether the mistake with this name is to be made here.
#[cfg(not(planted = "any"))]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        cfg!(planted = $name)
    };
}

/// Whether the mistake with this name is to be made here.
#[cfg(planted = "any")]
#[macro_export]
macro_rules! planted {
    ($name:literal) => {
        $crate::planted::is_chosen($name)
    };
}

/// Makes the mistake called `name` from now on, in the whole program.
///
/// # Panics
/// When one was chosen before.
#[cfg(planted = "any")]
pub fn choose(name: &str) {
    CHOSEN.set(name.into()).expect("a program makes one mistake, chosen once");
}

/// Whether the mistake called `name` was chosen.
#[cfg(planted = "any")]
#[must_use]
pub fn is_chosen(name: &str) -> bool {
    CHOSEN.get().is_some_and(|chosen| **chosen == *name)
}
