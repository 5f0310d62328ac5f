// Knows no line end but LF.

import { Client, work } from "./base.mjs";

class LfOnly extends Client {
  feed(chunk, final = false) {
    this.buffer += this.decoder.decode(chunk, { stream: !final });
    const blocks = this.buffer.split("\n\n");
    this.buffer = blocks.pop();
    for (const block of blocks) {
      for (const line of block.split("\n")) this.line(line);
      this.line("");
    }
  }
}

await work(new LfOnly());
