import { expect, it } from "vitest";
import { simulate } from "../stores/simulation/simulate.ts";

const target = 100_000;
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;
const first = Number(process.env["RELEARN_LONG_SEED"] ?? 1);

it(`the commit log keeps its promises on ${target} seeds`, async () => {
  let done = 0;
  for (; done < target && Date.now() < until; done++) {
    const seed = (first + done) % 4_294_967_296;
    const { problems } = await simulate(seed);
    if (problems.length > 0) expect.fail(`seed ${seed}: ${problems.join("\n")}`);
  }
  console.log(`${done} of ${target} done, from seed ${first}`);
  expect(done).toBeGreaterThan(0);
});
