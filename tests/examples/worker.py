"""A worker in Python: wiretape check TAPE... --worker -- python worker.py. Put your own agent into run."""

import json
import sys

import anthropic

client = anthropic.Anthropic(api_key="no-key-is-needed")


def run(base_url, ask):
    ask = {name: value for name, value in ask.items() if name != "stream"}
    while True:
        with client.with_options(base_url=base_url).messages.stream(**ask) as stream:
            reply = stream.get_final_message()
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls or reply.stop_reason != "tool_use":
            return
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "done"} for call in calls]
        assistant = {"role": "assistant", "content": reply.content}
        ask["messages"] = [*ask["messages"], assistant, {"role": "user", "content": results}]


for line in sys.stdin.buffer:
    order, error = json.loads(line), None
    try:
        run(order["base_url"], order["request"])
    except Exception as raised:
        error = repr(raised)
    print(json.dumps({"run": order["run"], "error": error}), flush=True)
