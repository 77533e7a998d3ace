use tokio::time::advance;

use super::*;
use crate::dns::Settings;
use crate::who::town::Town;

const TTL: Duration = Duration::from_secs(5);
/// As it is by default.
const FORGET_AFTER: Duration = Duration::from_secs(30);
const AT: &str = "10.0.0.1:1";

fn names(town: &Town) -> Names {
    Names::new(Facts::channel().0.asking(town.clone()), Settings::default().pace())
}

fn is(name: &str) -> Who {
    Who::Is(NodeName::new(name).unwrap())
}

fn was(name: &str) -> Who {
    Who::Was(NodeName::new(name).unwrap())
}

async fn at(names: &Names) -> Who {
    names.of(&[AT.parse().unwrap()], TTL).await.remove(0)
}

fn is_unanswered(who: &Who) -> bool {
    matches!(who, Who::Nameless(NoName::NoAnswer { .. }))
}

#[tokio::test(start_paused = true)]
async fn who_is_at_an_address_is_asked_once_in_a_time_to_live() {
    let town = Town::default();
    let names = names(&town);
    town.moves_in("n1", AT);
    for _ in 0..5 {
        assert_eq!(at(&names).await, is("n1"));
        advance(TTL / 6).await;
    }
    assert_eq!(town.asked(), 1);
    advance(TTL).await;
    town.moves_in("n2", AT);
    assert_eq!(at(&names).await, is("n2"), "it has the address now");
    assert_eq!(town.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_keeps_its_name_while_it_is_listed_and_is_asked_each_time() {
    let town = Town::default();
    let names = names(&town);
    town.moves_in("n1", AT);
    at(&names).await;
    town.falls_silent(AT);
    town.asked();
    for _ in 0..10 {
        advance(TTL).await;
        assert_eq!(at(&names).await, was("n1"));
    }
    assert_eq!(town.asked(), 10);
    advance(FORGET_AFTER).await;
    assert!(is_unanswered(&at(&names).await), "it was left out for long");
}

#[tokio::test(start_paused = true)]
async fn an_address_at_which_nobody_answers_has_no_name_until_somebody_does() {
    let town = Town::default();
    let names = names(&town);
    assert!(is_unanswered(&at(&names).await));
    town.moves_in("n1", AT);
    assert_eq!(at(&names).await, is("n1"));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_takes_the_name_from_an_address_and_is_asked_as_seldom_as_a_node() {
    let town = Town::default();
    let names = names(&town);
    town.moves_in("n1", AT);
    at(&names).await;
    let stranger = town.stranger_moves_in(AT);
    advance(TTL).await;
    town.asked();
    for _ in 0..3 {
        assert_eq!(at(&names).await, Who::Nameless(stranger.clone()));
    }
    assert_eq!(town.asked(), 1);
    town.falls_silent(AT);
    advance(TTL).await;
    assert!(is_unanswered(&at(&names).await));
}
