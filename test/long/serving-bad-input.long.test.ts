import { expect, it } from "vitest";
import { openServer } from "../serving/open-server.ts";
import { sendMutants } from "../serving/send-mutants.ts";

const target = 50_000;
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;
const seed = Number(process.env["RELEARN_LONG_SEED"] ?? 1);

it(`${target} spoilt requests to the server are refused in the protocol's form, and hurt nobody`, async () => {
  const server = await openServer();
  const kinds = await sendMutants(server, seed, target, until);
  const done = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${done} of ${target} done, from seed ${seed}, of ${kinds.size} kinds`);
  expect(done).toBeGreaterThan(0);
  expect(server.reported).toEqual([]);
  await server.close();
});
