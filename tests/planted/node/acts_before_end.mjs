// Runs a call as soon as its arguments can be read.

import { Client, work } from "./base.mjs";

class Eager extends Client {
  call(delta) {
    super.call(delta);
    const call = this.calls.get(delta.index);
    if (call.text.trim() && this.read(call.text) && !call.ran) {
      call.ran = super.execute(call);
    }
  }

  execute(call) {
    return call.ran ?? super.execute(call);
  }
}

await work(new Eager());
