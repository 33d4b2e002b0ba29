import { expect, test } from "vitest";
import { runMutants } from "../support/run-mutants.ts";
import { fixture } from "../support/evaluation-fixture.ts";
import { mutantsOf } from "../support/mutants.ts";

const count = 50_000;
const atOnce = 1_000;

/** Shares the minutes it is given; without a limit all of them. */
const until = performance.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;

test(`${count} mutants of real models: each one loads and runs, or is refused, or is killed in time; nothing else is hurt`, async () => {
  const seed = Number(process.env["RELEARN_LONG_SEED"] ?? 5);
  const wholes = await Promise.all(["binary.onnx", "binary-weak.onnx", "hostile-by-input.onnx"].map(fixture));
  const total = { ran: 0, refused: 0, killed: 0 };
  const before = process.memoryUsage().rss;
  for (let done = 0; done < count && performance.now() < until; done += atOnce) {
    const outcome = await runMutants(mutantsOf(wholes[(done / atOnce) % wholes.length]!, atOnce, seed + done));
    for (const key of ["ran", "refused", "killed"] as const) total[key] += outcome[key];
  }
  console.log(`${total.ran} ran, ${total.refused} were refused, ${total.killed} were killed`);
  expect(total.ran).toBeGreaterThan(0);
  expect(total.refused).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});
