import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TrainResult, ValidateResult, VersionRef } from "../../activities/contract.ts";
import { createEvaluate } from "../../activities/evaluate.ts";
import { createTrain } from "../../activities/train.ts";
import { createValidate } from "../../activities/validate.ts";
import { earliestData } from "../../activities/support/earliest-data.ts";
import { closeWindows } from "../../policy/windows.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Definition, DefinitionInput } from "../../schemas/definition.ts";
import { type Evaluation, evaluation } from "../../schemas/evaluation.ts";
import { atLeast, noWorseThanChampion } from "../../schemas/gate.ts";
import { jobSpec } from "../../schemas/job.ts";
import { getBlob, putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { fixture } from "../support/evaluation-fixture.ts";
import { writeParquet } from "../tables/landing-files.ts";
import { openStage, type Stage } from "./ingest-stage.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** 100 rows a day, 1 to 10 January. Row n of the models' fixture is `k<n>` and lands on day n % 10 + 1, so every day has golden rows. */
const rows = `read_parquet('${new URL("../fixtures/models/rows.parquet", import.meta.url).pathname}')`;
const asOf = ["2013-01-07T01:00:00Z", "2013-01-09T01:00:00Z", "2013-01-11T01:00:00Z"] as const;
const isGolden = (id: string): boolean => Number(id.slice(1)) % 7 === 0;
const reserve = 20;
/** The rule as the definition states it, worked out anew: hash of the key, modulo 100, below the percentage. */
const isReserved = (id: string, percent = reserve): boolean => (parseInt(createHash("md5").update(id).digest("hex").slice(0, 8), 16) % 10_000) / 100 < percent;

let stage: Stage;
let define: (change?: Partial<DefinitionInput>) => Definition;
beforeAll(async () => {
  stage = await openStage();
  for (let day = 1; day <= 10; day++) {
    const name = `2013-01-${String(day).padStart(2, "0")}`;
    await writeParquet(stage.at(`trips/${name}.parquet`), `select * exclude (kind, minutes), '${name} 06:00:00'::timestamp + to_minutes(substr(id, 2)::int % 600) as "at" from ${rows} where substr(id, 2)::int % 10 = ${day - 1}`);
  }
  // The same keys as in the landing files, with the values a person has checked.
  await writeParquet(stage.at("golden/known.parquet"), `select * exclude (kind, minutes), '2012-06-01 06:00:00'::timestamp as "at" from ${rows} where substr(id, 2)::int % 7 = 0`);
  define = (change = {}) => stage.define({
    columns: { distance: { type: "number", nullable: true }, carrier: { type: "category" }, delay: { type: "number" } },
    windows: { train: "all", atLeast: "P1D", holdout: "P2D" },
    golden: { known: { format: "parquet", uri: stage.at("golden/"), time: "at" } }, reserve, minRows: 50,
    gates: [atLeast("auc", 0.6), atLeast("auc", 0.6, { holdout: "known" }), atLeast("auc", 0.6, { holdout: "reserve" }), noWorseThanChampion("log_loss", { holdout: "known" }), noWorseThanChampion("log_loss", { holdout: "reserve" })],
    ...change,
  });
});
afterAll(() => stage.close());

const step = async (definition: Definition, at: string) => ({
  run: `trips/run/${at.slice(0, 10)}`, pipeline: "trips", definition: await putJsonBlob(stage.deps.store, definition), asOf: at,
  windows: closeWindows(definition, at, await earliestData(stage.deps, definition)),
});

/** From landing files to an accepted snapshot, by the activities themselves. */
async function accepted(definition: Definition, at: string): Promise<Snapshot> {
  const ingested = await stage.ingest(definition, at);
  if (ingested.status !== "ready") throw new Error(ingested.reasons.join("; "));
  const validated: ValidateResult = await createValidate(stage.deps)({ ...(await step(definition, at)), dataset: ingested.dataset, champion: null });
  if (validated.status !== "accepted") throw new Error(validated.reasons.join("; "));
  return readSnapshot(stage.deps.store, "trips", validated.snapshot);
}

async function evaluate(definition: Definition, at: string, snapshot: Snapshot, champion: VersionRef | null = null): Promise<Evaluation> {
  const { store } = stage.deps;
  const [model, predictions, sample] = [await putBlob(store, await fixture("binary.onnx")), await putBlob(store, await fixture("binary.parquet")), await putBlob(store, await fixture("rows.parquet"))];
  const result = await createEvaluate(stage.deps)({ ...(await step(definition, at)), snapshot: snapshot.id, model, predictions, sample, champion });
  return evaluation.parse(JSON.parse(new TextDecoder().decode(await getBlob(store, result.evaluation))));
}

/** A version whose manifest says that it was trained on this snapshot under this definition. */
async function champion(definition: Definition, at: string, snapshot: Snapshot): Promise<VersionRef> {
  const { store } = stage.deps;
  const model = await putBlob(store, await fixture("binary-weak.onnx"));
  const { run, windows, definition: ref } = await step(definition, at);
  const manifest = await putJsonBlob(store, {
    version: 1, model: "trips", v: 1, file: model, evaluation: model, snapshot: snapshot.id, definition: ref, code: null, trainer: { command: ["true"], packages: {} }, params: {}, seed: 1, job: "j", run, windows,
    inputs: Object.entries(definition.columns).map(([name, column]) => ({ name, column })), outputs: { task: "binary", classes: ["0", "1"] }, metrics: {}, createdAt: at, signature: { algorithm: "ed25519", key: "AAAA", value: "AAAA" },
  });
  return { v: 1, model, manifest };
}

const keysOf = async (blobs: readonly Snapshot["frame"][]): Promise<string[]> => (await Promise.all(blobs.map((blob) => stage.rows(blob)))).flat().map(({ id }) => String(id));
const trainBlobs = ({ partitions }: Snapshot) => partitions.filter(({ role, rows }) => role === "train" && rows > 0).map(({ blob }) => blob);
const reservedBlobs = ({ partitions }: Snapshot) => partitions.flatMap(({ reserved }) => (reserved === null ? [] : [reserved.blob]));
const answers = ({ gates }: Evaluation) => Object.fromEntries(gates.map(({ gate, answer }) => [gate, answer]));

describe("rows set apart", () => {
  test("are never trained on by any run, though what was holdout becomes training, and every other row is", async () => {
    const trained = new Set<string>();
    for (const at of asOf) for (const key of await keysOf(trainBlobs(await accepted(define(), at)))) trained.add(key);
    const days = 8;
    const expected = Array.from({ length: 1_000 }, (_, i) => i).filter((i) => i % 10 < days).map((i) => `k${String(i).padStart(5, "0")}`).filter((id) => !isGolden(id) && !isReserved(id));
    expect([...trained].sort((a, b) => a.localeCompare(b))).toEqual(expected);
  });

  test("are the same rows of the reserve in every run", async () => {
    const snapshot = await accepted(define(), asOf[2]);
    const [first, last] = [await keysOf(reservedBlobs(await accepted(define(), asOf[0]))), await keysOf(reservedBlobs(snapshot))];
    expect(last.every((id) => isReserved(id))).toBe(true);
    // A golden key is withheld before all else once its day is trained on.
    expect(first.filter((id) => !last.includes(id) && !isGolden(id))).toEqual([]);
    expect(last.length).toBeGreaterThan(100);
    const golden = await keysOf([snapshot.golden["known"]!.blob]);
    expect([golden.length, golden.every(isGolden)]).toEqual([143, true]);
  });

  test("are in nothing that a trainer is given", async () => {
    const snapshot = await accepted(define(), asOf[2]);
    const launcher = { name: "local", submit: () => Promise.reject(new Error("this is as far as it goes")) };
    const train = createTrain({ ...stage.deps, launchers: { local: launcher as never } });
    await expect(train({ ...(await step(define(), asOf[2])), snapshot: snapshot.id, job: "job-0" }) as Promise<TrainResult>).rejects.toThrow("as far as it goes");
    const spec = jobSpec.parse(JSON.parse(new TextDecoder().decode((await stage.deps.store.get("jobs/job-0/spec.json"))!.body)));
    const train0 = spec.inputs.filter(({ path }) => path.startsWith("train/"));
    expect(train0).toHaveLength(8);
    expect((await keysOf(train0.map(({ blob }) => blob))).filter((id) => isGolden(id) || isReserved(id))).toEqual([]);
    // The sample is drawn from the training rows, and holds no key at all.
    const [sample] = await stage.rows(spec.inputs.find(({ path }) => path.startsWith("sample/"))!.blob);
    expect(Object.keys(sample!).sort((a, b) => a.localeCompare(b))).toEqual(["carrier", "delay", "distance"]);
  });
});

describe("an evaluation", () => {
  test("judges the candidate on the golden set and on the reserve as on the recent days, each by its own gates", async () => {
    const snapshot = await accepted(define(), asOf[2]);
    const facts = await evaluate(define(), asOf[2], snapshot);
    const reserved = (await keysOf(reservedBlobs(snapshot))).length;
    expect(facts.holdouts.map(({ holdout, rows, window }) => [holdout, rows, window === null])).toEqual([["recent", snapshot.rows.holdout, false], ["known", 143, true], ["reserve", reserved, true]]);
    expect(facts.holdouts.every(({ candidate }) => candidate["auc"]!.value! > 0.7)).toBe(true);
    expect(answers(facts)).toMatchObject({ "auc at least 0.6": "yes", "auc at least 0.6 on known": "yes", "auc at least 0.6 on reserve": "yes", "log_loss no worse than champion on reserve": "not-applicable" });
    expect(facts.passed, JSON.stringify(facts.gates)).toBe(true);
  });

  test("compares with a champion that was kept from the same rows", async () => {
    const earlier = await accepted(define(), asOf[0]);
    const facts = await evaluate(define(), asOf[2], await accepted(define(), asOf[2]), await champion(define(), asOf[0], earlier));
    for (const holdout of facts.holdouts) expect(holdout.difference!["log_loss"]!.value, holdout.holdout).toBeLessThan(0);
    expect(answers(facts)).toMatchObject({ "log_loss no worse than champion on reserve": "yes" });
  });

  test.each([
    ["had no golden set", { golden: {} }, "known"],
    ["had no reserve", { reserve: 0 }, "reserve"],
    ["had a smaller reserve, and so was trained on a part of today's", { reserve: 5 }, "reserve"],
  ] as const)("counts no comparison with a champion that %s", async (_, change, holdout) => {
    const earlier = await accepted(define(change), asOf[0]);
    const facts = await evaluate(define(), asOf[2], await accepted(define(), asOf[2]), await champion(define(change), asOf[0], earlier));
    const judged = facts.holdouts.find((one) => one.holdout === holdout)!;
    expect(judged.difference!["log_loss"]).toMatchObject({ value: null, why: expect.stringContaining(`champion v1 may have been trained on rows of ${holdout}`) });
    expect(judged.candidate["log_loss"]!.value).not.toBeNull();
    expect(answers(facts)).toMatchObject({ [`log_loss no worse than champion on ${holdout}`]: "not-evaluated" });
    expect(facts.passed).toBe(false);
  });
});
