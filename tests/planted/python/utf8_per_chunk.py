"""Decodes each chunk by itself."""

from base import Client, work


class PerChunk(Client):
    def decode(self, chunk, final):
        return chunk.decode("utf-8", "replace")


work(PerChunk())
