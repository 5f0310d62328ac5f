"""Takes each chunk for whole events."""

import json

from base import Client, work


class Chunkwise(Client):
    def feed(self, chunk, final=False):
        for line in chunk.decode("utf-8", "ignore").split("\n"):
            if line.startswith("data:"):
                try:
                    self.event(json.loads(line[5:]))
                except json.JSONDecodeError:
                    pass


work(Chunkwise())
