//! What the recorder's tasks tell, kept until the terminal has time for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wiretape_record::Report;

/// Reports that wait to be shown; of more, how many. Chunks are counted, not kept.
const WAITING_MAX: usize = 10_000;

/// Written by the recorder's tasks, read by the one that shows.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Report>,
    passed_over: u64,
    live: BTreeMap<u64, Live>,
}

/// An exchange that is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub(super) exchange: Option<usize>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: Option<u16>,
    pub(super) chunks: u64,
    pub(super) bytes: u64,
}

/// What is new.
pub(super) struct News {
    pub(super) reports: VecDeque<Report>,
    pub(super) passed_over: u64,
    /// In order of the requests.
    pub(super) live: BTreeMap<u64, Live>,
}

impl Board {
    /// Takes a report; from any task, without waiting.
    pub(super) fn take(&self, report: &Report) {
        let mut state = self.lock();
        match report {
            Report::Request {
                id,
                exchange,
                method,
                path,
            } => {
                let live = Live {
                    exchange: *exchange,
                    method: method.clone(),
                    path: path.clone(),
                    ..Live::default()
                };
                state.live.insert(*id, live);
            }
            Report::Head { id, status, .. } => {
                if let Some(live) = state.live.get_mut(id) {
                    live.status = Some(*status);
                }
            }
            Report::Chunk { id, bytes } => {
                if let Some(live) = state.live.get_mut(id) {
                    live.chunks += 1;
                    live.bytes += bytes;
                }
                return;
            }
            Report::End(ended) => {
                state.live.remove(&ended.id);
            }
            _ => {}
        }
        if state.waiting.len() < WAITING_MAX {
            state.waiting.push_back(report.clone());
        } else {
            state.passed_over += 1;
        }
    }

    /// Exchanges are under way.
    pub(super) fn is_busy(&self) -> bool {
        !self.lock().live.is_empty()
    }

    /// What is new since the last time; what is under way if asked for.
    pub(super) fn news(&self, live: bool) -> News {
        let mut state = self.lock();
        News {
            reports: std::mem::take(&mut state.waiting),
            passed_over: std::mem::take(&mut state.passed_over),
            live: if live {
                state.live.clone()
            } else {
                BTreeMap::new()
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
