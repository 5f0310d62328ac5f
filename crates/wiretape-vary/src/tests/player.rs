//! The player gives the script's steps at their moments.

use alloc::vec;
use alloc::vec::Vec;

use wiretape_core::machine::{Machine, Moment, run};

use super::{ANTHROPIC, script};
use crate::{Action, Control, Pace, Piece, Player};
use wiretape_core::Dialect;
use wiretape_tape::EndKind;

#[test]
fn every_step_at_its_moment() {
    for pace in [Pace::Recorded, Pace::Instant, Pace::Speed { n: 7, of: 3 }] {
        let script = script(Dialect::Anthropic, ANTHROPIC, vec![Piece::Pace { pace }]);
        let mut want = Vec::new();
        let mut now = Moment(11);
        for step in script.steps() {
            now = now.after(step.after_ns);
            want.push((now, Action::Bytes(step.bytes.to_vec())));
        }
        now = now.after(script.end_after_ns);
        want.push((now, Action::End(EndKind::Complete)));
        let mut got = Vec::new();
        let mut player = Player::new(script);
        let end = run(&mut player, Moment(11), |now, action| {
            got.push((now, action));
        });
        assert_eq!(end, Ok(now));
        assert_eq!(got, want);
        assert!(player.is_finished());
    }
}

#[test]
fn early_and_repeated_calls_have_no_effect() {
    let script = script(Dialect::Anthropic, ANTHROPIC, vec![]);
    let mut player = Player::new(script);
    assert_eq!(player.deadline(), Some(Moment(0)));
    for _ in 0..3 {
        assert_eq!(player.advance(Moment(0)), Ok(()));
        assert_eq!(player.poll(), None);
        assert_eq!(player.deadline(), Some(Moment(1_000_000)));
    }
    assert_eq!(player.advance(Moment(999_999)), Ok(()));
    assert_eq!(player.poll(), None);
    // Late by two chunks and a bit: they come at once, and the next is due as if in time.
    assert_eq!(player.advance(Moment(2_000_001)), Ok(()));
    assert!(matches!(player.poll(), Some(Action::Bytes(_))));
    assert!(matches!(player.poll(), Some(Action::Bytes(_))));
    assert_eq!(player.poll(), None);
    assert_eq!(player.deadline(), Some(Moment(3_000_000)));
}

#[test]
fn a_held_clock_stands_still() {
    let script = script(Dialect::Anthropic, ANTHROPIC, vec![]);
    let mut player = Player::new(script);
    assert_eq!(player.advance(Moment(0)), Ok(()));
    assert_eq!(player.handle(Moment(400_000), Control::Hold), Ok(()));
    assert_eq!(player.handle(Moment(500_000), Control::Hold), Ok(()));
    assert!(player.is_held());
    assert_eq!(player.deadline(), None);
    assert_eq!(player.advance(Moment(9_000_000)), Ok(()));
    assert_eq!(player.poll(), None);
    assert_eq!(player.handle(Moment(10_400_000), Control::Release), Ok(()));
    assert_eq!(player.poll(), None);
    assert_eq!(player.deadline(), Some(Moment(11_000_000)));
}
