"""Drives a Python SDK: one JSON line in, one run, one JSON line out.

usage: worker.py anthropic|openai|responses|gemini|ollama|cohere|bedrock     (README.md has the lines)
"""

import json
import sys
import time

TURNS_MAX = 5
KEY = "no-key-is-needed"


class Anthropic:
    """`messages.stream`, and the message that it gathers."""

    def __init__(self):
        import anthropic

        # Making one takes longer than a run.
        self.clients = anthropic.Anthropic(api_key=KEY)

    def begin(self, base_url, task):
        self.client = self.clients.with_options(base_url=base_url)
        self.tools = [
            {
                "name": tool["name"],
                "description": tool["description"],
                "input_schema": tool["parameters"],
            }
            for tool in task["tools"]
        ]
        self.messages = [{"role": "user", "content": task["prompt"]}]

    def turn(self, task, seen):
        with self.client.messages.stream(
            model=task["model"],
            max_tokens=task["max_tokens"],
            messages=self.messages,
            tools=self.tools,
        ) as stream:
            for event in stream:
                if event.type == "text":
                    seen(event.text)
            message = stream.get_final_message()
        self.messages.append({"role": "assistant", "content": message.content})
        text = "".join(block.text for block in message.content if block.type == "text")
        # As its documentation has it: only this reason asks for tools.
        wanted = message.stop_reason == "tool_use"
        self.open = [block for block in message.content if wanted and block.type == "tool_use"]
        calls = [{"name": call.name, "arguments": call.input} for call in self.open]
        return text, calls

    def answer(self, result):
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result} for call in self.open
        ]
        self.messages.append({"role": "user", "content": results})


class OpenAI:
    """`chat.completions.stream`, and the completion that it gathers."""

    def __init__(self):
        import openai

        self.clients = openai.OpenAI(api_key=KEY)

    def begin(self, base_url, task):
        self.client = self.clients.with_options(base_url=base_url + "/v1")
        self.tools = [{"type": "function", "function": tool} for tool in task["tools"]]
        self.messages = [{"role": "user", "content": task["prompt"]}]

    def turn(self, task, seen):
        with self.client.chat.completions.stream(
            model=task["model"],
            max_tokens=task["max_tokens"],
            messages=self.messages,
            tools=self.tools,
        ) as stream:
            for event in stream:
                if event.type == "content.delta":
                    seen(event.delta)
            completion = stream.get_final_completion()
        message = completion.choices[0].message
        self.messages.append(message)
        self.open = message.tool_calls or []
        # The SDK leaves the text to the caller.
        calls = [
            {"name": call.function.name, "arguments_text": call.function.arguments}
            for call in self.open
        ]
        return message.content or "", calls

    def answer(self, result):
        for call in self.open:
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


class Responses:
    """`responses.stream`, and the response that it gathers."""

    def __init__(self):
        import openai

        self.clients = openai.OpenAI(api_key=KEY)

    def begin(self, base_url, task):
        self.client = self.clients.with_options(base_url=base_url + "/v1")
        self.tools = [{"type": "function", "strict": False, **tool} for tool in task["tools"]]
        self.input = [{"role": "user", "content": task["prompt"]}]

    def turn(self, task, seen):
        with self.client.responses.stream(
            model=task["model"], input=self.input, tools=self.tools
        ) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    seen(event.delta)
            response = stream.get_final_response()
        self.input += response.output
        self.open = [item for item in response.output if item.type == "function_call"]
        # The SDK leaves the text to the caller.
        calls = [{"name": call.name, "arguments_text": call.arguments} for call in self.open]
        return response.output_text, calls

    def answer(self, result):
        for call in self.open:
            self.input.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": result}
            )


class Gemini:
    """`generate_content_stream`; the parts gathered as its documentation has it."""

    def __init__(self):
        from google import genai

        self.genai, self.types = genai, genai.types

    def begin(self, base_url, task):
        types = self.types
        self.client = self.genai.Client(
            api_key=KEY, http_options=types.HttpOptions(base_url=base_url)
        )
        declared = [
            types.FunctionDeclaration(
                name=tool["name"],
                description=tool["description"],
                parameters_json_schema=tool["parameters"],
            )
            for tool in task["tools"]
        ]
        self.config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=declared)],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        self.contents = [types.Content(role="user", parts=[types.Part(text=task["prompt"])])]

    def turn(self, task, seen):
        parts = []
        for chunk in self.client.models.generate_content_stream(
            model=task["model"], contents=self.contents, config=self.config
        ):
            for candidate in chunk.candidates or []:
                for part in (candidate.content and candidate.content.parts) or []:
                    parts.append(part)
                    if part.text and not part.thought:
                        seen(part.text)
        self.contents.append(self.types.Content(role="model", parts=parts))
        text = "".join(part.text for part in parts if part.text and not part.thought)
        self.open = [part.function_call for part in parts if part.function_call]
        calls = [{"name": call.name, "arguments": call.args or {}} for call in self.open]
        return text, calls

    def answer(self, result):
        parts = [
            self.types.Part.from_function_response(name=call.name, response={"result": result})
            for call in self.open
        ]
        self.contents.append(self.types.Content(role="user", parts=parts))


class Ollama:
    """`chat(stream=True)`; the calls come whole."""

    def __init__(self):
        import ollama

        self.clients = ollama.Client

    def begin(self, base_url, task):
        self.client = self.clients(host=base_url)
        self.tools = [{"type": "function", "function": tool} for tool in task["tools"]]
        self.messages = [{"role": "user", "content": task["prompt"]}]

    def turn(self, task, seen):
        text, self.open = "", []
        for chunk in self.client.chat(
            model=task["model"], messages=self.messages, tools=self.tools, stream=True
        ):
            if chunk.message.content:
                text += chunk.message.content
                seen(chunk.message.content)
            self.open += chunk.message.tool_calls or []
        self.messages.append({"role": "assistant", "content": text, "tool_calls": self.open})
        calls = [
            {"name": call.function.name, "arguments": dict(call.function.arguments)}
            for call in self.open
        ]
        return text, calls

    def answer(self, result):
        for call in self.open:
            self.messages.append(
                {"role": "tool", "tool_name": call.function.name, "content": result}
            )


class Cohere:
    """`chat_stream`; the deltas gathered by index, as its documentation has it."""

    def __init__(self):
        import cohere

        self.clients = cohere.ClientV2

    def begin(self, base_url, task):
        self.client = self.clients(api_key=KEY, base_url=base_url)
        self.tools = [{"type": "function", "function": tool} for tool in task["tools"]]
        self.messages = [{"role": "user", "content": task["prompt"]}]

    def turn(self, task, seen):
        text, calls = "", {}
        for event in self.client.chat_stream(
            model=task["model"], messages=self.messages, tools=self.tools
        ):
            if event.type == "content-delta":
                piece = event.delta.message.content.text
                if piece:
                    text += piece
                    seen(piece)
            elif event.type == "tool-call-start":
                call = event.delta.message.tool_calls
                calls[event.index] = [call.id, call.function.name, call.function.arguments or ""]
            elif event.type == "tool-call-delta":
                more = event.delta.message.tool_calls.function.arguments
                calls[event.index][2] += more or ""
        self.open = [calls[index] for index in sorted(calls)]
        sent = [
            {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for id, name, arguments in self.open
        ]
        said = {"tool_calls": sent} if sent else {"content": text}
        self.messages.append({"role": "assistant", **said})
        return text, [{"name": call[1], "arguments_text": call[2]} for call in self.open]

    def answer(self, result):
        for call in self.open:
            self.messages.append({"role": "tool", "tool_call_id": call[0], "content": result})


class Bedrock:
    """`converse_stream`; the deltas gathered by block, as its documentation has it."""

    def __init__(self):
        import boto3

        self.boto3 = boto3

    def begin(self, base_url, task):
        self.client = self.boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=base_url,
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
        )
        self.tools = [
            {
                "toolSpec": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "inputSchema": {"json": tool["parameters"]},
                }
            }
            for tool in task["tools"]
        ]
        self.messages = [{"role": "user", "content": [{"text": task["prompt"]}]}]

    def turn(self, task, seen):
        reply = self.client.converse_stream(
            modelId=task["model"], messages=self.messages, toolConfig={"tools": self.tools}
        )
        text, calls = "", {}
        for event in reply["stream"]:
            if "contentBlockStart" in event:
                start = event["contentBlockStart"]
                if use := start["start"].get("toolUse"):
                    calls[start["contentBlockIndex"]] = [use["toolUseId"], use["name"], ""]
            elif "contentBlockDelta" in event:
                delta = event["contentBlockDelta"]["delta"]
                if "text" in delta:
                    text += delta["text"]
                    seen(delta["text"])
                elif "toolUse" in delta:
                    index = event["contentBlockDelta"]["contentBlockIndex"]
                    calls[index][2] += delta["toolUse"]["input"]
        self.open = [calls[index] for index in sorted(calls)]
        content = [{"text": text}] if text else []
        for id, name, arguments in self.open:
            use = {"toolUseId": id, "name": name, "input": json.loads(arguments or "{}")}
            content.append({"toolUse": use})
        self.messages.append({"role": "assistant", "content": content})
        return text, [{"name": call[1], "arguments_text": call[2]} for call in self.open]

    def answer(self, result):
        results = [
            {"toolResult": {"toolUseId": call[0], "content": [{"text": result}]}}
            for call in self.open
        ]
        self.messages.append({"role": "user", "content": results})


CLIENTS = {
    "anthropic": Anthropic,
    "openai": OpenAI,
    "responses": Responses,
    "gemini": Gemini,
    "ollama": Ollama,
    "cohere": Cohere,
    "bedrock": Bedrock,
}


def task_of(request):
    """What a recorded request asks, whichever dialect it is in."""
    request = request or {}
    listed = request.get("tools") or request.get("toolConfig", {}).get("tools") or []
    tools = []
    for tool in (one for tool in listed for one in tool.get("functionDeclarations") or [tool]):
        tool = tool.get("function") or tool.get("toolSpec") or tool
        schema = tool.get("parameters") or tool.get("parametersJsonSchema")
        schema = schema or tool.get("input_schema") or tool.get("inputSchema", {}).get("json")
        described = tool.get("description") or tool["name"]
        schema = schema or {"type": "object"}
        tools.append({"name": tool["name"], "description": described, "parameters": schema})
    return {
        "model": request.get("model") or "a-model",
        "max_tokens": request.get("max_tokens") or 1024,
        "prompt": "Go on.",
        "tools": tools,
        "results": ["done"],
    }


def run(client, order):
    task = order.get("task") or task_of(order.get("request"))
    begun = time.monotonic()
    turns = []
    error = None
    shown = []
    events = []

    def seen(text):
        shown.append(text)
        events.append({"ms": (time.monotonic() - begun) * 1000, "text": text})

    try:
        client.begin(order["base_url"], task)
        for number in range(TURNS_MAX):
            shown.clear()
            text, calls = client.turn(task, seen)
            turns.append({"text": text, "shown": "".join(shown), "tool_calls": calls})
            if not calls:
                break
            client.answer(task["results"][min(number, len(task["results"]) - 1)])
    except Exception as failure:  # Whatever the SDK raises is what its user meets.
        error = f"{type(failure).__name__}: {failure}"
    if "task" in order:
        return {"run": order["run"], "turns": turns, "error": error}
    calls = [call for turn in turns for call in turn["tool_calls"]]
    text = "".join(event["text"] for event in events)
    return {
        "run": order["run"], "text": text, "tool_calls": calls, "error": error, "events": events
    }


def main():
    client = CLIENTS[sys.argv[1]]()
    lines = open(0, encoding="utf-8", newline="\n")
    out = open(1, "wb", buffering=0)
    for line in lines:
        order = json.loads(line)
        # As escapes, two halves of a pair that this client keeps apart would be one character again.
        text = json.dumps(run(client, order), ensure_ascii="task" in order) + "\n"
        out.write(text.encode("utf-8", "surrogatepass"))


main()
