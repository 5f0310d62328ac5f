//! A first look: it fits, and what is cut is visible.

use wiretape_core::Dialect;
use wiretape_core::budget::{Cut, Heuristic, Options, Planner};
use wiretape_core::conversation::Conversation;

#[test]
fn a_long_result_is_truncated_and_old_groups_leave_whole() {
    let mut history = Conversation::new(Dialect::Anthropic);
    history.set("max_tokens", "100").unwrap();
    history.push_user("the task");
    for n in 0..20 {
        let words = "lorem ipsum dolor ".repeat(200);
        history.push(&format!(r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"t{n}","name":"read","input":{{}}}}]}}"#)).unwrap();
        history.push(&format!(r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{n}","content":"{words}"}}]}}"#)).unwrap();
        history
            .push(r#"{"role":"assistant","content":"ok"}"#)
            .unwrap();
        history.push_user("go on");
    }
    let mut options = Options::new(3_000);
    options.result_tokens_max = 200;
    let fitted = Planner::new(options, Heuristic::default())
        .fit(&history)
        .unwrap();
    assert!(
        fitted.plan.after <= fitted.plan.allowed,
        "{:?}",
        fitted.plan
    );
    assert!(
        fitted
            .plan
            .cuts
            .iter()
            .any(|cut| matches!(cut, Cut::Drop { .. }))
    );
    assert!(fitted.body().contains("left out to fit"));
    let shown = Conversation::parse(Dialect::Anthropic, fitted.body()).unwrap();
    assert_eq!(shown.messages()[0], history.messages()[0]);
}
