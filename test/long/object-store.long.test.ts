import { expect, it } from "vitest";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { freshBucket } from "../support/s3.ts";

const target = 20;
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;

it(`exactly one of 50 writers creates a key, and one of 50 replaces it, ${target} times over`, async () => {
  const settings = await freshBucket("race");
  const store = connectS3({ ...settings, credentials: settings.credentials as { accessKeyId: string; secretAccessKey: string }, timeoutMs: 120_000 });
  let done = 0;
  for (; done < target && Date.now() < until; done++) {
    for (const condition of ["create", "replace"] as const) {
      const options = condition === "create" ? { ifNoneMatch: "*" as const } : { ifMatch: (await store.head(`race/${done}`))?.etag };
      const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => store.put(`race/${done}`, new TextEncoder().encode(`${condition} ${i}`), { ...options, once: true })));
      expect(outcomes.filter(({ outcome }) => outcome === "stored"), `${condition} ${done}`).toHaveLength(1);
    }
  }
  store.close();
  console.log(`${done} of ${target} done`);
});
