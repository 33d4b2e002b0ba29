import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DefinitionInput } from "../../schemas/definition.ts";
import { predictions } from "../../schemas/source.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { expectApprovable } from "../bad-input/aftermath.ts";
import { dayName, tinyDefinition } from "../bad-input/tiny-pipeline.ts";
import { makePipeline, openWorld, type World } from "../bad-input/world.ts";
import { postgresPrograms, startPostgres, type TestPostgres } from "../support/postgres.ts";
import { rowsIn } from "./prediction-spool/killed-spooler.ts";
import { rowsOfBlob } from "../tables/rows-of-blob.ts";
import { type LiveServer, openLiveServer } from "./live-server.ts";

const asked: Partial<DefinitionInput> = { columns: { far: { type: "number", min: 0 }, weather: { type: "category" }, may_train: { type: "boolean", feature: false } }, consent: "may_train" };
/** The first version learns from files; from then on the pipeline knows nothing but what its model was asked. */
const landed: Partial<DefinitionInput> = { ...asked, prepare: "select *, true as may_train from rides" };
const served: Partial<DefinitionInput> = { ...asked, sources: { served: predictions() }, label: { column: "late", task: "binary", arrives: "P1D" }, retrain: { onData: true, onDrift: false } };

const trainer = "exec python -m relearn_trainers.linear\n";
const programs = postgresPrograms();
let database: TestPostgres | null;
let world: World;
beforeAll(async () => {
  database = programs === null ? null : await startPostgres(programs);
  world = await openWorld(database === null ? {} : { RELEARN_POSTGRES_URL: database.url });
}, 120_000);
afterAll(async () => {
  await world.close();
  await database?.stop();
}, 60_000);

/** Why the newest run started, and how it stands. */
async function latest() {
  const { causes, state } = await world.latest("rides");
  return { causes: causes.map(({ kind }) => kind), state };
}

interface Ride { readonly far: number; readonly weather: string; readonly may_train: boolean }
interface Answer { readonly prediction_id: string; readonly model_version: string; readonly predictions: readonly { readonly label: string }[] }

const ridesOf = (n: number): Ride[] => Array.from({ length: 200 }, (_, i) => ({ far: ((i * 37 + n * 11) % 100) / 10, weather: i % 3 === 0 ? "rain" : "dry", may_train: i % 4 !== 0 }));
/** The world has turned round since the first version: near rides are the late ones. Labels of rows that may not be trained on say the contrary. */
const isLate = ({ far, may_train }: Ride): boolean => (far < 5) === may_train;
const ask = (server: LiveServer, instances: readonly Ride[], at: string) => server.post<Answer>("/v1/models/rides:predict", { instances, parameters: { at } });

/** All that came true, and of which rows that may be trained on. */
const labels: { readonly prediction_id: string; readonly row: number; readonly label: string; readonly at: string }[] = [];
const learnt: string[] = [];

/** Asks about a day's rides, hour by hour, and says an hour later what came true. */
async function liveThrough(server: LiveServer, n: number): Promise<void> {
  const rides = ridesOf(n);
  for (let hour = 8; rides.length > 0; hour++) {
    const part = rides.splice(0, 25);
    const at = `${dayName(n)}T${String(hour).padStart(2, "0")}:00:00Z`;
    const { prediction_id } = await ask(server, part, at);
    const items = part.map((ride, row) => ({ prediction_id, row, label: String(isLate(ride)), at: at.replace(":00:00Z", ":59:00Z") }));
    await server.post("/v1/feedback", { items });
    labels.push(...items);
    learnt.push(...part.flatMap(({ may_train }, row) => (may_train ? [`${prediction_id} ${row}`] : [])));
  }
}

/** What the newest run of a pipeline learned from, by prediction id and row. */
async function rowsOfRun(pipeline: string): Promise<string[]> {
  const { partitions } = await readSnapshot(world.store, pipeline, (await world.latest(pipeline)).snapshot!);
  const rows = (await Promise.all(partitions.map(({ blob }) => rowsOfBlob(world.store, blob, world.home)))).flat();
  return rows.map((row) => `${String(row["prediction_id"])} ${String(row["row"])}`).sort();
}

/** How many of a day's rides a server is right about, and which version says so. */
async function rightAbout(server: LiveServer, n: number): Promise<{ readonly version: string; readonly share: number }> {
  const rides = ridesOf(n).filter(({ may_train }) => may_train);
  const { model_version, predictions } = await ask(server, rides, `${dayName(n)}T20:00:00Z`);
  return { version: model_version, share: predictions.filter(({ label }, i) => label === String(isLate(rides[i]!))).length / rides.length };
}

test("a model whose only source is what it was asked is trained on that alone, by itself, and its next version knows what the first did not", async () => {
  const pipeline = makePipeline(world, "rides", trainer, landed);
  expect((await world.run(pipeline)).exitCode).toBe(4);
  await expectApprovable(world, "rides");

  const definition = join(pipeline.folder, "served.json");
  writeFileSync(definition, JSON.stringify(tinyDefinition("rides", served)));
  expect(await world.say("retraining", "define", definition, "--by", "ann")).toMatchObject({ exitCode: 0 });
  await expect.poll(latest, { timeout: 30_000, interval: 100 }).toEqual({ causes: ["definition"], state: "held" });
  expect(await world.say("retraining", "pause", "rides")).toMatchObject({ exitCode: 0 });

  const server = await openLiveServer(world.settings);
  expect(await rightAbout(server, 5)).toMatchObject({ version: "1", share: expect.toSatisfy((share: number) => share < 0.5) as number });
  await Promise.all([3, 4, 5].map((n) => liveThrough(server, n)));
  await server.closeShipped();

  expect(await world.say("retraining", "resume", "rides")).toMatchObject({ exitCode: 0 });
  await expect.poll(latest, { timeout: 60_000, interval: 200 }).toEqual({ causes: ["data"], state: "waiting" });
  expect((await world.latest("rides")).windows).toEqual({ train: { from: `${dayName(3)}T00:00:00Z`, to: `${dayName(5)}T00:00:00Z` }, holdout: { from: `${dayName(5)}T00:00:00Z`, to: `${dayName(6)}T00:00:00Z` } });
  expect(await rowsOfRun("rides")).toEqual(learnt.toSorted());

  await expectApprovable(world, "rides", 2);
  const next = await openLiveServer(world.settings);
  expect(await rightAbout(next, 6)).toMatchObject({ version: "2", share: expect.toSatisfy((share: number) => share > 0.9) as number });
  await next.closeShipped();
  const logged = await rowsIn(world.store, world.home, "predictions/rides/");
  expect(new Set(logged.filter(({ v }) => v === 2).map(({ extras }) => extras)), "nobody is asked for what the log knows itself").toEqual(new Set(['{"may_train":true}']));
}, 300_000);

test.skipIf(programs === null)(`another pipeline learns from the same rows by labels of a table${programs === null ? " (skipped: Postgres is not installed)" : ""}`, async () => {
  await database!.run('create table decisions (prediction_id text, "row" integer, outcome boolean, decided_at timestamptz)');
  for (const { prediction_id, row, label, at } of labels) await database!.run("insert into decisions values ($1, $2, $3, $4)", [prediction_id, row, label, at]);
  const { definition } = makePipeline(world, "by-table", trainer, { ...served, sources: { served: predictions({ model: "rides", labels: { from: "postgres", table: "decisions", on: ["prediction_id", "row"], label: "outcome", time: "decided_at" } }) } });
  expect(await world.say("run", definition, "--as-of", `${dayName(7)}T01:00:00Z`, "--by", "ann")).toMatchObject({ exitCode: 4 });
  expect(await rowsOfRun("by-table")).toEqual(learnt.toSorted());
}, 120_000);
