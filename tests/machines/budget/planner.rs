//! The planner over a growing history: each message is counted once, what was cut stays cut, and the
//! provider's own count corrects ours.

use std::cell::RefCell;
use std::rc::Rc;

use wiretape_core::Dialect;
use wiretape_core::budget::{Cut, Options, Planner, TokenCounter};
use wiretape_core::conversation::Conversation;
use wiretape_core::event::Usage;

use super::say::{alternates, push};
use super::{Bytes, assistant, calls, history, results, user};

/// Counts bytes, and what it was asked to count.
#[derive(Clone, Default)]
struct Watched {
    seen: Rc<RefCell<Vec<String>>>,
}

impl TokenCounter for Watched {
    fn count(&mut self, text: &str) -> u64 {
        self.seen.borrow_mut().push(text.to_owned());
        text.len() as u64
    }
}

impl Watched {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.borrow_mut())
    }
}

/// A turn with one call, whose result has so many bytes.
fn turn(history: &mut Conversation, number: usize, bytes: usize) {
    let dialect = history.dialect();
    let id = format!("call_{number}");
    push(history, &user(&format!("question {number:04}")));
    push(history, &calls(dialect, &[&id]));
    for result in results(dialect, &[(&id, &"x".repeat(bytes))]) {
        push(history, &result);
    }
    push(history, &assistant(&format!("answer {number:04}")));
}

fn growing(dialect: Dialect) -> Conversation {
    let mut history = Conversation::new(dialect);
    history.set_max_tokens(100).unwrap();
    history.push_user("the task");
    push(&mut history, &assistant("yes"));
    history
}

#[test]
fn a_message_is_counted_once_and_again_only_where_it_changed() {
    let counter = Watched::default();
    let mut planner = Planner::new(Options::new(1_000_000), counter.clone());
    let mut history = growing(Dialect::Anthropic);
    history.set("system", r#""be kind""#).unwrap();
    planner.fit(&history).unwrap();
    assert_eq!(counter.taken(), ["be kind", "the task", "yes"]);
    planner.fit(&history).unwrap();
    assert_eq!(counter.taken(), Vec::<String>::new());
    // A clone of the history is the same history.
    planner.fit(&history.clone()).unwrap();
    assert_eq!(counter.taken(), Vec::<String>::new());
    history.push_user("next");
    planner.fit(&history).unwrap();
    assert_eq!(counter.taken(), ["next"]);
    // One message differs: it alone is counted.
    let mut other = Conversation::new(Dialect::Anthropic);
    other.set("system", r#""be kind""#).unwrap();
    other.push_user("another task");
    for message in &history.messages()[1..] {
        other.push(message.text()).unwrap();
    }
    planner.fit(&other).unwrap();
    assert_eq!(counter.taken(), ["another task"]);
    other.set("system", r#""be brief""#).unwrap();
    planner.fit(&other).unwrap();
    assert_eq!(counter.taken(), ["be brief"]);
}

#[test]
fn counting_a_conversation_of_many_turns_is_linear_in_it() {
    let counter = Watched::default();
    let mut options = Options::new(20_000);
    options.result_tokens_max = 300;
    let mut planner = Planner::new(options, counter.clone());
    let mut history = growing(Dialect::OpenAiChat);
    let mut bytes = 0;
    for number in 0..100 {
        turn(&mut history, number, 1_000);
        history.push_user("go on");
        planner.fit(&history).unwrap();
        bytes += counter.taken().iter().map(String::len).sum::<usize>();
    }
    // Each byte once, and each long result some times more when it is shortened.
    assert!(
        bytes < 3 * history.body().len(),
        "{bytes} of {}",
        history.body().len()
    );
}

#[test]
fn the_first_bytes_of_the_request_stay_the_same_between_two_steps_of_clearing() {
    for dialect in Dialect::CONVERSATIONS {
        let mut options = Options::new(10_000);
        options.target_percent = 50;
        options.result_tokens_max = 400;
        let mut planner = Planner::new(options, Bytes);
        let mut history = growing(dialect);
        let mut before = String::new();
        let (mut steps, mut turns) = (0, 0);
        for number in 0..120 {
            turn(&mut history, number, 500);
            if !alternates(dialect) {
                history.push_user("go on");
            }
            let fitted = planner.fit(&history).unwrap();
            let messages: Vec<&str> = fitted.messages().iter().map(|m| m.text()).collect();
            let shown = messages.join(",");
            turns += 1;
            steps += usize::from(!shown.starts_with(&before));
            before = shown;
        }
        // Without a low-water mark nearly every turn beyond the first ones is a step.
        assert!(
            steps * 5 <= turns,
            "{dialect}: {steps} steps in {turns} turns"
        );
        assert!(steps >= 5, "{dialect}: {steps}");
    }
}

#[test]
fn what_was_cut_stays_cut_and_is_in_every_later_plan() {
    let mut options = Options::new(3_000);
    options.result_tokens_max = 300;
    let mut planner = Planner::new(options, Bytes);
    let mut history = growing(Dialect::Anthropic);
    let mut known: Vec<Cut> = Vec::new();
    for number in 0..30 {
        turn(&mut history, number, 700);
        history.push_user("go on");
        let fitted = planner.fit(&history).unwrap();
        // A truncated result may go with its group later; what was dropped never comes back.
        for cut in known.iter().filter(|cut| matches!(cut, Cut::Drop { .. })) {
            assert!(
                fitted.plan.cuts.contains(cut),
                "{cut:?} {:?}",
                fitted.plan.cuts
            );
        }
        assert!(fitted.plan.after <= fitted.plan.allowed);
        known = fitted.plan.cuts;
    }
    assert!(known.iter().any(|cut| matches!(cut, Cut::Drop { .. })));
}

#[test]
fn a_history_that_changed_forgets_what_was_cut_behind_the_change() {
    let mut options = Options::new(2_000);
    options.result_tokens_max = 300;
    let mut planner = Planner::new(options, Bytes);
    let mut history = growing(Dialect::OpenAiChat);
    for number in 0..6 {
        turn(&mut history, number, 700);
    }
    history.push_user("go on");
    assert!(!planner.fit(&history).unwrap().plan.cuts.is_empty());
    let mut other = growing(Dialect::OpenAiChat);
    other.push(&assistant("another one")).unwrap();
    turn(&mut other, 0, 20);
    other.push_user("go on");
    let cuts = planner.fit(&other).unwrap().plan.cuts;
    assert!(
        matches!(&cuts[..], [Cut::Drop { messages, .. }] if *messages == (1..2)),
        "{cuts:?}"
    );
}

fn usage(input: u64) -> Usage {
    let mut usage = Usage::default();
    usage.input = Some(input);
    usage
}

#[test]
fn the_providers_count_of_the_last_request_is_where_the_next_estimate_begins() {
    let mut planner = Planner::new(Options::new(100_000), Bytes);
    let mut history = growing(Dialect::OpenAiChat);
    turn(&mut history, 0, 10_000);
    history.push_user("go on");
    let ours = planner.fit(&history).unwrap().plan.after;
    // The provider makes 30 % more of it.
    let theirs = (ours + 3) * 13 / 10;
    planner.learn(&usage(theirs));
    let fitted = planner.fit(&history).unwrap();
    let total = fitted.plan.after + planner.last_budget().unwrap().fixed;
    assert!(total >= theirs && total <= theirs + 20, "{total} {theirs}");
    // What is new is estimated at the same rate, on top.
    history.push(&assistant(&"y".repeat(1_000))).unwrap();
    let more = planner.fit(&history).unwrap().plan.after - fitted.plan.after;
    assert!((1_300..1_320).contains(&more), "{more}");
}

#[test]
fn cached_tokens_are_beside_the_input_with_messages_and_within_it_in_chat() {
    for (dialect, factor) in [(Dialect::Anthropic, 2), (Dialect::OpenAiChat, 1)] {
        let mut planner = Planner::new(Options::new(1_000_000), Bytes);
        let mut history = growing(dialect);
        turn(&mut history, 0, 20_000);
        history.push_user("go on");
        let ours = planner.fit(&history).unwrap().plan.after;
        let mut usage = usage(ours);
        usage.cache_read = Some(ours / 2);
        usage.cache_write = Some(ours / 2);
        planner.learn(&usage);
        let now = planner.fit(&history).unwrap().plan.after;
        assert!(
            now.abs_diff(ours * factor) < ours / 100,
            "{dialect}: {now} {ours}"
        );
    }
}

#[test]
fn a_short_requests_count_says_nothing_about_the_rate() {
    let mut planner = Planner::new(Options::new(100_000), Bytes);
    let mut history = growing(Dialect::Anthropic);
    history.push_user("go on");
    let ours = planner.fit(&history).unwrap().plan.after;
    // Tools the counter does not know of: 700 tokens, once, and not 20 for each of ours.
    planner.learn(&usage(ours + 3 + 700));
    history.push(&assistant(&"y".repeat(1_000))).unwrap();
    let fitted = planner.fit(&history).unwrap();
    assert_eq!(planner.last_budget().unwrap().fixed, 703);
    assert!(fitted.plan.after < 1_100, "{}", fitted.plan.after);
    // Without a count nothing is learnt.
    planner.learn(&Usage::default());
    assert_eq!(planner.fit(&history).unwrap().plan.after, fitted.plan.after);
}

#[test]
fn learning_makes_it_cut_where_the_counter_alone_would_not() {
    let mut options = Options::new(20_000);
    options.result_tokens_max = 300;
    let mut planner = Planner::new(options, Bytes);
    let mut history = growing(Dialect::Anthropic);
    turn(&mut history, 0, 8_000);
    turn(&mut history, 1, 2_000);
    history.push_user("go on");
    let fitted = planner.fit(&history).unwrap();
    assert!(fitted.is_whole());
    planner.learn(&usage(fitted.plan.after * 2));
    let fitted = planner.fit(&history).unwrap();
    assert!(!fitted.is_whole());
    assert!(fitted.plan.after <= fitted.plan.allowed);
}

#[test]
fn room_for_the_reply_is_what_the_request_says_unless_told_otherwise() {
    let history = |member: &str| {
        let mut history = Conversation::new(Dialect::OpenAiChat);
        history.set(member, "600").unwrap();
        history.push_user("hi");
        history
    };
    let room = |options: &Options, history: &Conversation| {
        Planner::new(options.clone(), Bytes)
            .fit(history)
            .unwrap()
            .plan
            .allowed
    };
    let mut options = Options::new(1_000);
    for member in ["max_tokens", "max_completion_tokens"] {
        assert_eq!(room(&options, &history(member)), 400 - 3);
    }
    assert_eq!(
        room(
            &options,
            &super::history(Dialect::OpenAiChat, &[user("hi")])
        ),
        850 - 3
    );
    options.max_tokens = Some(200);
    assert_eq!(room(&options, &history("max_tokens")), 800 - 3);
}

#[test]
fn system_prompt_and_tools_are_taken_off() {
    let mut conversation = history(Dialect::Anthropic, &[user("hi")]);
    let allowed = |conversation: &Conversation| {
        Planner::new(Options::new(10_000), Bytes)
            .fit(conversation)
            .unwrap()
            .plan
            .allowed
    };
    let bare = allowed(&conversation);
    conversation.set("system", r#""be kind""#).unwrap();
    assert_eq!(allowed(&conversation), bare - 7 - 4);
    conversation
        .set(
            "system",
            r#"[{"type":"text","text":"be "},{"type":"text","text":"kind"}]"#,
        )
        .unwrap();
    assert_eq!(allowed(&conversation), bare - 7 - 4);
    let tools = r#"[{"name":"read","input_schema":{"type":"object"}}]"#;
    conversation.set("tools", tools).unwrap();
    assert_eq!(allowed(&conversation), bare - 11 - 346 - tools.len() as u64);
}
