import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createValidate } from "../../activities/validate.ts";
import type { DefinitionInput } from "../../schemas/definition.ts";
import { predictions } from "../../schemas/source.ts";
import { validationReport } from "../../schemas/validation.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { rowsOf } from "../tables/landing-files.ts";
import { daysFrom } from "./ingest-stage.ts";
import { type Asked, openPredictionsStage, type PredictionsStage, type Said } from "./predictions-stage.ts";

let stage: PredictionsStage;
beforeEach(async () => {
  stage = await openPredictionsStage();
});
afterEach(() => stage.close());

const days = daysFrom(1, 4);
const [perDay, asOf] = [600, "2013-01-06T03:00:00Z"];
const define = (validation: DefinitionInput["validation"] = {}) => stage.define({ sources: { served: predictions() }, label: { column: "late", task: "binary", arrives: "P1D" }, validation });

/** A tenth of the rows is late, as the model says; it answers "0" to each. */
const asked: readonly Asked[] = days.flatMap((day) => Array.from({ length: perDay }, (_, i) => ({ id: `${day}-${i}`, at: `${day}T06:30:00Z`, length: i, score: 0.1 })));
/** The first `of` rows of each day are labelled by `rogue`, who turns everything round, the others by a shop and a bank. */
const saidBy = (rogue: number): Said[] => asked.map(({ id, at, length }) => {
  const late = length! % 10 === 0;
  const source = length! < rogue ? "rogue" : length! % 2 === 0 ? "shop" : "bank";
  return { id, label: (source === "rogue") === late ? "0" : "1", received: new Date(Date.parse(at) + 3_600_000).toISOString(), source };
});

async function run(validation: DefinitionInput["validation"] = {}) {
  const definition = define(validation);
  const step = { run: "trips/run/1", pipeline: "trips", definition: await putJsonBlob(stage.deps.store, definition), asOf };
  const dataset = await stage.dataset(definition, asOf);
  const result = await createValidate(stage.deps)({ ...step, windows: dataset.windows, dataset: await putJsonBlob(stage.deps.store, dataset), champion: null });
  const { findings } = validationReport.parse(JSON.parse(new TextDecoder().decode(await getBlob(stage.deps.store, result.report))));
  return { dataset, result, found: findings.filter(({ check }) => check === "label source") };
}

describe("a sender whose labels contradict the model as nobody else's do", () => {
  test("is left out of every partition, its rows lie in quarantine, and the run says why", async () => {
    await stage.asked("a", asked);
    await stage.said("a", saidBy(60));
    const { dataset, result, found } = await run();
    expect(dataset.partitions.map(({ rows }) => rows)).toEqual([540, 540, 540, 540]);
    expect(found).toEqual([{ check: "label source", subject: "rogue", effect: "quarantined", rows: 240, message: "labels that rogue sent differ from the model's answers in 90.0 % of 240 (expected 10.0 %), those of the others in 10.0 % of 2160 (expected 10.0 %), p below 1e-12; its rows are left out" }]);
    expect(result).toMatchObject({ status: "accepted", rows: { in: 2400, accepted: 2160, quarantined: 240 } });
    const { quarantine } = await readSnapshot(stage.deps.store, "trips", (result as { snapshot: string }).snapshot);
    await stage.deps.store.download(quarantine!, stage.at("../quarantine.parquet"));
    const rows = await rowsOf(stage.at("../quarantine.parquet"));
    expect(rows).toHaveLength(240);
    expect(rows[0]).toMatchObject({ partition: "2013-01-01", file: "predictions/trips/2013-01-01", rule: "label_source", column: "label_source", value: "rogue" });
    expect(JSON.parse(String(rows[0]!["content"]))).toMatchObject({ prediction_id: "2013-01-01-0", late: "0", label_source: "rogue" });
    expect(await stage.dataset(define(), asOf), "the same again").toEqual(dataset);
  });

  test("stops the run where it sent too many of all labels", async () => {
    await stage.asked("a", asked);
    await stage.said("a", saidBy(60));
    const { result, found } = await run({ maxDistrusted: 0.05 });
    expect(result).toMatchObject({ status: "refused", reasons: [expect.stringContaining("10.0 % of the labels of served are not trusted, validation.maxDistrusted is 5 %")] });
    expect(found).toMatchObject([{ effect: "stopped", rows: 240 }]);
  });

  test("is trusted where it sent most of the labels, for then it may be right", async () => {
    await stage.asked("a", asked);
    await stage.said("a", saidBy(400));
    const { dataset, found } = await run();
    expect(dataset.partitions.map(({ rows }) => rows)).toEqual([600, 600, 600, 600]);
    expect(found).toEqual([]);
  });

  test("is not known where files do not say who sent a label", async () => {
    await stage.asked("a", asked);
    await stage.said("a", saidBy(60).map(({ source: _, ...said }) => said));
    expect((await run()).found).toEqual([]);
  });
});
