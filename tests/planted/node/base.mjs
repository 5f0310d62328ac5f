// A small agent for Chat Completions, as it should be. Each file beside it has one thing wrong.
//
// A worker of `wiretape check --worker`: a line of JSON in, a line of JSON out.

import { createInterface } from "node:readline";

const IDLE_MS = 2500;
const TURN_MS = 10000;
const LINE_MAX = 4 << 20;
const BODY_MAX = 32 << 20;
const TURNS_MAX = 12;
const ACTING = ["stop", "tool_calls", "function_call"];

export class Client {
  begin() {
    this.decoder = new TextDecoder("utf-8");
    this.buffer = "";
    this.data = [];
    this.calls = new Map();
    this.text = "";
    this.reason = null;
    this.ended = false;
  }

  // Bytes to events.

  feed(chunk, final = false) {
    this.buffer += this.decoder.decode(chunk, { stream: !final });
    for (;;) {
      const at = this.buffer.search(/[\r\n]/);
      if (at < 0 && this.buffer.length > LINE_MAX) throw new Error("a line is too long");
      if (at < 0) return;
      // A CR that ends what has come so far may have its LF in the next chunk.
      if (this.buffer[at] === "\r" && at + 1 === this.buffer.length && !final) return;
      const width = this.buffer.startsWith("\r\n", at) ? 2 : 1;
      const line = this.buffer.slice(0, at);
      this.buffer = this.buffer.slice(at + width);
      this.line(line);
    }
  }

  line(line) {
    if (line.startsWith("data:")) this.data.push(line.slice(5).replace(/^ /, ""));
    if (line !== "") return;
    const data = this.data.join("\n");
    this.data = [];
    if (data.trim() === "[DONE]") this.ended = true;
    else if (data.trim() !== "") this.event(JSON.parse(data));
  }

  // Events to a reply.

  event(event) {
    if (event?.error) this.fail(event.error);
    const choice = event?.choices?.find((choice) => (choice.index ?? 0) === 0);
    if (!choice) return;
    if (choice.delta?.content) this.show(choice.delta.content);
    for (const call of choice.delta?.tool_calls ?? []) this.call(call);
    this.reason = choice.finish_reason ?? this.reason;
  }

  show(text) {
    this.text += text;
    this.shown += text;
  }

  call({ index, id, function: { name, arguments: text } = {} }) {
    if (!this.calls.has(index)) this.calls.set(index, { id, name: "", text: "" });
    const call = this.calls.get(index);
    call.name ||= name ?? "";
    call.text += text ?? "";
  }

  fail(error) {
    throw new Error(`the stream reports ${JSON.stringify(error)}`);
  }

  check() {
    if (!this.ended || this.reason === null) throw new Error("the stream ended early");
    if (!ACTING.includes(this.reason)) throw new Error(`stopped for ${this.reason}`);
  }

  // A turn.

  async attempt(baseUrl, messages) {
    this.begin();
    const aborter = new AbortController();
    let idle = setTimeout(() => aborter.abort(), IDLE_MS);
    const whole = setTimeout(() => aborter.abort(), TURN_MS);
    let size = 0;
    try {
      const response = await fetch(`${baseUrl}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "accept-encoding": "identity" },
        body: JSON.stringify({ model: "m", stream: true, messages }),
        signal: aborter.signal,
      });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      for await (const chunk of response.body) {
        clearTimeout(idle);
        idle = setTimeout(() => aborter.abort(), IDLE_MS);
        size += chunk.length;
        if (size > BODY_MAX) throw new Error("the reply is too long");
        this.feed(chunk);
        if (this.ended) break;
      }
      if (!this.ended) this.feed(new Uint8Array(), true);
      this.check();
    } finally {
      clearTimeout(idle);
      clearTimeout(whole);
      aborter.abort();
    }
  }

  turn(baseUrl, messages) {
    return this.attempt(baseUrl, messages);
  }

  // The arguments; `undefined` where they cannot be read.
  read(text) {
    if (text.trim() === "") return {};
    try {
      const value = JSON.parse(text);
      return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  execute(call) {
    const value = this.read(call.text);
    const sound = value !== undefined;
    this.ran.push({ name: call.name, arguments_text: call.text, ...(sound ? {} : { invalid: true }) });
    return sound ? "done" : "the arguments cannot be read";
  }

  async run({ run, base_url: baseUrl }) {
    const messages = [{ role: "user", content: "Go on." }];
    Object.assign(this, { shown: "", ran: [], reason: null });
    let error = null;
    try {
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        await this.turn(baseUrl, messages);
        const calls = [...this.calls.values()];
        if (calls.length === 0) break;
        messages.push({
          role: "assistant",
          content: this.text || null,
          tool_calls: calls.map(({ id, name, text }) => ({
            id,
            type: "function",
            function: { name, arguments: text },
          })),
        });
        for (const call of calls) {
          messages.push({ role: "tool", tool_call_id: call.id, content: this.execute(call) });
        }
      }
    } catch (problem) {
      error = String(problem?.cause ?? problem);
    }
    return { run, text: this.shown, tool_calls: this.ran, stop: this.reason, error };
  }
}

export async function work(client) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await client.run(JSON.parse(line)))}\n`);
  }
}
