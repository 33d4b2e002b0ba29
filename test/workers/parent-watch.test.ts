import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { watchParent } from "../../schemas/parent-watch.ts";

it("tells once of a parent's end, and nothing of what it writes", async () => {
  const input = new PassThrough();
  let told = 0;
  watchParent(input, () => told++);
  input.write("noise");
  await new Promise((next) => setImmediate(next));
  expect(told).toBe(0);
  input.end();
  input.destroy();
  await new Promise((next) => setImmediate(next));
  expect(told).toBe(1);
});
