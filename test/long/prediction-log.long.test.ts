import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import { openServingLogs } from "../../serving/prediction-spool/open-logs.ts";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { buildSpooler, rowsIn, spoolUntilKilled, wrongIn } from "../serving/prediction-spool/killed-spooler.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { testSettings } from "../support/settings.ts";

const target = 200;
/** Shipping and reading all of it take the rest of its time. */
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 40_000;
const seed = Number(process.env["RELEARN_LONG_SEED"] ?? 1);

it(`a server that is killed ${target} times while it answers and ships loses nothing that it acknowledged`, async () => {
  const settings = await testSettings("log-soak");
  const entry = await buildSpooler(settings.home);
  const random = seededRandom(seed);
  const acknowledged: string[] = [];
  let done = 0;
  for (; done < target && Date.now() < until; done++) acknowledged.push(...(await spoolUntilKilled(entry, settings, 10 + random() ** 2 * 2_500)));
  const logs = await openServingLogs(settings);
  for (let tries = 0; tries < 10 && !(await logs.shipping.shipAll()); tries++);
  await logs.close();

  const store = connectS3({ ...settings.s3, credentials: { ...settings.s3.credentials! } as never });
  const [predictions, feedback] = [await rowsIn(store, settings.home, "predictions/flights/"), await rowsIn(store, settings.home, "feedback/flights/")];
  store.close();
  console.log(`${done} of ${target} kills, seed ${seed}: ${acknowledged.length} records acknowledged, ${predictions.length / 2} predictions and ${feedback.length} labels in the bucket`);
  expect(wrongIn(acknowledged, predictions, feedback), `seed ${seed}`).toEqual({ lost: [], twice: 0 });
  rmSync(settings.home, { recursive: true, force: true });
});
