// Asks again whenever a reply breaks, whatever was shown of it.

import { Client, work } from "./base.mjs";

class Again extends Client {
  async turn(baseUrl, messages) {
    for (let left = 2; ; left -= 1) {
      try {
        return await this.attempt(baseUrl, messages);
      } catch (problem) {
        if (left === 0) throw problem;
      }
    }
  }
}

await work(new Again());
