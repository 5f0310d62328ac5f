"""What is asked of the server: for each tape its name, the template the server needs, and the requests.

A model this small calls a tool when it is told to repeat the call. As a program it prints
what clients are compared by, as JSON.
"""

import json

MODEL = "smollm2-135m"
PATHS = {
    "anthropic": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "completions": "/v1/completions",
}


def schema(**properties):
    return {"type": "object", "properties": properties, "required": ["city"]}


CITY = {"type": "string"}
UNIT = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather for a city",
    "parameters": schema(city=CITY, unit=UNIT),
}
TIME = {
    "name": "get_time",
    "description": "Get the local time in a city",
    "parameters": schema(city=CITY),
}


def call(name, **arguments):
    said = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{said}\n</tool_call>"


def weather(city):
    return call("get_weather", city=city, unit="celsius")


def time(city):
    return call("get_time", city=city)


def repeat(*calls):
    return "Repeat this text exactly:\n" + "\n".join(calls)


FRANCE = "What is the capital of France, and what is it known for?"
# What `/v1/completions` goes on with: it has no turns.
BEGUN = "The capital of France is"
MULTIBYTE = "Repeat this text exactly: Привет, мир! 你好，世界。🌍🚀"
EXACTLY = "What is the weather in Paris and in Tokyo? Answer with exactly these two calls:\n"

# An agent's task: what the user asks, the tools, and what they answer in each turn.
LOOP = {
    "model": MODEL,
    "max_tokens": 192,
    "prompt": repeat(weather("Paris"), time("Tokyo")),
    "tools": [WEATHER, TIME],
    "results": [repeat(weather("東京")), "It is sunny."],
}

# name: prompt, most tokens, tools, more fields of each dialect
MAIN = {
    "text": ("What is the capital of France? Answer in one sentence.", 96, [], {}),
    "cut": (FRANCE, 12, [], {}),
    "stop-sequence": (
        FRANCE,
        64,
        [],
        {
            "anthropic": {"stop_sequences": ["city"]},
            "chat": {"stop": ["city"]},
            "completions": {"stop": ["population"]},
        },
    ),
    "multibyte": (MULTIBYTE, 64, [], {}),
    "one-tool": (repeat(weather("Paris")), 128, [WEATHER], {}),
    "parallel-tools": (repeat(weather("Paris"), time("Tokyo")), 160, [WEATHER, TIME], {}),
    "multibyte-tool": (repeat(weather("Zürich 東京")), 128, [WEATHER], {}),
    "text-then-tool": (EXACTLY + weather("Paris") + "\n" + weather("Tokyo"), 160, [WEATHER], {}),
    "cut-tool": (repeat(weather("Paris")), 24, [WEATHER], {}),
    # Read anew: what the server still knows of a prompt costs it no time.
    "keep-alive": (
        "Paris is the capital of France. " * 100 + FRANCE,
        24,
        [],
        {"chat": {"cache_prompt": False}, "responses": {"cache_prompt": False}},
    ),
    "too-long": ("word " * 2200, 16, [], {}),
}
THINK = {
    "thinking": (
        FRANCE,
        96,
        [],
        {
            "anthropic": {"thinking": {"type": "enabled", "budget_tokens": 24}},
            "chat": {"thinking_budget_tokens": 24},
            "responses": {"thinking_budget_tokens": 24},
        },
    ),
}


def tools_of(dialect, tools):
    """The fields that offer the tools and ask for a call, as the dialect has them."""
    if not tools:
        return {}
    offered = {
        "anthropic": lambda t: {
            "name": t["name"],
            "description": t["description"],
            "input_schema": t["parameters"],
        },
        "chat": lambda t: {"type": "function", "function": t},
        "responses": lambda t: {"type": "function", **t},
    }[dialect]
    choice = {"type": "any"} if dialect == "anthropic" else "required"
    return {"tools": [offered(tool) for tool in tools], "tool_choice": choice}


def body(dialect, prompt, max_tokens, tools, more):
    limit = "max_output_tokens" if dialect == "responses" else "max_tokens"
    body = {"model": MODEL, "stream": True, limit: max_tokens}
    if dialect == "chat":
        body["stream_options"] = {"include_usage": True}
    if dialect == "responses":
        body["input"] = [{"role": "user", "content": prompt}]
    elif dialect == "completions":
        body["prompt"] = BEGUN
    else:
        body["messages"] = [{"role": "user", "content": prompt}]
    return body | tools_of(dialect, tools) | more.get(dialect, {})


def has(dialect, name):
    """The dialect has the scene."""
    if dialect == "completions":
        return name in ("cut", "stop-sequence")
    # Responses knows no stop sequences.
    return (dialect, name) != ("responses", "stop-sequence")


def requests(table, dialects):
    """(name of the tape, path, body) of a table."""
    for name, (prompt, max_tokens, tools, more) in table.items():
        for dialect, path in PATHS.items():
            if dialect not in dialects or not has(dialect, name):
                continue
            yield f"{dialect}-{name}", path, body(dialect, prompt, max_tokens, tools, more)


def bad():
    """A request without messages."""
    return {"model": MODEL, "stream": True, "max_tokens": 16}


def tasks():
    """The tasks of an agent that clients are compared by: [name, task]."""
    names = ("text", "multibyte", "cut", "text-then-tool", "too-long")
    rest = {"model": MODEL, "results": ["It is sunny."]}
    yield "loop", LOOP
    for name in names:
        prompt, max_tokens, tools, _ = MAIN[name]
        # Some clients leave out a list that is empty, some send it.
        yield name, rest | {"max_tokens": max_tokens, "prompt": prompt, "tools": tools or [TIME]}


if __name__ == "__main__":
    print(json.dumps(list(tasks())))
