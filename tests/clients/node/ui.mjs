// What the packages that front ends use make of `wiretape serve --as …`.
//
//   node ui.mjs ui-message-stream|ag-ui URL…      a line of JSON for each URL
import { HttpAgent } from "@ag-ui/client";
import { EventSchemas } from "@ag-ui/core/schemas";
import { DefaultChatTransport, readUIMessageStream, uiMessageChunkSchema, asSchema } from "ai";

const [protocol, ...urls] = process.argv.slice(2);
const join = (parts) => parts.map((part) => part.text).join("");

async function messageStream(url) {
  const headers = {};
  const transport = new DefaultChatTransport({
    api: `${url}/api/chat`,
    fetch: async (...args) => {
      const response = await fetch(...args);
      for (const [name, value] of response.headers) headers[name] = value;
      return response;
    },
  });
  const messages = [{ id: "u", role: "user", parts: [{ type: "text", text: "hello" }] }];
  // Each chunk is held to its schema by the transport.
  const stream = await transport.sendMessages({ chatId: "c", messages, trigger: "submit-message" });
  const [one, other] = stream.tee();
  const kinds = [];
  const watch = (async () => {
    const schema = asSchema(uiMessageChunkSchema);
    for await (const chunk of one) {
      const valid = await schema.validate(chunk);
      if (!valid.success) throw valid.error;
      kinds.push(chunk.type);
    }
  })();
  let last;
  const errors = [];
  const onError = (error) => errors.push(error.message);
  for await (const message of readUIMessageStream({ stream: other, onError })) last = message;
  await watch;
  const parts = last?.parts ?? [];
  const of = (type) => parts.filter((part) => part.type === type);
  const all = parts.filter((part) => part.type.startsWith("tool-"));
  const [served, tools] = [true, false].map((which) => all.filter((part) => !!part.providerExecuted === which));
  const sources = parts.filter((part) => part.type.startsWith("source-"));
  const call = (part) => ({ id: part.toolCallId, name: part.type.slice(5), input: part.input });
  return {
    version: headers["x-vercel-ai-ui-message-stream"],
    id: last?.id,
    text: join(of("text")),
    reasoning: join(of("reasoning")),
    signatures: of("reasoning").map((part) => part.providerMetadata?.wiretape?.signature).filter(Boolean),
    tool_calls: tools.filter((part) => part.state === "input-available").map(call),
    rejected_calls: tools.filter((part) => part.state === "output-error").map((part) => part.errorText),
    server_calls: served.map((part) => ({ ...call(part), output: part.output, error: part.errorText })),
    sources: sources.map(({ url, title, mediaType }) => ({ url, title, mediaType })),
    files: of("file").map(({ url, mediaType }) => ({ url, mediaType })),
    model: last?.metadata?.model,
    usage: last?.metadata?.usage,
    unfinished: parts.filter((part) => part.state?.includes("streaming")).length,
    errors,
    kinds: [...new Set(kinds)],
  };
}

async function agUi(url) {
  const agent = new HttpAgent({ url: `${url}/agent`, threadId: "t" });
  const rejected = [];
  const kinds = new Set();
  const errors = [];
  const args = {};
  const calls = [];
  const results = {};
  const told = { source: [], file: [], tool_call_pending: [] };
  let usage;
  await agent
    .runAgent({ runId: "r" }, {
      // The agent has verified the order of events; their shapes are held to their schemas here.
      onEvent: ({ event }) => {
        kinds.add(event.type);
        EventSchemas.parse(event);
        if (typeof event.delta === "string" && event.delta === "") errors.push("an empty delta");
        usage = event.usage?.[0] ?? usage;
      },
      onToolCallArgsEvent: ({ event }) => { args[event.toolCallId] = (args[event.toolCallId] ?? "") + event.delta; },
      onToolCallEndEvent: ({ event, toolCallName, toolCallArgs }) =>
        calls.push({ id: event.toolCallId, name: toolCallName, input: toolCallArgs, arguments: args[event.toolCallId] }),
      onToolCallResultEvent: ({ event }) => { results[event.toolCallId] = event.content; },
      onCustomEvent: ({ event }) => {
        if (event.name === "tool_call_rejected") rejected.push(event.value.why);
        told[event.name]?.push(event.value);
      },
      onRunErrorEvent: ({ event }) => { errors.push(event.message); },
    })
    .catch((error) => { if (!errors.includes(error.message)) errors.push(error.message); });
  const of = (role) => agent.messages.filter((message) => message.role === role);
  const said = (role) => of(role).map((message) => message.content ?? "").join("");
  const kept = of("assistant").flatMap((message) => message.toolCalls ?? []);
  const served = calls.filter((call) => call.id in results).map((call) => ({ ...call, output: results[call.id] }));
  const pending = told.tool_call_pending.map((call) => ({ id: call.toolCallId, name: call.toolCallName, input: call.input }));
  return {
    id: of("assistant")[0]?.id,
    text: said("assistant"),
    reasoning: said("reasoning"),
    signatures: of("reasoning").map((message) => message.encryptedValue).filter(Boolean),
    tool_calls: calls.filter((call) => !(call.id in results)),
    server_calls: [...served, ...pending],
    sources: told.source.map(({ url, title, mediaType }) => ({ url, title, mediaType })),
    files: told.file.map(({ url, mediaType }) => ({ url, mediaType })),
    model: usage?.model,
    usage,
    kept: kept.map((call) => ({ id: call.id, name: call.function.name, arguments: call.function.arguments })),
    rejected_calls: rejected,
    errors,
    kinds: [...kinds],
  };
}

const read = protocol === "ag-ui" ? agUi : messageStream;
const refused = (error) => ({ text: "", reasoning: "", tool_calls: [], rejected_calls: [], server_calls: [], sources: [], errors: [error.message] });
for (const url of urls) console.log(JSON.stringify({ url, ...(await read(url).catch(refused)) }));
