// Has one call at a time: what comes without an id belongs to the last one.

import { Client, work } from "./base.mjs";

class Single extends Client {
  call({ id, function: { name, arguments: text } = {} }) {
    if (id) this.calls.set((this.current = this.calls.size), { id, name, text: "" });
    this.calls.get(this.current).text += text ?? "";
  }
}

await work(new Single());
