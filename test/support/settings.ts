import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { loadSettings, type Settings } from "../../schemas/settings.ts";
import { freshBucket } from "./s3.ts";

/** Settings of the run's servers with a bucket and a home of the test's own. */
export async function testSettings(name = "test"): Promise<Settings> {
  const home = mkdtempSync(join(tmpdir(), `relearn-${name}-`));
  const { address, namespace, ui } = inject("temporal");
  const base = loadSettings({ RELEARN_HOME: home });
  return { ...base, temporal: { ...base.temporal, from: "environment", address, namespace, ui }, s3: { ...(await freshBucket(name)), from: "environment" } };
}
