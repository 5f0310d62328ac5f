//! Law 11: what is sent fits, or `Overfull` says why not; pairs stay together; what is pinned stays;
//! the order stays; planning again changes nothing; no more is cut than needed; nothing is refused.

use proptest::prelude::*;
use wiretape_core::Dialect;
use wiretape_core::budget::{self, Fitted, Heuristic, Options, Overfull, Planner};
use wiretape_core::conversation::{Conversation, FlawKind, Message, Role};

use super::Bytes;
use super::say::{alternates, pieces};
use super::strategy::{any_history, sound};

fn options(window: u64, cap: u64) -> Options {
    let mut options = Options::new(window);
    options.result_tokens_max = cap;
    options
}

fn fit(history: &Conversation, options: &Options) -> Result<Fitted, Overfull> {
    Planner::new(options.clone(), Bytes).fit(history)
}

fn sent(history: &Conversation, fitted: &Fitted) -> Conversation {
    Conversation::parse(history.dialect(), fitted.body()).unwrap()
}

proptest! {
    #[test]
    fn it_fits_or_says_overfull(history in sound(), window in 200_u64..20_000, cap in 100_u64..900) {
        let options = options(window, cap);
        match fit(&history, &options) {
            Ok(fitted) => {
                let tokens = budget::count(&sent(&history, &fitted), &mut Bytes);
                let fixed = budget::REPLY_TOKENS;
                // Messages that are joined have one frame.
                if alternates(history.dialect()) {
                    prop_assert!(tokens <= fitted.plan.after + fixed);
                } else {
                    prop_assert_eq!(tokens, fitted.plan.after + fixed);
                }
                prop_assert!(fitted.plan.after <= fitted.plan.allowed);
                prop_assert!(tokens <= window * 85 / 100);
            }
            Err(overfull) => {
                prop_assert!(overfull.pinned > overfull.allowed, "{overfull}");
                let sum = overfull.system + overfull.first_user + overfull.caller + overfull.current_turn;
                prop_assert_eq!(overfull.pinned, sum);
            }
        }
    }

    #[test]
    fn what_is_sent_is_the_history_in_its_order(history in sound(), window in 200_u64..20_000) {
        let Ok(fitted) = fit(&history, &options(window, 300)) else { return Ok(()) };
        // Each message sent is one of the history, later than the one before, and has its bytes
        // unless a result in it was truncated.
        let stored = pieces(history.dialect(), history.messages());
        let mut rest = stored.iter();
        for shown in pieces(history.dialect(), fitted.messages()) {
            prop_assert!(rest.any(|stored| stored.is(&shown)), "{}", shown.text);
            // What parts of a message are not results keep their bytes.
            let bytes = stored.iter().any(|stored| stored.text == shown.text);
            prop_assert!(bytes || shown.has_result(), "{}", shown.text);
        }
    }

    #[test]
    fn pairs_stay_together_and_nothing_is_refused(history in sound(), window in 200_u64..20_000) {
        prop_assert!(history.refusals().is_empty(), "{:?}", history.refusals());
        let Ok(fitted) = fit(&history, &options(window, 300)) else { return Ok(()) };
        let flaws = sent(&history, &fitted).refusals();
        prop_assert!(flaws.is_empty(), "{flaws:?}");
    }

    #[test]
    fn what_is_pinned_stays(
        history in sound(), window in 200_u64..20_000, pin in any::<prop::sample::Index>(),
    ) {
        let pin = pin.index(history.messages().len());
        let mut options = options(window, 300);
        options.pins = vec![pin];
        let Ok(fitted) = fit(&history, &options) else { return Ok(()) };
        let stored = history.messages();
        let shown = pieces(history.dialect(), fitted.messages());
        let here = |message: &Message| {
            let wanted = pieces(history.dialect(), [message]);
            wanted.iter().all(|wanted| shown.iter().any(|shown| shown.text == wanted.text))
        };
        prop_assert!(here(&stored[pin]));
        prop_assert!(here(stored.iter().find(|m| m.role() == Role::User).unwrap()));
        prop_assert!(stored.iter().filter(|m| m.role() == Role::System).all(here));
        // The current turn is there whole: every message since the user last spoke.
        let turn = stored.iter().rposition(|message| message.is_prompt()).unwrap();
        let turn = pieces(history.dialect(), &stored[turn..]);
        prop_assert!(shown.len() >= turn.len());
        for (shown, stored) in shown[shown.len() - turn.len()..].iter().zip(&turn) {
            prop_assert!(stored.is(shown), "{} {}", stored.text, shown.text);
        }
    }

    #[test]
    fn planning_again_changes_nothing(history in sound(), window in 200_u64..20_000) {
        let options = options(window, 300);
        let mut planner = Planner::new(options.clone(), Bytes);
        let Ok(first) = planner.fit(&history) else { return Ok(()) };
        // The same planner, the same history.
        prop_assert_eq!(planner.fit(&history).unwrap(), first);
        let first = planner.fit(&history).unwrap();
        // Another planner over what was sent.
        let again = fit(&sent(&history, &first), &options).unwrap();
        prop_assert!(again.is_whole(), "{:?}", again.plan);
        prop_assert_eq!(again.body(), first.body());
    }

    #[test]
    fn no_more_is_cut_than_needed(history in sound(), window in 200_u64..20_000) {
        use wiretape_core::budget::Cut;
        let Ok(fitted) = fit(&history, &options(window, 300)) else { return Ok(()) };
        let plan = fitted.plan;
        // Without the last truncation it would not fit.
        let last = plan.cuts.iter().rev().find_map(|cut| match cut {
            Cut::Truncate { saves, .. } => Some(*saves),
            _ => None,
        });
        if let Some(saves) = last {
            prop_assert!(plan.after + saves > plan.allowed);
        }
        // With the group dropped last it would not, however much is truncated.
        let dropped = plan.cuts.iter().rev().find_map(|cut| match cut {
            Cut::Drop { messages, .. } => Some(messages.clone()),
            _ => None,
        });
        if let Some(group) = dropped {
            let mut options = options(window, 300);
            let kept: Vec<String> = (0..history.messages().len())
                .filter(|at| {
                    group.contains(at)
                        || !plan.cuts.iter().any(|cut| match cut {
                            Cut::Drop { messages, .. } => messages.contains(at),
                            _ => false,
                        })
                })
                .map(|at| history.messages()[at].text().to_owned())
                .collect();
            let kept = super::history(history.dialect(), &kept);
            // All that may be truncated is, and nothing can be dropped, if all of it is pinned as
            // far as the plan can tell: the window is the least that the truncated rest needs.
            options.window = u64::MAX / 200;
            options.target_percent = 1;
            let least = least(&kept);
            prop_assert!(least > plan.allowed, "{least} {}", plan.allowed);
        }
    }

    #[test]
    fn a_repaired_history_is_refused_for_nothing_that_can_be_repaired(history in any_history()) {
        let (repaired, repairs) = history.repaired();
        let left: Vec<_> = repaired.flaws().into_iter()
            .filter(|flaw| flaw.kind != FlawKind::DuplicateCall)
            .collect();
        // An id used twice makes a second call's results those of the first: out of repair.
        let twice = history.flaws().iter().any(|flaw| flaw.kind == FlawKind::DuplicateCall);
        prop_assert!(left.is_empty() || twice, "{left:?}\n{}", repaired.body());
        prop_assert_eq!(repairs.is_empty(), history.flaws().is_empty() || repairs.is_empty());
        if history.flaws().is_empty() {
            prop_assert_eq!(&repaired, &history);
        }
        // Repairing again finds nothing.
        let (again, more) = repaired.repaired();
        prop_assert!(more.is_empty(), "{more:?}");
        prop_assert_eq!(again, repaired);
    }

    #[test]
    fn any_history_is_fitted_without_an_end_to_it(history in any_history(), window in 0_u64..3_000) {
        for repair in [false, true] {
            let mut options = options(window, 100);
            options.repair = repair;
            options.alternate = repair;
            if let Ok(fitted) = Planner::new(options, Heuristic::default()).fit(&history) {
                prop_assert!(fitted.plan.after <= fitted.plan.allowed);
                Conversation::parse(history.dialect(), fitted.body()).unwrap();
            }
        }
    }

    #[test]
    fn roles_alternate_where_that_is_asked_for(history in sound(), window in 200_u64..20_000) {
        // Items are no turns.
        prop_assume!(history.dialect() != Dialect::OpenAiResponses);
        let mut options = options(window, 300);
        options.alternate = true;
        let Ok(fitted) = fit(&history, &options) else { return Ok(()) };
        for pair in fitted.messages().windows(2) {
            let same = pair[0].role() == pair[1].role();
            prop_assert!(!same || matches!(pair[0].role(), Role::Tool | Role::System), "{pair:?}");
        }
        let flaws = sent(&history, &fitted).refusals();
        prop_assert!(flaws.is_empty(), "{flaws:?}");
    }
}

/// A reply that broke off: its call has no result, and an empty message of the model follows.
#[test]
fn an_empty_last_message_goes_where_results_have_to_follow_it() {
    let dialect = Dialect::Anthropic;
    let empty = r#"{"role":"assistant","content":[]}"#.to_owned();
    let messages = [super::user("hi"), super::calls(dialect, &["a"]), empty];
    let (repaired, repairs) = super::history(dialect, &messages).repaired();
    assert_eq!(repairs.len(), 2);
    assert!(repaired.refusals().is_empty(), "{:?}", repaired.refusals());
}

/// What a history costs with every result that may be truncated truncated, and nothing dropped.
fn least(history: &Conversation) -> u64 {
    let all = budget::count(history, &mut Bytes) - budget::REPLY_TOKENS;
    // Pinning keeps everything; what is pinned by the caller is not truncated, so instead the
    // window is brought down until a group would have to go.
    let (mut low, mut high) = (0, all);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut options = options(0, 300);
        options.window = middle + budget::REPLY_TOKENS;
        options.threshold_percent = 100;
        let fits = fit(history, &options).is_ok_and(|fitted| {
            let drops = |cut: &budget::Cut| matches!(cut, budget::Cut::Drop { .. });
            !fitted.plan.cuts.iter().any(drops)
        });
        if fits {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

mod kit {
    //! The law as users run it, on ours and on planners that break it.

    use wiretape::laws::budget_sound;
    use wiretape_core::Dialect;
    use wiretape_core::budget::{self, Options, Planner};
    use wiretape_core::conversation::Conversation;

    use crate::budget::Bytes;

    fn read(dialect: Dialect, body: &str) -> Conversation {
        Conversation::parse(dialect, body).unwrap()
    }

    /// What the law says of a planner: nothing, or what is wrong.
    fn check(fit: impl Fn(&Conversation, u64) -> Option<String>) -> Vec<String> {
        let mut wrong = Vec::new();
        for dialect in Dialect::CONVERSATIONS {
            let count = |body: &str| budget::count(&read(dialect, body), &mut Bytes);
            let said = budget_sound(dialect, 7, 64, count, |body, n| {
                fit(&read(dialect, body), n)
            });
            match said {
                Ok(cases) => assert_eq!(cases, 64 * 12),
                Err(failure) => wrong.push(failure.difference),
            }
        }
        wrong
    }

    /// The last messages that fit, by their number alone.
    fn last(history: &Conversation, keep: impl Fn(usize) -> bool, tokens: u64) -> Option<String> {
        let texts = history
            .messages()
            .iter()
            .map(|message| message.text().into());
        let texts: Vec<_> = texts.collect();
        let cuts = 0..texts.len();
        let bodies = cuts.map(|cut| {
            let kept = (0..).zip(&texts).filter(|(at, _)| *at >= cut || keep(*at));
            history.body_of(
                &kept
                    .map(|(_, text)| std::borrow::Cow::clone(text))
                    .collect::<Vec<_>>(),
            )
        });
        let fits =
            |body: &String| budget::count(&read(history.dialect(), body), &mut Bytes) <= tokens;
        bodies.into_iter().find(fits)
    }

    #[test]
    fn ours_keeps_it() {
        let wrong = check(|history, tokens| {
            let mut options = Options::new(tokens);
            options.threshold_percent = 100;
            options.result_tokens_max = 300;
            let fitted = Planner::new(options, Bytes).fit(history);
            Some(fitted.ok()?.body().to_owned())
        });
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn a_planner_that_keeps_everything_breaks_it() {
        let wrong = check(|history, _| Some(history.body()));
        assert!(
            wrong
                .iter()
                .all(|wrong| wrong.starts_with("expected at most")),
            "{wrong:?}"
        );
        assert_eq!(wrong.len(), Dialect::CONVERSATIONS.len());
    }

    #[test]
    fn a_planner_that_gives_up_breaks_it() {
        let wrong = check(|_, _| None);
        assert!(
            wrong
                .iter()
                .all(|wrong| wrong.starts_with("said to be too much")),
            "{wrong:?}"
        );
        assert_eq!(wrong.len(), Dialect::CONVERSATIONS.len());
    }

    #[test]
    fn a_planner_that_slices_by_number_breaks_it() {
        // It loses the task.
        let wrong = check(|history, tokens| last(history, |_| false, tokens));
        assert_eq!(wrong.len(), Dialect::CONVERSATIONS.len(), "{wrong:?}");
        // It keeps the task, and parts results from their calls.
        let wrong = check(|history, tokens| last(history, |at| at == 0, tokens));
        let parts = |wrong: &String| wrong.starts_with("a provider refuses it");
        assert!(wrong.iter().any(parts), "{wrong:?}");
        assert_eq!(wrong.len(), Dialect::CONVERSATIONS.len());
    }
}
