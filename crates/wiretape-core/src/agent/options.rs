//! What bounds the loop, and where each number comes from.

use crate::reader;

const SECOND_NS: u64 = 1_000_000_000;

/// How the agent works. Every value is a limit; there is none that means "no limit".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How replies are read.
    pub reader: reader::Options,
    /// How far one prompt may go.
    pub limits: Limits,
    /// When a request is sent again.
    pub retry: Retry,
    /// How long to wait for what.
    pub clocks: Clocks,
    /// Fixes the jitter of the retries.
    pub seed: u64,
}

/// How far one prompt may go. What is over a limit ends the run with `Outcome::Limit`, and leaves a
/// valid history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Replies for one prompt.
    pub turns_max: u32,
    /// Calls for one prompt, those that are rejected among them. Those over it are answered with an
    /// error and not run.
    pub calls_max: u32,
    /// Tokens for one prompt, of requests and replies, as the provider counts them; as the budget
    /// estimates them where it does not. Checked before each request.
    pub tokens_max: u64,
    /// Calls that run at a time; the others of a reply wait for their turn.
    pub calls_at_once_max: usize,
    /// Bytes of one result. A longer one becomes an error result that says so: the stored history is
    /// never cut, and the budget cuts only what it sends.
    pub result_bytes_max: usize,
    /// Calls whose keys and results are remembered, over all prompts. With none left no call is run,
    /// because a repetition could not be told any more (F-62).
    pub keys_max: usize,
    /// Bytes that are kept of a body that is no stream: an error's JSON, a page of a proxy.
    pub error_bytes_max: usize,
}

/// When a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// Requests for one reply, the first among them.
    pub attempts_max: u32,
    /// The first wait; each further one is twice as long.
    pub base_ns: u64,
    /// The longest such wait.
    pub cap_ns: u64,
    /// The longest wait that a server may ask for by `retry-after`. If it asks for more, the run ends
    /// with the number in the outcome: to come earlier would be in vain.
    pub retry_after_max_ns: u64,
    /// Text that was shown already may be taken back by `Reset` and the reply asked for again (F-60).
    pub after_text: bool,
}

/// How long to wait for what, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clocks {
    /// Without any byte, the head's among them (F-10).
    pub idle_ns: u64,
    /// Without a payload: comments and pings are bytes, but no progress (F-11).
    pub payload_idle_ns: u64,
    /// From the request to the reply's end (F-12).
    pub total_ns: u64,
    /// For more after the reason for stopping, and for the end of the body after the protocol's last
    /// event (F-33). Nothing waits for the latter: the reply is acted on at once.
    pub linger_ns: u64,
    /// For the result of a call, from when it was started.
    pub call_ns: u64,
}

impl Default for Limits {
    /// 50 turns, 500 calls, 10 million tokens a prompt; 32 calls at once; 16 MiB a result; 65,536
    /// keys; 16 KiB of an error. No source: chosen so that a loop that runs away ends within
    /// an hour's work, and none that works is stopped.
    fn default() -> Self {
        Self {
            turns_max: 50,
            calls_max: 500,
            tokens_max: 10_000_000,
            calls_at_once_max: 32,
            result_bytes_max: 16 << 20,
            keys_max: 1 << 16,
            error_bytes_max: 16 << 10,
        }
    }
}

impl Default for Retry {
    /// As the SDKs of both providers: 2 retries, 0.5 s doubled up to 8 s, `retry-after` up to 60 s.
    fn default() -> Self {
        Self {
            attempts_max: 3,
            base_ns: SECOND_NS / 2,
            cap_ns: 8 * SECOND_NS,
            retry_after_max_ns: 60 * SECOND_NS,
            after_text: true,
        }
    }
}

impl Default for Clocks {
    /// 90 s without a byte (the watchdogs of three coding agents); 300 s without a payload (a
    /// deployment of `DeepSeek`'s harness, undici's body timeout); 3,600 s in all, the largest value
    /// seen in a configuration: the 600 s of the SDKs hold from read to read when streaming; 10 s to
    /// linger and 600 s a call are chosen.
    fn default() -> Self {
        Self {
            idle_ns: 90 * SECOND_NS,
            payload_idle_ns: 300 * SECOND_NS,
            total_ns: 3600 * SECOND_NS,
            linger_ns: 10 * SECOND_NS,
            call_ns: 600 * SECOND_NS,
        }
    }
}
