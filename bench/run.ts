import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureWorker } from "../cli/support/worker-process.ts";
import flights from "../examples/flights/pipeline.ts";
import { type Definition, definition as definitionSchema } from "../schemas/definition.ts";
import { loadSettings, type Settings } from "../schemas/settings.ts";
import { jobKey, readResult } from "../launchers/job-objects.ts";
import { downloadBlob } from "../stores/blobs.ts";
import { connectTemporal, openStores, type Stores, type TemporalConnection } from "../workers/connect.ts";
import { bench, type Bench } from "./support/bench.ts";
import { type DrivenRun, driveRun } from "./support/drive-run.ts";
import { spreadOf } from "./support/figure.ts";
import { landFlights } from "./support/flights-data.ts";
import { withNoOps } from "./support/no-op-worker.ts";
import { childEnvironment, withStack } from "./support/temporary-stack.ts";

const asOf = "2013-03-01T08:00:00.000Z";
const stubRuns = 7;
/** Each has one month more than the run before it. */
const newMonths = [3, 4, 5, 6, 7];
/** A month in which a candidate is not good enough would end its run early: here only the time is judged. */
const trained = definitionSchema.parse({ ...flights, retrain: {}, gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }, { kind: "latency", p99: "1s" }] });

await bench("run", (here) => withStack(async ({ home }) => {
  const settings = loadSettings({ RELEARN_HOME: home, RELEARN_PYTHON: process.env["RELEARN_PYTHON"] });
  await landFlights(settings, [1, 2]);
  await ensureWorker(settings, childEnvironment(settings), AbortSignal.timeout(60_000), "with-this-process");
  const [stores, temporal] = [openStores(settings), await connectTemporal(settings)];
  try {
    await measure({ ...here, settings, stores, temporal });
  } finally {
    await temporal.close();
    stores.close();
  }
}));

interface Place extends Bench {
  readonly settings: Settings;
  readonly stores: Stores;
  readonly temporal: TemporalConnection;
}

async function measure(place: Place): Promise<void> {
  const drive = (definition: Definition): Promise<DrivenRun> => driveRun(place.temporal, place.stores.store, definition, asOf);
  const first = await drive(trained);
  place.say(`the first run: ${(first.waiting / 1_000).toFixed(1)} s until it asked, of which ${(first.training / 1_000).toFixed(1)} s training`);
  const stubbed = await stubOf(place, first);
  await drive(stubbed);
  const nothings: number[] = [];
  const [stubs, reals] = [[] as DrivenRun[], [] as DrivenRun[]];
  await withNoOps(place.settings, place.temporal.client, async (runOnce) => {
    await runOnce();
    for (let i = 0; i < stubRuns; i++) {
      stubs.push(await drive(stubbed));
      nothings.push(await runOnce());
    }
  });
  for (const month of newMonths) {
    await landFlights(place.settings, [month]);
    reals.push(await driveRun(place.temporal, place.stores.store, trained, `2013-0${month + 1}-01T08:00:00.000Z`));
  }
  reportStubs(place, stubs, nothings);
  reportReals(place, reals, nothings);
}

/** The same pipeline with a trainer that copies what the first run trained: same data, same sample rows, so the same predictions. */
async function stubOf({ settings, stores }: Place, { record }: DrivenRun): Promise<Definition> {
  const folder = join(settings.home, "prebuilt");
  await mkdir(folder, { recursive: true });
  const result = await readResult(stores.store, record.job as string);
  if (result === null) throw new Error(`${jobKey(record.job as string, "result.json")} is missing`);
  for (const name of ["model.onnx", "predictions.parquet"]) await downloadBlob(stores.store, result.files[name]!, join(folder, name));
  await writeFile(join(folder, "copy.sh"), `cp ${folder}/model.onnx ${folder}/predictions.parquet "$RELEARN_OUTPUT_DIR"/\n`);
  return { ...trained, trainer: { ...trained.trainer, command: ["sh", join(folder, "copy.sh")] } };
}

function reportStubs({ report }: Place, runs: readonly DrivenRun[], nothings: readonly number[]): void {
  const limit = { name: "a workflow of six activities that do nothing, same server", samples: nothings.map((ms) => ms / 1_000) };
  const common = { unit: "s", limit, target: "under 2 s", met: ({ median }: { readonly median: number }) => median < 2 };
  report({ ...common, figure: "a run on unchanged data with a stub for training (its figures are known from the run before), until it asks", samples: runs.map(({ waiting }) => waiting / 1_000), notes: costsOf(runs) });
  report({ ...common, figure: "the same, approved at once, until it is promoted", samples: runs.map(({ promoted }) => promoted / 1_000) });
}

function reportReals({ report }: Place, runs: readonly DrivenRun[], nothings: readonly number[]): void {
  report({
    figure: "everything but training in a warm flights run with one new month, until it asks", unit: "s", samples: runs.map(({ waiting, training }) => (waiting - training) / 1_000),
    limit: { name: "a workflow of six activities that do nothing, same server", samples: nothings.map((ms) => ms / 1_000) },
    target: "under 4 s", met: ({ median }) => median < 4, notes: [`the trainer's own process ran ${spreadOf(runs.map(({ training }) => training / 1_000)).median.toFixed(1)} s`, ...costsOf(runs)],
  });
}

/** Which activities the time went into, by the middle of the runs. */
function costsOf(runs: readonly DrivenRun[]): string[] {
  const names = [...new Set(runs.flatMap(({ activities }) => activities.map(({ name }) => name)))];
  const total = (run: DrivenRun, name: string): number => run.activities.filter((one) => one.name === name).reduce((sum, { ms }) => sum + ms, 0);
  const costs = names.map((name) => ({ name, ms: spreadOf(runs.map((run) => total(run, name))).median })).sort((a, b) => b.ms - a.ms);
  return [`by activity, ms: ${costs.map(({ name, ms }) => `${name} ${Math.round(ms)}`).join(", ")}`];
}
