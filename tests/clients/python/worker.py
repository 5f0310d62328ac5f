"""Drives a Python SDK: one JSON line in, one run, one JSON line out.

usage: worker.py anthropic|openai     (README.md has the lines)
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


def task_of(request):
    """What a recorded request asks, whichever dialect it is in."""
    request = request or {}
    tools = []
    for tool in request.get("tools") or []:
        tool = tool.get("function") or tool
        schema = tool.get("parameters") or tool.get("input_schema") or {"type": "object"}
        described = tool.get("description") or tool["name"]
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
    client = {"anthropic": Anthropic, "openai": OpenAI}[sys.argv[1]]()
    lines = open(0, encoding="utf-8", newline="\n")
    out = open(1, "wb", buffering=0)
    for line in lines:
        order = json.loads(line)
        # As escapes, two halves of a pair that this client keeps apart would be one character again.
        text = json.dumps(run(client, order), ensure_ascii="task" in order) + "\n"
        out.write(text.encode("utf-8", "surrogatepass"))


main()
