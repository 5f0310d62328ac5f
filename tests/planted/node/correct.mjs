import { Client, work } from "./base.mjs";

await work(new Client());
