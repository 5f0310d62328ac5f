// A worker in TypeScript: wiretape check TAPE… --worker -- npx tsx worker.ts. Put your own agent into run.
import Anthropic from "@anthropic-ai/sdk";

async function run(baseURL, { stream: _, ...ask }) {
  const client = new Anthropic({ baseURL, apiKey: "no-key-is-needed" });
  for (;;) {
    const reply = await client.messages.stream(ask).finalMessage();
    const calls = reply.content.filter((block) => block.type === "tool_use");
    if (!calls.length || reply.stop_reason !== "tool_use") return;
    const results = calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "done" }));
    const assistant = { role: "assistant", content: reply.content };
    ask.messages = [...ask.messages, assistant, { role: "user", content: results }];
  }
}

let rest = "";
for await (const read of process.stdin.setEncoding("utf8")) {
  const lines = (rest + read).split("\n"); // readline would split at U+2028, too.
  rest = lines.pop();
  for (const order of lines.map((line) => JSON.parse(line))) {
    const error = await run(order.base_url, order.request).then(() => null, String);
    process.stdout.write(JSON.stringify({ run: order.run, error }) + "\n");
  }
}
