import { lastWindowReports, readWindowReports, readWindowSeries } from "../stores/window-reports.ts";
import { openStores } from "../workers/connect.ts";
import { bareS3 } from "./support/bare-s3.ts";
import { bench } from "./support/bench.ts";
import { writeSampleYear } from "./support/sample-windows.ts";
import { withStack } from "./support/temporary-stack.ts";
import { paired, timed } from "./support/timing.ts";

const place = { model: "hourly", v: 1 };
const hours = 8_760;
const rounds = 9;

await bench("windows", ({ report, say }) => withStack(async (settings) => {
  const { store, close } = openStores(settings);
  const bare = bareS3(settings);
  try {
    say(`writes ${hours} windows of 100 figures ...`);
    const folds = await writeSampleYear(store, place.model, hours);
    const fetched = (): Promise<number> => timed(() => Promise.all(folds.map((key) => bare.get(key))));
    const opened = async (figure: string, read: () => Promise<{ readonly length: number }>, expected: number): Promise<void> => {
      const taken = await paired(rounds, () => timed(async () => {
        const { length } = await read();
        if (length !== expected) throw new Error(`${figure}: ${length} windows were read, and ${expected} were written`);
      }), fetched);
      report({ figure, unit: "ms", samples: taken.figure, limit: { name: `bare GETs of its ${folds.length} folds`, samples: taken.limit }, target: "under 1000 ms", met: ({ median }) => median < 1_000, notes: [`${hours} hourly windows of 100 figures, from a store on this machine`] });
    };
    await opened("a chart of three figures over a year of hours", async () => (await readWindowSeries(store, place, ({ metric, subject }) => metric === "auc" || (metric === "psi" && (subject === "column_1" || subject === "column_2")))).windows, hours);
    await opened("every figure of a year of hours", () => readWindowReports(store, place), hours);
    await opened("the last 50 windows of a year of hours", () => lastWindowReports(store, place, 50), 50);
  } finally {
    bare.close();
    close();
  }
}));
