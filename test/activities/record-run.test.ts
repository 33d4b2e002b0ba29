import { expect, test } from "vitest";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createRecordRun } from "../../activities/record-run.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { findRun } from "../../stores/runs.ts";
import { sampleRun } from "../cli/samples.ts";

test("a reason that was cut through the middle of a character is recorded all the same", async () => {
  const store = memoryObjectStore();
  await createRecordRun({ store } as unknown as Dependencies)({ record: { ...sampleRun, reason: "\u{1f600}".slice(0, 1), seconds: { ingest: 1 } } });
  expect(await findRun(store, sampleRun.pipeline, sampleRun.run)).toEqual({ ...sampleRun, reason: "\ufffd", seconds: { ingest: 1 } });
});
