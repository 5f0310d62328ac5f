//! The plan by itself: numbers in, cuts out.

use wiretape_core::budget::{Budget, Cut, Cuttable, Entry, Pin, plan};

/// A group of one message.
fn one(group: usize, tokens: u64) -> Entry {
    Entry {
        group,
        tokens,
        ..Entry::default()
    }
}

fn pinned(group: usize, tokens: u64, pin: Pin) -> Entry {
    Entry {
        pin: Some(pin),
        ..one(group, tokens)
    }
}

fn long(group: usize, tokens: u64, saves: u64) -> Entry {
    Entry {
        results: vec![Cuttable { part: 0, saves }],
        ..one(group, tokens)
    }
}

/// All of the window may be used.
fn window(tokens: u64) -> Budget {
    Budget {
        threshold_percent: 100,
        ..Budget::new(tokens)
    }
}

fn drops(cuts: &[Cut]) -> Vec<(usize, usize)> {
    let dropped = cuts.iter().filter_map(|cut| match cut {
        Cut::Drop { messages, .. } => Some((messages.start, messages.end)),
        _ => None,
    });
    dropped.collect()
}

fn truncated(cuts: &[Cut]) -> Vec<usize> {
    let truncated = cuts.iter().filter_map(|cut| match cut {
        Cut::Truncate { message, .. } => Some(*message),
        _ => None,
    });
    truncated.collect()
}

#[test]
fn what_is_allowed_is_the_smaller_of_two_limits_less_what_is_fixed() {
    let mut budget = Budget::new(200_000);
    assert_eq!(budget.allowed(), 170_000);
    budget.fixed = 5_000;
    assert_eq!(budget.allowed(), 165_000);
    // 85 % and 128,000 of output would overflow a window of 200,000.
    budget.max_tokens = 128_000;
    assert_eq!(budget.allowed(), 67_000);
    budget.max_tokens = 300_000;
    assert_eq!(budget.allowed(), 0);
    budget = Budget::new(u64::MAX);
    assert!(budget.allowed() > u64::MAX / 100 * 84);
    budget.threshold_percent = 255;
    assert_eq!(budget.allowed(), u64::MAX);
}

#[test]
fn results_are_truncated_oldest_first_and_only_as_many_as_needed() {
    let entries = [long(0, 100, 80), long(1, 100, 80), long(2, 100, 80)];
    for (allowed, wanted) in [
        (300, 0),
        (299, 1),
        (220, 1),
        (219, 2),
        (140, 2),
        (139, 3),
        (60, 3),
    ] {
        let plan = plan(&window(allowed), &entries).unwrap();
        assert_eq!(
            truncated(&plan.cuts),
            (0..wanted).collect::<Vec<_>>(),
            "{allowed}"
        );
        assert!(plan.after <= allowed);
    }
}

#[test]
fn groups_go_when_truncating_is_not_enough_oldest_first_and_whole() {
    let entries = [
        pinned(0, 10, Pin::FirstUser),
        one(1, 50),
        one(1, 50),
        one(2, 30),
        one(3, 30),
        pinned(4, 10, Pin::CurrentTurn),
    ];
    let plan = plan(&window(100), &entries).unwrap();
    assert_eq!(drops(&plan.cuts), [(1, 3)]);
    assert_eq!((plan.before, plan.after), (180, 80));
}

#[test]
fn a_result_is_not_truncated_where_the_drops_alone_make_room() {
    let entries = [
        one(0, 500),
        long(1, 100, 80),
        pinned(2, 10, Pin::CurrentTurn),
    ];
    // With the first group the rest would be 530 at least.
    let plan = plan(&window(200), &entries).unwrap();
    assert_eq!(drops(&plan.cuts), [(0, 1)]);
    assert_eq!(truncated(&plan.cuts), [0_usize; 0]);
}

#[test]
fn a_pin_holds_its_whole_group() {
    let mut entries = [
        one(0, 50),
        one(0, 50),
        one(1, 50),
        pinned(2, 10, Pin::CurrentTurn),
    ];
    entries[1].pin = Some(Pin::Caller);
    let plan = plan(&window(120), &entries).unwrap();
    assert_eq!(drops(&plan.cuts), [(2, 3)]);
}

#[test]
fn results_of_the_current_turn_are_truncated_last() {
    let mut current = long(2, 300, 250);
    current.pin = Some(Pin::CurrentTurn);
    let entries = [one(0, 50), one(1, 50), current];
    let plan = plan(&window(150), &entries).unwrap();
    assert_eq!(drops(&plan.cuts), [(0, 1), (1, 2)]);
    let last = plan.cuts.last().unwrap();
    assert!(
        matches!(
            last,
            Cut::Truncate {
                message: 2,
                current: true,
                ..
            }
        ),
        "{last:?}"
    );
}

#[test]
fn too_many_pins_are_an_error_with_the_numbers() {
    let mut budget = Budget::new(1_000);
    budget.max_tokens = 300;
    budget.fixed = 100;
    let mut current = long(4, 500, 100);
    current.pin = Some(Pin::CurrentTurn);
    let entries = [
        pinned(0, 100, Pin::System),
        pinned(1, 200, Pin::FirstUser),
        pinned(2, 50, Pin::Caller),
        one(3, 1_000),
        current,
    ];
    let overfull = plan(&budget, &entries).unwrap_err();
    assert_eq!(overfull.allowed, 600);
    assert_eq!(overfull.pinned, 750);
    insta::assert_snapshot!(overfull, @"what must stay is 750 tokens, expected at most 600: system 100, first message of the user 200, current turn 400, pinned by the caller 50; the window is 1000, of it 85 % may be used, 300 are for the reply and 100 for the system prompt and the tools");
}

#[test]
fn a_low_water_mark_clears_in_one_big_step() {
    let entries: Vec<Entry> = (0..20).map(|group| one(group, 10)).collect();
    let mut budget = window(190);
    assert_eq!(drops(&plan(&budget, &entries).unwrap().cuts).len(), 1);
    budget.target_percent = 50;
    let half = plan(&budget, &entries).unwrap();
    assert_eq!((drops(&half.cuts).len(), half.after), (11, 90));
    budget.target_percent = 100;
    budget.clear_at_least = 100;
    assert_eq!(drops(&plan(&budget, &entries).unwrap().cuts).len(), 10);
    // Where there is not so much to clear, all goes that may, and it is no error.
    budget.clear_at_least = 10_000;
    assert_eq!(plan(&budget, &entries).unwrap().after, 0);
    // What fits is not touched.
    budget.window = 200;
    assert!(plan(&budget, &entries).unwrap().cuts.is_empty());
}

#[test]
fn nothing_at_all_fits_anything() {
    assert_eq!(plan(&window(0), &[]).unwrap().after, 0);
    assert!(plan(&window(0), &[one(0, 1)]).unwrap().cuts.len() == 1);
    assert!(plan(&window(0), &[pinned(0, 1, Pin::System)]).is_err());
}
