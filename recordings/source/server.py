"""The HTTP server of llama.cpp, from the wheel `xllamacpp`, on loopback.

usage: server.py MODEL.gguf NAME TEMPLATE PORT     (prints a line when it listens; SIGTERM ends it)
"""

import sys
import threading

import xllamacpp

model, name, template, port = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = {name}
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.use_jinja = True
with open(template, encoding="utf-8") as file:
    params.chat_template = file.read()
# Small, so that a request that is too long is small too.
params.n_ctx = 2048
params.n_parallel = 1
# One thread: two that spin hold up everything else on a machine of two cores.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
# A client that says nothing of it gets the likeliest token.
params.sampling.temp = 0.0
# Seconds between keep-alives: a slow prompt shows them.
params.sse_ping_interval = 1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
threading.Event().wait()
