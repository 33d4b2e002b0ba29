import { expect, test } from "vitest";
import { createAsk } from "../../activities/ask.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { signalLine } from "../../cli/support/approval-text.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import { definition } from "../../schemas/definition.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { putSnapshot } from "../../stores/datasets.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { sampleEvaluation, sampleRun } from "../cli/samples.ts";
import { hostileNames } from "../support/hostile-names.ts";

const links = { temporalUi: null, temporalAddress: "t.example:7233", namespace: "ml" };

test("a question in Temporal is answered by the very line that the command line prints, and no approver's name redraws it", async () => {
  const store = memoryObjectStore();
  const ref = await putJsonBlob(store, definition.parse({
    name: "flights", sources: { rows: { format: "csv", uri: "rows/", time: "at" } }, columns: { distance: { type: "number" } }, label: { column: "late", task: "binary" },
    windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], approval: { approvers: hostileNames.filter((name) => !/\p{Cs}/u.test(name)) },
  }));
  const { run, pipeline, windows, asOf } = sampleRun;
  await putSnapshot(store, {
    version: 1, id: sampleEvaluation.snapshot, pipeline, windows, golden: {}, files: [], quarantine: null, classes: null, frame: ref, partitions: [],
    rows: { in: 1_010, accepted: 1_000, quarantined: 10, duplicates: 0, train: 800, holdout: 200 },
  } as unknown as Snapshot);
  const { question, markdown } = await createAsk({ store, links } as unknown as Dependencies)({
    run, pipeline, windows, asOf, definition: ref, v: 3, model: sampleEvaluation.model, evaluation: await putJsonBlob(store, sampleEvaluation), champion: null, askedAt: "2026-01-01T00:00:00Z",
  });
  expect(question).toMatchObject({ v: 3, required: 1, expiresAt: "2026-01-08T00:00:00Z" });
  expect(markdown).toContain(signalLine({ run, question }, { from: "environment", address: links.temporalAddress, namespace: links.namespace, ui: null, apiKey: null, tls: null }, "YOUR NAME"));
  expect(markdown).toContain(`Data: 1,010 rows, 10 of them quarantined: see \`quarantine/flights/${sampleEvaluation.snapshot}.parquet\`.`);
  expect(markdown.split("\n").filter((line) => line.startsWith("# "))).toEqual(["# Shall flights version 3 serve, nothing serves yet?"]);
  expect(markdown.split("\n").filter((line) => line.startsWith("```"))).toHaveLength(2);
});
