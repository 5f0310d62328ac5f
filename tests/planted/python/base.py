"""A small agent for Anthropic Messages, as it should be. Each file beside it has one thing wrong.

A worker of `wiretape check --worker`: a line of JSON in, a line of JSON out.
"""

import codecs
import http.client
import json
import sys
import time
import urllib.parse

IDLE_S = 2.5
TURN_S = 10.0
LINE_MAX = 4 << 20
BODY_MAX = 32 << 20
TURNS_MAX = 12
ACTING = ("end_turn", "stop_sequence", "tool_use")


class Broken(Exception):
    """The reply cannot be acted on."""


class Client:
    idle_s = IDLE_S

    def begin(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.buffer, self.first = "", True
        self.lines = []
        self.text, self.blocks = [], {}
        self.reason, self.ended = None, False

    # Bytes to events.

    def feed(self, chunk, final=False):
        self.buffer += self.decode(chunk, final)
        if self.first and self.buffer:
            self.buffer, self.first = self.buffer.removeprefix("\ufeff"), False
        while True:
            ends = [at for at in (self.buffer.find("\n"), self.buffer.find("\r")) if at >= 0]
            if not ends:
                if len(self.buffer) > LINE_MAX:
                    raise Broken("a line is too long")
                return
            at = min(ends)
            # A CR that ends what has come so far may have its LF in the next chunk.
            if self.buffer[at] == "\r" and at + 1 == len(self.buffer) and not final:
                return
            width = 2 if self.buffer.startswith("\r\n", at) else 1
            line, self.buffer = self.buffer[:at], self.buffer[at + width:]
            self.line(line)

    def decode(self, chunk, final):
        return self.decoder.decode(chunk, final)

    def line(self, line):
        if line:
            self.lines.append(line)
            return
        data = [line.partition(":")[2].removeprefix(" ") for line in self.lines
                if line == "data" or line.startswith("data:")]
        self.lines = []
        if data and "\n".join(data).strip():
            self.event(json.loads("\n".join(data)))

    # Events to a reply.

    def event(self, event):
        if not isinstance(event, dict):
            return
        kind = event.get("type")
        if kind == "content_block_start":
            block = event["content_block"]
            self.blocks[event["index"]] = {"block": block, "json": "", "text": "", "open": True}
            self.show(event["index"], block.get("text") or "")
        elif kind == "content_block_delta":
            delta = event["delta"]
            if delta["type"] == "text_delta":
                self.show(event["index"], delta["text"])
            elif delta["type"] == "input_json_delta":
                self.blocks[event["index"]]["json"] += delta["partial_json"]
        elif kind == "content_block_stop":
            self.blocks[event["index"]]["open"] = False
        elif kind == "message_delta":
            self.reason = event["delta"].get("stop_reason") or self.reason
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error":
            self.fail(event)

    def show(self, index, text):
        self.blocks[index]["text"] += text
        self.shown.append(text)

    def fail(self, event):
        raise Broken(f"the stream reports {event.get('error')}")

    def check(self):
        if not self.ended:
            raise Broken("the stream ended early")
        if self.reason not in ACTING:
            raise Broken(f"stopped for {self.reason}")
        if any(block["open"] for block in self.blocks.values()):
            raise Broken("a block is open")

    # A turn.

    def turn(self, base_url, messages):
        self.begin()
        url = urllib.parse.urlsplit(base_url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=self.idle_s)
        try:
            body = json.dumps({"model": "m", "max_tokens": 1024, "stream": True,
                               "messages": messages})
            connection.request("POST", url.path + "/v1/messages", body,
                               {"content-type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise Broken(f"status {response.status}")
            until, size = time.monotonic() + TURN_S, 0
            while not self.ended and (chunk := response.read1(65536)):
                size += len(chunk)
                if size > BODY_MAX or self.idle_s and time.monotonic() > until:
                    raise Broken("the reply is too long")
                self.feed(chunk)
            if not self.ended:
                self.feed(b"", True)
            self.check()
        finally:
            connection.close()

    def calls(self):
        for _, block in sorted(self.blocks.items()):
            if block["block"]["type"] == "tool_use":
                yield block["block"], block["json"]

    def arguments(self, text):
        """The arguments; `None` where they cannot be read."""
        if not text.strip():
            return {}
        try:
            value = json.loads(text)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def run(self, order):
        messages = [{"role": "user", "content": "Go on."}]
        self.shown, self.ran, error = [], [], None
        try:
            for _ in range(TURNS_MAX):
                self.turn(order["base_url"], messages)
                results, content = [], []
                for _, block in sorted(self.blocks.items()):
                    if block["block"]["type"] == "text" and block["text"]:
                        content.append({"type": "text", "text": block["text"]})
                for call, text in self.calls():
                    arguments = self.arguments(text)
                    sound = arguments is not None
                    content.append({"type": "tool_use", "id": call["id"], "name": call["name"],
                                    "input": arguments if sound else {}})
                    result = {"type": "tool_result", "tool_use_id": call["id"],
                              "content": "done" if sound else "the arguments cannot be read"}
                    if not sound:
                        result["is_error"] = True
                    results.append(result)
                    said = {"name": call["name"], "arguments": arguments}
                    if not sound:
                        said = {"name": call["name"], "arguments_text": text, "invalid": True}
                    self.ran.append(said)
                if not results:
                    break
                messages += [{"role": "assistant", "content": content},
                             {"role": "user", "content": results}]
        except (Broken, ValueError, KeyError, TypeError, AttributeError, OSError,
                http.client.HTTPException) as problem:
            error = f"{type(problem).__name__}: {problem}"
        return {"run": order["run"], "text": "".join(self.shown), "tool_calls": self.ran,
                "stop": self.reason, "error": error}


def work(client):
    for line in sys.stdin.buffer:
        answer = client.run(json.loads(line))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    work(Client())
