import { randomUUID } from "node:crypto";
import { ensureWorker } from "../cli/support/worker-process.ts";
import { retrainingId, retrainingStatus, sendTrigger } from "../cli/support/start-run.ts";
import flights from "../examples/flights/pipeline.ts";
import { type Definition, definition as definitionSchema } from "../schemas/definition.ts";
import type { BlobRef } from "../schemas/names.ts";
import { loadSettings } from "../schemas/settings.ts";
import { putJsonBlob } from "../stores/blobs.ts";
import { sha256Hex } from "../stores/canonical.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { inParallel } from "../stores/parallel.ts";
import { putRun } from "../stores/runs.ts";
import { connectTemporal, openStores, type TemporalConnection } from "../workers/connect.ts";
import { bench, type Bench } from "./support/bench.ts";
import { until } from "./support/drive-run.ts";
import { landFlights } from "./support/flights-data.ts";
import { withNoOps } from "./support/no-op-worker.ts";
import { childEnvironment, withStack } from "./support/temporary-stack.ts";

const alarms = 7;
/** A pipeline that has long been at work, with all that an alarm can be held against. */
const pastRuns = 200;
const dayMs = 86_400_000;
const firstAlarm = Date.parse("2013-03-01T08:00:00Z");
const watched = definitionSchema.parse({ ...flights, retrain: { cooldown: "P1D", maxPerMonth: 100, gpuHoursPerMonth: 100 } });

await bench("alarm", (here) => withStack(async ({ home }) => {
  const settings = loadSettings({ RELEARN_HOME: home, RELEARN_PYTHON: process.env["RELEARN_PYTHON"] });
  await landFlights(settings, [1, 2]);
  await ensureWorker(settings, childEnvironment(settings), AbortSignal.timeout(60_000), "with-this-process");
  const [stores, temporal] = [openStores(settings), await connectTemporal(settings)];
  try {
    await withNoOps(settings, temporal.client, (runOnce) => measure(here, temporal, stores.store, runOnce));
  } finally {
    await temporal.close();
    stores.close();
  }
}));

async function measure({ report }: Bench, temporal: TemporalConnection, store: ObjectStore, runOnce: () => Promise<number>): Promise<void> {
  const definition = await putJsonBlob(store, watched);
  await inParallel(Array.from({ length: pastRuns }, (_, i) => i), 16, (i) => putPastRun(store, watched, definition, i));
  await startedAfter(temporal, definition, 0);
  await runOnce();
  const [taken, nothings] = [[] as number[], [] as number[]];
  for (let i = 1; i <= alarms; i++) {
    taken.push((await startedAfter(temporal, definition, i)) / 1_000);
    nothings.push((await runOnce()) / 1_000);
  }
  report({
    figure: "an alarm accepted by Temporal, until its run has started", unit: "s", samples: taken, limit: { name: "a workflow of six activities that do nothing, same server", samples: nothings },
    target: "under 1 s", met: ({ median }) => median < 1, notes: [`held against cooldown and budgets of a pipeline with ${pastRuns} past runs; by the server's own times of the signal and of the run's start`],
  });
}

async function putPastRun(store: ObjectStore, { name }: Definition, definition: BlobRef, i: number): Promise<void> {
  const [startedAt, span] = [new Date(firstAlarm - (i + 2) * dayMs).toISOString(), { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" }];
  await putRun(store, {
    version: 1, pipeline: name, run: `${name}/run/${sha256Hex(new TextEncoder().encode(String(i))).slice(0, 12)}`, definition, causes: [{ kind: "alarm", key: `past ${i}`, by: null }], asOf: startedAt, windows: { train: span, holdout: span },
    state: "promoted", stage: "done", reason: null, startedAt, updatedAt: startedAt, endedAt: startedAt, seconds: {}, snapshot: null, validation: null, rows: null, job: null, training: null, model: null, evaluation: null, gates: [], v: null, question: null, answers: [],
  });
}

/** Sends one alarm; the run that it starts is ended at once. @returns milliseconds */
async function startedAfter(temporal: TemporalConnection, definition: BlobRef, i: number): Promise<number> {
  const { client } = temporal;
  const id = sha256Hex(new TextEncoder().encode(randomUUID()));
  const asOf = new Date(firstAlarm + 2 * i * dayMs).toISOString();
  await sendTrigger(temporal, { cause: { kind: "alarm", key: id, by: null }, asOf, definition, pipeline: watched.name, alarm: { id, kind: "data-drift", proposal: "retrain", message: "it has moved" } });
  const run = await until(async () => (await retrainingStatus(temporal, watched.name)).started[id] ?? null);
  if (run === "") throw new Error(`alarm ${i} started no run`);
  const { startTime } = await client.workflow.getHandle(run).describe();
  const { events } = await client.workflow.getHandle(retrainingId(watched.name)).fetchHistory();
  const signalled = events?.findLast(({ workflowExecutionSignaledEventAttributes: signal }) => signal != null)?.eventTime;
  await client.workflow.getHandle(run).terminate("it has started, and that is all that was asked");
  await until(async () => ((await retrainingStatus(temporal, watched.name)).running === null ? true : null));
  return startTime.getTime() - (Number(signalled?.seconds ?? NaN) * 1_000 + (signalled?.nanos ?? 0) / 1e6);
}
