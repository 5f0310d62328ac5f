//! Exact token counters: the byte-pair encodings of OpenAI's models.
