// Drives a JavaScript SDK: one JSON line in, one run, one JSON line out.
//
// usage: node worker.mjs CLIENT     (README.md has the clients and the lines)

import { createInterface } from 'node:readline';

const TURNS_MAX = 5;
const KEY = 'no-key-is-needed';

const resultOf = (task, turn) => task.results[Math.min(turn, task.results.length - 1)];

/** `messages.stream`, and the message that it gathers. */
async function anthropic({ Anthropic }, { base_url, task }, turns, seen) {
    const client = new Anthropic({ baseURL: base_url, apiKey: KEY });
    const tools = task.tools.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: parameters,
    }));
    const messages = [{ role: 'user', content: task.prompt }];
    while (turns.length < TURNS_MAX) {
        const { model, max_tokens } = task;
        const stream = client.messages.stream({ model, max_tokens, messages, tools });
        let shown = '';
        stream.on('text', (delta) => {
            shown += delta;
            seen(delta);
        });
        const message = await stream.finalMessage();
        const texts = message.content.filter((block) => block.type === 'text');
        // As its documentation has it: only this reason asks for tools.
        const wanted = message.stop_reason === 'tool_use';
        const calls = message.content.filter((block) => wanted && block.type === 'tool_use');
        turns.push({
            text: texts.map((block) => block.text).join(''),
            shown,
            tool_calls: calls.map((call) => ({ name: call.name, arguments: call.input })),
        });
        if (calls.length === 0) return;
        const content = resultOf(task, turns.length - 1);
        messages.push({ role: 'assistant', content: message.content });
        messages.push({
            role: 'user',
            content: calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content })),
        });
    }
}

/** `chat.completions.stream`, and the completion that it gathers. */
async function openai({ OpenAI }, { base_url, task }, turns, seen) {
    const client = new OpenAI({ baseURL: `${base_url}/v1`, apiKey: KEY });
    const tools = task.tools.map((tool) => ({ type: 'function', function: tool }));
    const messages = [{ role: 'user', content: task.prompt }];
    while (turns.length < TURNS_MAX) {
        const { model, max_tokens } = task;
        const stream = client.chat.completions.stream({ model, max_tokens, messages, tools });
        let shown = '';
        stream.on('content', (delta) => {
            shown += delta;
            seen(delta);
        });
        const completion = await stream.finalChatCompletion();
        const message = completion.choices[0].message;
        const calls = message.tool_calls ?? [];
        turns.push({
            text: message.content ?? '',
            shown,
            // The SDK leaves the text to the caller.
            tool_calls: calls.map(({ function: call }) => ({
                name: call.name,
                arguments_text: call.arguments,
            })),
        });
        if (calls.length === 0) return;
        const content = resultOf(task, turns.length - 1);
        messages.push(message);
        for (const call of calls) {
            messages.push({ role: 'tool', tool_call_id: call.id, content });
        }
    }
}

/** `responses.stream`, and the response that it gathers. */
async function responses({ OpenAI }, { base_url, task }, turns, seen) {
    const client = new OpenAI({ baseURL: `${base_url}/v1`, apiKey: KEY });
    const tools = task.tools.map((tool) => ({ type: 'function', strict: false, ...tool }));
    const input = [{ role: 'user', content: task.prompt }];
    while (turns.length < TURNS_MAX) {
        const stream = client.responses.stream({ model: task.model, input, tools });
        let shown = '';
        stream.on('response.output_text.delta', ({ delta }) => {
            shown += delta;
            seen(delta);
        });
        const response = await stream.finalResponse();
        const calls = response.output.filter((item) => item.type === 'function_call');
        turns.push({
            text: response.output_text,
            shown,
            // The SDK leaves the text to the caller.
            tool_calls: calls.map(({ name, arguments: text }) => ({ name, arguments_text: text })),
        });
        if (calls.length === 0) return;
        const output = resultOf(task, turns.length - 1);
        input.push(...response.output);
        for (const { call_id } of calls) {
            input.push({ type: 'function_call_output', call_id, output });
        }
    }
}

/** `generateContentStream`; the parts gathered as its documentation has it. */
async function gemini({ GoogleGenAI }, { base_url, task }, turns, seen) {
    const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: base_url } });
    const functionDeclarations = task.tools.map(({ name, description, parameters }) => ({
        name,
        description,
        parametersJsonSchema: parameters,
    }));
    const config = { tools: [{ functionDeclarations }] };
    const contents = [{ role: 'user', parts: [{ text: task.prompt }] }];
    while (turns.length < TURNS_MAX) {
        const request = { model: task.model, contents, config };
        const parts = [];
        for await (const chunk of await client.models.generateContentStream(request)) {
            for (const part of chunk.candidates?.[0]?.content?.parts ?? []) {
                parts.push(part);
                if (part.text && !part.thought) seen(part.text);
            }
        }
        const texts = parts.filter((part) => part.text && !part.thought);
        const text = texts.map((part) => part.text).join('');
        const calls = parts.flatMap((part) => part.functionCall ?? []);
        turns.push({
            text,
            shown: text,
            tool_calls: calls.map(({ name, args }) => ({ name, arguments: args ?? {} })),
        });
        if (calls.length === 0) return;
        const result = resultOf(task, turns.length - 1);
        contents.push({ role: 'model', parts });
        contents.push({
            role: 'user',
            parts: calls.map(({ id, name }) => ({
                functionResponse: { id, name, response: { result } },
            })),
        });
    }
}

/** `chat` with `stream`; the calls come whole. */
async function ollama({ Ollama }, { base_url, task }, turns, seen) {
    const client = new Ollama({ host: base_url });
    const tools = task.tools.map((tool) => ({ type: 'function', function: tool }));
    const messages = [{ role: 'user', content: task.prompt }];
    while (turns.length < TURNS_MAX) {
        const { model } = task;
        const stream = await client.chat({ model, messages, tools, stream: true });
        let text = '';
        const calls = [];
        for await (const { message } of stream) {
            if (message.content) {
                text += message.content;
                seen(message.content);
            }
            calls.push(...(message.tool_calls ?? []));
        }
        turns.push({
            text,
            shown: text,
            tool_calls: calls.map(({ function: call }) => ({
                name: call.name,
                arguments: call.arguments,
            })),
        });
        if (calls.length === 0) return;
        const content = resultOf(task, turns.length - 1);
        messages.push({ role: 'assistant', content: text, tool_calls: calls });
        for (const { function: call } of calls) {
            messages.push({ role: 'tool', tool_name: call.name, content });
        }
    }
}

/** `chatStream`; the deltas gathered by index, as its documentation has it. */
async function cohere({ CohereClientV2 }, { base_url, task }, turns, seen) {
    const client = new CohereClientV2({ token: KEY, baseUrl: base_url });
    const tools = task.tools.map((tool) => ({ type: 'function', function: tool }));
    const messages = [{ role: 'user', content: task.prompt }];
    while (turns.length < TURNS_MAX) {
        const stream = await client.chatStream({ model: task.model, messages, tools });
        let text = '';
        const toolCalls = [];
        for await (const { type, index, delta } of stream) {
            const { content, toolCalls: call } = delta?.message ?? {};
            if (type === 'content-delta' && content?.text) {
                text += content.text;
                seen(content.text);
            } else if (type === 'tool-call-start') {
                const { id, function: begun } = call;
                const { name, arguments: first } = begun;
                toolCalls[index] = { id, type: 'function', function: { name, arguments: first ?? '' } };
            } else if (type === 'tool-call-delta') {
                toolCalls[index].function.arguments += call.function?.arguments ?? '';
            }
        }
        turns.push({
            text,
            shown: text,
            // The SDK leaves the text to the caller.
            tool_calls: toolCalls.map(({ function: call }) => ({
                name: call.name,
                arguments_text: call.arguments,
            })),
        });
        if (toolCalls.length === 0) return;
        const content = resultOf(task, turns.length - 1);
        messages.push({ role: 'assistant', toolCalls });
        for (const { id } of toolCalls) {
            messages.push({ role: 'tool', toolCallId: id, content });
        }
    }
}

/** `streamText`, which runs the tools and goes on by itself. */
async function ai({ streamText, stepCountIs, tool, jsonSchema, model }, { task }, turns, seen) {
    let step = 0;
    const tools = {};
    for (const { name, description, parameters } of task.tools) {
        const inputSchema = jsonSchema(parameters);
        const execute = async (input) => {
            seen.ran.push({ name, arguments: input });
            return resultOf(task, step);
        };
        tools[name] = tool({ description, inputSchema, execute });
    }
    let failure = null;
    let shown = '';
    const result = streamText({
        model: model(task.model),
        maxOutputTokens: task.max_tokens,
        prompt: task.prompt,
        tools,
        stopWhen: stepCountIs(TURNS_MAX),
        onStepFinish: () => {
            step += 1;
        },
        onError: ({ error }) => {
            failure ??= error;
        },
    });
    const texts = [];
    for await (const part of result.fullStream) {
        if (part.type === 'text-delta') {
            shown += part.text;
            seen(part.text);
        }
        if (part.type === 'finish-step') {
            texts.push(shown);
            shown = '';
        }
    }
    const steps = failure === null ? await result.steps : [];
    steps.forEach((step, number) => {
        turns.push({
            text: step.text,
            shown: texts[number],
            tool_calls: step.toolCalls.map((call) => ({
                name: call.toolName,
                arguments: call.input,
                ...(call.invalid ? { invalid: true } : {}),
            })),
        });
    });
    if (failure !== null) throw failure;
}

async function clientOf(name) {
    switch (name) {
        case 'anthropic': {
            const { Anthropic } = await import('@anthropic-ai/sdk');
            return (order, turns, seen) => anthropic({ Anthropic }, order, turns, seen);
        }
        case 'openai': {
            const { OpenAI } = await import('openai');
            return (order, turns, seen) => openai({ OpenAI }, order, turns, seen);
        }
        case 'responses': {
            const { OpenAI } = await import('openai');
            return (order, turns, seen) => responses({ OpenAI }, order, turns, seen);
        }
        case 'gemini': {
            const { GoogleGenAI } = await import('@google/genai');
            return (order, turns, seen) => gemini({ GoogleGenAI }, order, turns, seen);
        }
        case 'ollama': {
            const { Ollama } = await import('ollama');
            return (order, turns, seen) => ollama({ Ollama }, order, turns, seen);
        }
        case 'cohere': {
            const { CohereClientV2 } = await import('cohere-ai');
            return (order, turns, seen) => cohere({ CohereClientV2 }, order, turns, seen);
        }
        case 'ai-gemini': {
            const sdk = await import('ai');
            const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
            return (order, turns, seen) => {
                const baseURL = `${order.base_url}/v1beta`;
                const provider = createGoogleGenerativeAI({ baseURL, apiKey: KEY });
                return ai({ ...sdk, model: (id) => provider(id) }, order, turns, seen);
            };
        }
        case 'ai-anthropic': {
            const sdk = await import('ai');
            const { createAnthropic } = await import('@ai-sdk/anthropic');
            return (order, turns, seen) => {
                const provider = createAnthropic({ baseURL: `${order.base_url}/v1`, apiKey: KEY });
                return ai({ ...sdk, model: (id) => provider(id) }, order, turns, seen);
            };
        }
        case 'ai-openai':
        case 'ai-responses': {
            const sdk = await import('ai');
            const { createOpenAI } = await import('@ai-sdk/openai');
            return (order, turns, seen) => {
                const provider = createOpenAI({ baseURL: `${order.base_url}/v1`, apiKey: KEY });
                const model = (id) => (name === 'ai-openai' ? provider.chat(id) : provider.responses(id));
                return ai({ ...sdk, model }, order, turns, seen);
            };
        }
        default:
            throw new Error(`unknown client: ${name}`);
    }
}

/** What a recorded request asks, whichever dialect it is in. */
const taskOf = (request) => ({
    model: request.model ?? 'a-model',
    max_tokens: request.max_tokens ?? 1024,
    prompt: 'Go on.',
    tools: (request.tools ?? []).map((tool) => {
        const { name, description, parameters, input_schema } = tool.function ?? tool;
        const schema = parameters ?? input_schema ?? { type: 'object' };
        return { name, description: description ?? name, parameters: schema };
    }),
    results: ['done'],
});

const ascii = (text) =>
    text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

// Warnings of the libraries go where they harm nothing.
globalThis.AI_SDK_LOG_WARNINGS = false;
const drive = await clientOf(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    const task = order.task ?? taskOf(order.request ?? {});
    const begun = performance.now();
    const turns = [];
    const events = [];
    let error = null;
    const seen = (text) => events.push({ ms: performance.now() - begun, text });
    // What a library ran by itself: it gives no turns where it fails later on.
    seen.ran = [];
    try {
        await drive({ ...order, task }, turns, seen);
    } catch (failure) {
        // Whatever the SDK throws is what its user meets.
        const { name, constructor, message } = failure;
        error = `${name === 'Error' ? constructor.name : name}: ${message}`;
    }
    const text = events.map((event) => event.text).join('');
    const listed = turns.flatMap((turn) => turn.tool_calls);
    const tool_calls = listed.length > 0 ? listed : seen.ran;
    const outcome = order.task ? { turns, error } : { text, tool_calls, error, events };
    process.stdout.write(`${ascii(JSON.stringify({ run: order.run, ...outcome }))}\n`);
}
