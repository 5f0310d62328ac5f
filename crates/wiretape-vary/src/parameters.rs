//! In which shape a piece does what it does. Each names its class in the catalogue.

use serde::{Deserialize, Serialize};

/// Declares shapes: an enum that is written in snake case, and all its values.
macro_rules! shapes {
    ($(#[$of:meta])* $name:ident { $($(#[$doc:meta])* $shape:ident,)+ }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $shape,)+ }

        impl $name {
            /// Every shape, in the order of the type.
            pub const ALL: &'static [Self] = &[$(Self::$shape,)+];
        }
    };
}

shapes! {
    /// A block that says nothing (F-15, F-16, F-17), or that is no payload (F-15c, F-16, F-17b).
    Noise {
        /// `:`, as llama.cpp sends it. A reshape.
        BareComment,
        /// `event: ping` without data: nothing is dispatched. A reshape.
        EventWithoutData,
        /// An `id` with NUL, which is ignored. A reshape.
        IdWithNul,
        /// `retry: soon`, which is ignored. A reshape.
        RetryText,
        /// `data:` with nothing behind it: an event whose data is empty.
        EmptyData,
        /// `data: : keepalive`: a comment that a proxy wrapped.
        CommentAsData,
        /// `data: true`.
        True,
        /// `data: "Overloaded"`.
        Text,
        /// `data: []`.
        List,
        /// `data: null`.
        Null,
    }
}

shapes! {
    /// Event names (F-17).
    EventNames {
        /// No block has one.
        Dropped,
        /// Every block has `message` for its name.
        Message,
        /// Every block has the name of another event.
        Wrong,
    }
}

shapes! {
    /// A call's arguments.
    Arguments {
        /// F-18: `""` and nothing else.
        Empty,
        /// F-18: `null`.
        Null,
        /// F-18: not there. In Messages: no delta at all.
        Absent,
        /// F-18: `"null"`.
        NullText,
        /// F-18: `"{}"` in the first delta.
        Whole,
        /// F-18: `""` and then `"{}"`.
        Late,
        /// F-19: an object and no string.
        Object,
        /// F-19: a string in which there is a JSON string.
        Encoded,
        /// F-20: another object behind the arguments.
        Junk,
        /// F-20: the first brace is missing.
        Headless,
        /// F-22: blanks behind the arguments, in a delta of their own.
        Blank,
        /// F-22: `{}` before the arguments.
        Placeholder,
    }
}

shapes! {
    /// The index of calls, in Messages that of content blocks (F-24).
    Indices {
        /// It is not there.
        Missing,
        /// All are 0.
        Zero,
        /// They count from 1.
        FromOne,
        /// 0, 3, 6, …
        Gaps,
        /// 1000000000, 1000000001, … (F-73)
        Huge,
        /// `"0"`.
        Text,
        /// -1, -2, …
        Negative,
    }
}

shapes! {
    /// The ids of calls (F-25).
    Ids {
        /// In every delta.
        Every,
        /// `""` in every delta but the first.
        EmptyAfter,
        /// `null` in every delta but the first.
        NullAfter,
        /// Another one in every delta.
        Other,
        /// Not there.
        Absent,
        /// `null` in every delta.
        Null,
        /// `""` in every delta.
        Empty,
        /// The same for all calls.
        Same,
    }
}

shapes! {
    /// The names of calls, and their types (F-25).
    Names {
        /// In every delta.
        Every,
        /// `""` in every delta but the first.
        EmptyAfter,
        /// `null` in every delta but the first.
        NullAfter,
        /// In the second delta.
        Late,
        /// Half of it in the first delta, half in the second.
        Split,
        /// No `type`.
        NoType,
        /// `type: null`.
        NullType,
    }
}

shapes! {
    /// Where text, calls and the reason stand (F-26). Chat Completions only.
    Order {
        /// The last text stands in the chunk that says the reason.
        TextInFinish,
        /// The last part of the last call stands in the chunk that says the reason.
        CallInFinish,
        /// The last part of the last call comes behind the reason.
        CallAfterFinish,
        /// The last text before the first call stands in that call's first chunk.
        TextWithCall,
        /// The chunks of calls that follow one another are one chunk with all (F-23).
        CallsTogether,
    }
}

shapes! {
    /// The end of a message (F-32).
    Tail {
        /// The reason is null, and the terminal event comes.
        NoReason,
        /// The reason comes twice.
        ReasonTwice,
        /// The reason stands on every chunk. Chat Completions only.
        ReasonEverywhere,
        /// `stop` stands on the first chunk of content. Chat Completions only.
        ReasonEarly,
        /// The terminal event comes before the reason.
        Swapped,
        /// Some content comes again behind the terminal event.
        ContentBehind,
        /// `[DONE]` with spaces around it. Chat Completions only.
        DoneSpaces,
        /// `[DONE]` with letters behind it. Chat Completions only.
        DoneLetters,
        /// `event: done` and `[DONE]`. Chat Completions only.
        DoneNamed,
    }
}

shapes! {
    /// Where the count of tokens stands (F-34).
    Usage {
        /// It is null.
        Null,
        /// It is `{}`.
        Empty,
        /// It is not there.
        Dropped,
        /// It stands on every chunk. Chat Completions only.
        Everywhere,
        /// A last chunk without choices has it. Chat Completions only.
        Tail,
        /// A last chunk with `choices: null` has it. Chat Completions only.
        TailNull,
    }
}

shapes! {
    /// The events that open and close a block (F-36). Messages only.
    Lifecycle {
        /// The start is not there.
        NoStart,
        /// The stop is not there.
        NoStop,
        /// The start comes twice.
        StartTwice,
        /// The stop comes twice.
        StopTwice,
        /// The stop comes before the deltas.
        StopFirst,
    }
}

shapes! {
    /// Errors in shapes that are not the dialect's own (F-40).
    ErrorShape {
        /// Messages: without its event name.
        Unnamed,
        /// Messages: with `details` and `request_id`.
        Details,
        /// Chat Completions: under the name `error` (Groq).
        Named,
        /// `error` is a string (xAI).
        Text,
        /// Chat Completions: an object that says it is an error, without the key (vLLM).
        Object,
        /// Chat Completions: inside a chunk, whose reason is `error` (`OpenRouter`).
        InChunk,
        /// Chat Completions: with the lengths of prompt and window (llama.cpp).
        Context,
        /// Chat Completions: `error: {…}`, a field and no data (llama.cpp, older).
        Field,
        /// Chat Completions: and then `[DONE]` (`LiteLLM`).
        ThenDone,
        /// F-74: with a host and a key in its message.
        Secret,
    }
}

shapes! {
    /// Fields of a chunk (F-50).
    Fields {
        /// `role` in every delta. Chat Completions only. A reshape.
        RoleEverywhere,
        /// `role` in none. Chat Completions only. A reshape.
        NoRole,
        /// `content: null` where there is none. Chat Completions only. A reshape.
        ContentNull,
        /// No `finish_reason` but the last. Chat Completions only. A reshape.
        NoNullReason,
        /// A field that hides the length, or blanks before the last brace. A reshape.
        Padding,
        /// A first chunk without choices, with `prompt_filter_results` (Azure). Chat Completions
        /// only. A reshape.
        FilterFirst,
        /// `role: ""`. Chat Completions only.
        RoleEmpty,
        /// A chunk without `delta` behind the reason (Azure). Chat Completions only.
        NoDelta,
        /// The same with `delta: null`. Chat Completions only.
        DeltaNull,
        /// Empty `id`, `object` and `model`, `created: 0`. Chat Completions only.
        EmptyIds,
    }
}

shapes! {
    /// Where reasoning stands (F-51). Chat Completions only.
    Reasoning {
        /// `reasoning_content` is `reasoning`, or the reverse.
        Renamed,
        /// Some comes before the text.
        Inserted,
        /// Some comes before the text, in `<think>` tags cut in two.
        Tags,
        /// Content is an array of parts.
        Parts,
    }
}

shapes! {
    /// Signatures of thinking (F-52). Messages only.
    Signature {
        /// None comes.
        Dropped,
        /// It comes in two halves, of which the second replaces the first.
        Halves,
        /// It has 1 MiB.
        Long,
    }
}

shapes! {
    /// What nobody knows (F-56).
    Unknown {
        /// A delta of an unknown type, or with an unknown field.
        Delta,
        /// A block of an unknown type. Messages only.
        Block,
    }
}

shapes! {
    /// Text that comes again (F-58).
    Repeat {
        /// Each delta is all text so far.
        Cumulative,
        /// The last delta comes twice.
        LastTwice,
        /// The whole text comes once more at the end.
        WholeAtEnd,
    }
}

shapes! {
    /// A byte in a delta's text (F-59).
    Byte {
        /// `\u0000`.
        EscapedNul,
        /// A raw NUL: no JSON.
        RawNul,
        /// A raw VT: no JSON.
        RawVt,
    }
}

shapes! {
    /// The value of a field that nobody knows (F-59, F-73).
    Odd {
        /// A number over 2^53. A reshape.
        BigInteger,
        /// `-0`. A reshape.
        NegativeZero,
        /// The field's name is `__proto__`. A reshape.
        Proto,
        /// 64 objects deep. A reshape.
        Deep,
        /// 1e400.
        Exponent,
        /// The field is there twice.
        Twice,
        /// 100,000 arrays deep.
        VeryDeep,
    }
}

shapes! {
    /// Items of a reply (F-55). Responses only.
    Items {
        /// Each event gives its item another id, as GitHub Copilot does.
        OtherIds,
        /// An item is done after the one behind it.
        DoneOutOfOrder,
        /// The last event has no `output`.
        NoOutput,
        /// The last event has `output: []`.
        EmptyOutput,
        /// No event has a number.
        NumbersMissing,
        /// The numbers have gaps.
        NumbersGaps,
        /// Each number is there twice.
        NumbersTwice,
        /// Arguments come whole, when they are done.
        NoArgumentDeltas,
        /// No event says that arguments are done.
        NoArgumentsDone,
        /// No event says that an item begins.
        NoAdded,
        /// Every item has the index 0.
        IndexZero,
    }
}

shapes! {
    /// Candidates and their parts (F-54). Gemini only.
    Candidates {
        /// A call's arguments come by path, part by part.
        PartialArguments,
        /// The same, and nothing says that they are whole.
        NoTerminator,
        /// No call has an id.
        NoIds,
        /// A call without arguments has no `args`.
        NoArguments,
        /// Each call comes in a piece of its own.
        CallsApart,
        /// Calls of two pieces come in one.
        CallsTogether,
        /// A piece whose content has no parts is put in.
        NoParts,
        /// A piece whose content has an empty list of parts is put in.
        EmptyParts,
        /// A piece whose candidate has no content is put in.
        NoContent,
        /// No content has a role.
        NoRole,
        /// A piece with the count of tokens alone is put in.
        UsageAlone,
        /// The reason for the end comes in a piece of its own.
        ReasonAlone,
    }
}

shapes! {
    /// A message of an AWS event stream that is an error, or is broken (F-45).
    Frame {
        /// `throttlingException`.
        Throttling,
        /// `modelStreamErrorException`.
        ModelStreamError,
        /// `internalServerException`.
        InternalServer,
        /// `serviceUnavailableException`.
        ServiceUnavailable,
        /// `validationException`.
        Validation,
        /// `modelTimeoutException`.
        ModelTimeout,
        /// A message of type `error`: a code and a text in its headers, and no payload.
        Error,
        /// The checksum of a message's lengths is wrong.
        PreludeChecksum,
        /// The checksum of a message is wrong.
        MessageChecksum,
    }
}

shapes! {
    /// Blanks between JSON values.
    Blanks {
        /// An empty line.
        Line,
        /// An empty line that ends in CR LF.
        CrLf,
        /// Spaces and a tab.
        Spaces,
    }
}
