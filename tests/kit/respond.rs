//! A tape behind wiremock: what arrives, and what is lost.

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer};
use wiretape::respond::{Recorded, RespondError};
use wiretape::{FromFile, Tape};
use wiretape_tape::{EndKind, Header, Source, SourceKind};
use wiretape_vary::{Cutting, Piece, Profile, Scenario, Subject};

use super::client::post;

fn tape() -> Tape {
    Tape::load("../recordings/anthropic/parallel-tools.tape").unwrap()
}

async fn serving(recorded: Recorded) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(method("POST")).and(path("/v1/messages"));
    mock.respond_with(recorded).mount(&server).await;
    server
}

#[tokio::test]
async fn every_byte_comes_through_as_one_piece() {
    let tape = tape();
    let server = serving(Recorded::new(&tape).unwrap()).await;
    let mut answer = post(&server.uri(), "/v1/messages", "{}").await;
    let length = tape.exchanges[0].body().len();
    assert_eq!(answer.status(), 200);
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    // The boundaries are what is lost: no chunks, but a length.
    assert!(
        head.contains(&format!("content-length: {length}\r\n")),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(answer.body().await.unwrap(), tape.exchanges[0].body());
    // The tape is used up.
    let mut answer = post(&server.uri(), "/v1/messages", "{}").await;
    assert_eq!(answer.status(), 404);
    let body = String::from_utf8(answer.body().await.unwrap()).unwrap();
    assert!(
        body.contains("request 1: the tape has 1 exchanges"),
        "{body}"
    );
}

#[tokio::test]
async fn a_seed_gives_the_bytes_that_it_gives_everywhere() {
    let tape = tape();
    let subject = Subject::new(&tape.exchanges[0], Some("anthropic"));
    let expected = Scenario::generate(5, Profile::Lawful, &subject).apply(&subject);
    let recorded = Recorded::seed(&tape, 5, Profile::Lawful).unwrap();
    let server = serving(recorded.only(0).unwrap()).await;
    for _ in 0..2 {
        let mut answer = post(&server.uri(), "/v1/messages", "{}").await;
        assert_eq!(answer.body().await.unwrap(), expected.body());
    }
}

/// The page of the module says so: a reset becomes a shorter body that ends well.
#[tokio::test]
async fn how_a_body_ends_is_lost() {
    let pieces = vec![
        Piece::Rechunk {
            cut: Cutting::Bytes1,
        },
        Piece::Cut {
            at: 40,
            end: EndKind::Reset,
        },
    ];
    let recorded = Recorded::scenario(&tape(), &Scenario::of(pieces)).unwrap();
    let server = serving(recorded).await;
    let mut answer = post(&server.uri(), "/v1/messages", "{}").await;
    assert_eq!(answer.body().await.unwrap().len(), 40);
}

#[test]
fn what_cannot_answer_says_why() {
    let tape = tape();
    let only = Recorded::new(&tape).unwrap().only(2).unwrap_err();
    assert_eq!(only.to_string(), "expected an exchange below 1, found 2");
    let empty = Tape::new(Header::new(None, Source::new(SourceKind::Bare)), Vec::new());
    assert_eq!(Recorded::new(&empty).unwrap_err(), RespondError::Empty);
    let mut silent = tape.clone();
    silent.exchanges[0].response = None;
    assert_eq!(
        Recorded::new(&silent).unwrap_err(),
        RespondError::NoResponse(0)
    );
    // A header that HTTP does not permit is left out; the rest is sent.
    let mut odd = tape;
    let response = odd.exchanges[0].response.as_mut().unwrap();
    response.headers.push(("bad name".into(), "x".into()));
    response.headers.push(("x-odd".into(), "a\nb".into()));
    response.status = 999;
    assert_eq!(
        Recorded::new(&odd).unwrap_err(),
        RespondError::NoResponse(0)
    );
    odd.exchanges[0].response.as_mut().unwrap().status = 429;
    Recorded::new(&odd).unwrap();
}
