use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as many;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const OWN: &str = "dummy/own-secret==";

/// Made up; each is one that a pattern must find, with how much of it stays.
const SECRETS: [(&str, usize, &str); 24] = [
    ("sk-ant-api03-q7Zk2LmN-x_9QwErTyUiOpAsDf", 0, "key"),
    ("sk-proj-abcdefghijklmnopqrstuvwx", 0, "key"),
    ("sk-or-v1-0f1e2d3c4b5a69788796a5b4c3d2e1f0", 0, "key"),
    ("sk-0f1e2d3c4b5a69788796a5b4c3d2e1f0", 0, "key"),
    ("sk-Q7zk2LmNx9QwErTyUiOpAsDfGhJkLzXcVbNm12345678", 0, "key"),
    ("AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q", 0, "google_key"),
    ("ya29.a0AfH6SMBx-1234567890_abcdefghij", 0, "google_token"),
    (
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        0,
        "github_token",
    ),
    (
        "ghs_0123456789abcdefghijABCDEFGHIJ012345",
        0,
        "github_token",
    ),
    (
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ",
        0,
        "github_token",
    ),
    ("glpat-x1Y2z3A4b5C6d7E8f9G0", 0, "gitlab_token"),
    ("xoxb-123456789012-abcdefABCDEF", 0, "slack_token"),
    ("xapp-1-A0123456789-abcdef", 0, "slack_token"),
    ("AKIAIOSFODNN7EXAMPLE", 0, "aws_key"),
    ("ASIAIOSFODNN7EXAMPLE", 0, "aws_key"),
    ("sk_live_0123456789abcdefABCDEF", 0, "stripe_key"),
    ("gsk_0123456789abcdefghijABCDEFGHIJ", 0, "key"),
    ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", 0, "key"),
    ("xai-0123456789abcdefghijABCDEFGHIJ", 0, "key"),
    ("npm_0123456789abcdefghijABCDEFGHIJ012345", 0, "key"),
    ("Bearer 0123456789abcdef.ABC~def+ghi/jkl==", 7, "bearer"),
    ("bearer AbCdEfGhIjKlMnOpQrStUvWx", 7, "bearer"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        0,
        "jwt",
    ),
    (OWN, 0, "literal"),
];

/// What stands before and behind.
const AROUND: [(&str, &str); 8] = [
    ("", ""),
    ("{\"key\":\"", "\"}"),
    ("data: {\"t\":\"line\\n", "\\nmore\"}\n\n"),
    ("\\u003c", "\\u003e"),
    ("https://h/p?x=%20", "&y=1"),
    ("(", ")"),
    ("a - ", "\n"),
    ("=", ";"),
];

/// Each is one that no pattern may find.
const ORDINARY: [&str; 26] = [
    "The task-oriented desk-sharing risk-averse scikit-learn sk-learn user",
    "<div class=\"sk-toggleable__label-arrow\" id=\"sk-container-id-1\">sk-estimator-doc-link",
    "sk-some-rather-long-name-of-a-class-in-a-sheet",
    "Bearer authentication is what the Bearer token-based scheme is called",
    "Authorization: Bearer $OPENAI_API_KEY, Bearer <token>, Bearer YOUR_API_KEY",
    "eyJ is how base64 of JSON begins; eyJhbGciOiJIUzI1NiJ9 alone is none. eyJx.y",
    "eyJpbWFnZSI6ICJub3RoaW5nIHRvIHNlZSBoZXJlIn0= and so on",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----",
    "A file that says -----BEGIN PRIVATE KEY----- holds a key and must be kept",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "----------------------------------------------------------------",
    "hf_hub_download_some_long_name_of_a_function_in_python_code",
    "npm_config_registry npm_lifecycle_event npm_package_version_and_more",
    "msg_01XFDUDYJgAACzvnptvVoYEL toolu_01D7FLrfh4GYq7yT1ULFeyMV chatcmpl-9abcDEF123456789",
    "call_Jx2k1L3m4N5o6P7q8R9s0T1u req_011CSHoEeqs5C35K2UUqR7Fy org_id",
    "550e8400-e29b-41d4-a716-446655440000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "AKIA is a prefix, AIza another, ghp_ and xoxb- too; ASIAPACIFICREGIONALOFFICE",
    "\"signature\":\"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds\"",
    "\\nsk-\\tsk-\\u0041sk-",
    "sk-ant- sk-proj- Bearer  bearer",
    "xoxb-hello-there-world xapp-like-names-in-code",
    "ghp_short github_pattern_of_names_is_no_token",
    "r8_is_a_register npm_ hf_ gsk_ xai-like pplx-",
    "ya29 ya29. yarn",
    "task-sk-1 risk-1234567890123456789012345678901234567890",
];

fn redacted(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<Replaced>) {
    let mut redactor = Redactor::new(&[OWN.as_bytes().to_vec()]);
    let mut out = Vec::new();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        redactor.feed(&bytes[from..cut], &mut out);
        assert!(redactor.held() <= HOLD_BYTES_MAX);
        assert_eq!(out.len() + redactor.held(), cut);
        from = cut;
    }
    redactor.finish(&mut out);
    assert_eq!(redactor.held(), 0);
    (out, redactor.replaced().to_vec())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn each_secret_goes_wherever_it_is_cut() {
    for (secret, stays, kind) in SECRETS {
        for (before, behind) in AROUND {
            let body = format!("{before}{secret}{behind}");
            let stars = "*".repeat(secret.len() - stays);
            let wanted = format!(
                "{before}{}{stars}{behind}",
                text(&secret.as_bytes()[..stays])
            );
            let place = Replaced {
                offset: (before.len() + stays) as u64,
                length: (secret.len() - stays) as u64,
                kind,
            };
            for cut in 0..=body.len() {
                let (out, places) = redacted(body.as_bytes(), &[cut]);
                assert_eq!(text(&out), wanted, "cut at {cut}");
                assert_eq!(places, [place], "{body}");
            }
            let ones: Vec<usize> = (0..body.len()).collect();
            assert_eq!(text(&redacted(body.as_bytes(), &ones).0), wanted);
        }
    }
}

#[test]
fn ordinary_text_stays() {
    for body in ORDINARY {
        for body in [body.to_string(), format!("{body}\n"), format!("\"{body}\"")] {
            let (out, places) = redacted(body.as_bytes(), &[]);
            assert_eq!(text(&out), body);
            assert_eq!(places, []);
        }
    }
}

#[test]
fn a_private_key_goes_and_its_frame_stays() {
    let raw = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow+/Aa==\nQ7zk\n\
               -----END RSA PRIVATE KEY-----\nrest of it";
    let clean = "-----BEGIN RSA PRIVATE KEY-----\n****-****: *,*********\n\n************\n****\n\
                 -----END RSA PRIVATE KEY-----\nrest of it";
    let escaped = raw.replace('\n', "\\n").replace('=', "\\u003d");
    let wanted = clean
        .replace('\n', "\\n")
        .replace("************\\n****", "**********\\u003d\\u003d\\n****");
    for cut in 0..=raw.len() {
        assert_eq!(text(&redacted(raw.as_bytes(), &[cut]).0), clean);
    }
    for cut in 0..=escaped.len() {
        let (out, places) = redacted(escaped.as_bytes(), &[cut]);
        assert_eq!(text(&out), wanted);
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].kind, "private_key");
    }
    for kind in ["", "EC ", "ENCRYPTED ", "OPENSSH "] {
        let body = format!("-----BEGIN {kind}PRIVATE KEY-----\nAAAA\n-----END");
        assert!(
            text(&redacted(body.as_bytes(), &[]).0).contains("\n****\n"),
            "{body}"
        );
    }
}

#[test]
fn what_the_end_cuts_counts_from_eight_bytes() {
    let cut = |bytes: usize| {
        let (whole, stays, kind) = SECRETS[7];
        assert_eq!((stays, kind), (0, "github_token"));
        text(&redacted(&whole.as_bytes()[..bytes], &[]).0)
    };
    assert_eq!(cut(11), "ghp_0123456");
    assert_eq!(cut(12), "************");
    assert_eq!(
        text(&redacted(&OWN.as_bytes()[..7], &[]).0),
        text(&OWN.as_bytes()[..7])
    );
    assert_eq!(text(&redacted(&OWN.as_bytes()[..8], &[]).0), "********");
}

#[test]
fn a_literal_of_digits_leaves_a_number() {
    let mut redactor = Redactor::new(&[b"12345678".to_vec()]);
    assert_eq!(redactor.text("{\"n\":123456789}"), "{\"n\":111111119}");
}

#[test]
fn a_long_literal_goes_in_pieces_and_a_short_one_is_left_out() {
    let long: Vec<u8> = (0..3000_u32).map(|n| b'a' + (n * n % 23) as u8).collect();
    let mut redactor = Redactor::new(&[long.clone(), b"test".to_vec()]);
    let clean = redactor.text(&format!("test {} test", text(&long)));
    assert_eq!(clean, format!("test {} test", "*".repeat(3000)));
}

#[test]
fn the_longest_of_several_literals_goes() {
    let mut redactor = Redactor::new(&[b"abcdefgh".to_vec(), b"abcdefghijkl".to_vec()]);
    assert_eq!(
        redactor.text("abcdefghijkl abcdefghijk aabcdefgh"),
        "************ ********ijk a********"
    );
}

#[test]
fn places_are_listed_up_to_a_limit_and_counted_beyond() {
    let body = "AKIAIOSFODNN7EXAMPLE ".repeat(REPLACED_MAX + 5);
    let mut redactor = Redactor::new(&[]);
    let clean = redactor.text(&body);
    assert!(!clean.contains('A'));
    assert_eq!(redactor.replaced().len(), REPLACED_MAX);
    assert_eq!(redactor.count(), REPLACED_MAX as u64 + 5);
}

#[test]
fn secrets_of_a_head() {
    let of = |value: &str| {
        let mut out = Vec::new();
        header_secrets(value.as_bytes(), &mut out);
        out.iter().map(|secret| text(secret)).collect::<Vec<_>>()
    };
    assert_eq!(of("Bearer abc/def"), ["abc/def", "abc\\/def"]);
    assert_eq!(of("plain-key"), ["plain-key"]);
    assert_eq!(
        of("Basic dXNlcjpodW50ZXIyaHVudGVy"),
        ["hunter2hunter", "dXNlcjpodW50ZXIyaHVudGVy"]
    );
    assert_eq!(of("a=first; b=\"second\""), ["first", "second"]);
    for name in [
        "authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "openai-organization",
    ] {
        assert!(is_secret_header(name), "{name}");
    }
    for name in [
        "content-type",
        "anthropic-version",
        "x-ratelimit-remaining-tokens",
        "accept",
    ] {
        assert!(!is_secret_header(name), "{name}");
    }
}

#[test]
fn a_path_keeps_its_length() {
    let clean = |target: &str| path(target, &[b"my-own-secret".to_vec()]);
    let (out, places) = clean("/v1beta/models/m:stream?alt=sse&key=AIza123&x=1&%6Bey=s");
    assert_eq!(
        out,
        "/v1beta/models/m:stream?alt=sse&key=*******&x=1&%6Bey=*"
    );
    assert_eq!(places.len(), 2);
    assert_eq!(
        (places[0].offset, places[0].length, places[0].kind),
        (36, 7, "query")
    );
    assert_eq!(
        clean("/key=abc?keys=abc&monkey=2&key=").0,
        "/key=abc?keys=abc&monkey=2&key="
    );
    assert_eq!(
        clean("/my-own-secret/x?q=my-own-secret").0,
        "/*************/x?q=*************"
    );
    let mut found = Vec::new();
    query_secrets("a=1&api_key=a%2Bb&token=t", &mut found);
    assert_eq!(
        found,
        [
            b"a%2Bb".to_vec(),
            b"a+b".to_vec(),
            b"t".to_vec(),
            b"t".to_vec()
        ]
    );
}

/// Secrets, what looks like them, and anything else, in any order.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let secrets = select(SECRETS.to_vec()).prop_map(|(secret, ..)| secret.to_string());
    let halves = (select(SECRETS.to_vec()), any::<Index>())
        .prop_map(|((secret, ..), at)| text(&secret.as_bytes()[..at.index(secret.len())]));
    let signs = select(vec![
        "\\n", "\\", "\"", " ", "-", ".", "=", "%2", "\\u00", "*", "eyJ",
    ]);
    let piece = prop_oneof![
        secrets,
        halves,
        select(ORDINARY.to_vec()).prop_map(String::from),
        signs.prop_map(String::from),
        "[a-zA-Z0-9+/_-]{0,40}",
        "\\PC{0,12}",
    ];
    many(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn how_bytes_are_cut_changes_nothing(body in bodies(), at in many(any::<Index>(), 0..8)) {
        let mut cuts: Vec<usize> = at.iter().map(|at| at.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let whole = redacted(&body, &[]);
        prop_assert_eq!(whole.0.len(), body.len());
        prop_assert_eq!(&redacted(&body, &cuts), &whole);
        let ones: Vec<usize> = (0..body.len()).collect();
        prop_assert_eq!(&redacted(&body, &ones), &whole);
        // Only what is listed has changed.
        for (at, (old, new)) in body.iter().zip(&whole.0).enumerate() {
            let listed = whole.1.iter().any(|place| {
                (place.offset..place.offset + place.length).contains(&(at as u64))
            });
            prop_assert!(old == new || listed, "byte {}", at);
        }
    }

    #[test]
    fn no_planted_secret_stays(
        before in bodies(),
        (secret, stays, _) in select(SECRETS.to_vec()),
        behind in bodies(),
        at in any::<Index>(),
    ) {
        let mut body = before;
        // At the edge of a word, as in all that is not one long word.
        body.extend_from_slice(b" \"");
        let start = body.len();
        body.extend_from_slice(secret.as_bytes());
        body.extend_from_slice(b"\" ");
        body.extend_from_slice(&behind);
        let (out, _) = redacted(&body, &[at.index(body.len())]);
        let planted = &out[start + stays..start + secret.len()];
        prop_assert!(planted.iter().all(|byte| *byte == b'*'), "{}\n{}", text(&body), text(&out));
    }

    #[test]
    fn json_stays_json(texts in many(bodies(), 0..5)) {
        let texts: Vec<String> = texts.iter().map(|bytes| text(bytes)).collect();
        let body = serde_json::to_string(&texts).unwrap();
        let (out, _) = redacted(body.as_bytes(), &[]);
        let read: Vec<String> = serde_json::from_slice(&out)
            .map_err(|error| TestCaseError::fail(format!("{error}: {}", text(&out))))?;
        prop_assert_eq!(read.len(), texts.len());
    }

    #[test]
    fn an_image_stays(bytes in many(any::<u8>(), 0..3000)) {
        use base64::Engine;
        let image = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let (out, places) = redacted(image.as_bytes(), &[]);
        prop_assert_eq!(places, []);
        prop_assert_eq!(out, image.as_bytes());
    }

    #[test]
    fn words_stay(words in many("[a-z]{1,12}", 0..60), sign in select(vec!["-", " ", "_", ".", "/"])) {
        let body = words.join(sign);
        prop_assert_eq!(redacted(body.as_bytes(), &[]).1, []);
    }

    #[test]
    fn little_is_held_back(body in many(select(b"eyJ.aA1-sk_Beargh \\u0".to_vec()), 0..6000)) {
        let ones: Vec<usize> = (0..body.len()).collect();
        redacted(&body, &ones);
    }
}
