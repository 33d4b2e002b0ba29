import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DefinitionInput } from "../../schemas/definition.ts";

/** Days of data: two to train on, and one held out. */
export const days = 3;
const rowsADay = 120;

/** What the runs of a tiny pipeline are asked for: its whole data. */
export const asOf = "2026-01-04T01:00:00Z";
export const header = "id,at,far,weather,late";
export const dayName = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);

/** One day's CSV lines without header: late when far and raining, the same every time. */
export function linesOf(n: number): string[] {
  return Array.from({ length: rowsADay }, (_, i) => {
    const far = ((i * 37 + n * 11) % 100) / 10;
    const rain = (i * 7 + n) % 3 === 0;
    const late = far + (rain ? 3 : 0) + ((i * 13 + n * 5) % 10) / 3 > 7.5;
    return `${n}-${i},${dayName(n)}T${String(8 + (i % 12)).padStart(2, "0")}:00:00Z,${far},${rain ? "rain" : "dry"},${late}`;
  });
}

/** Every file of the pipeline's data, by its name. */
export function goodFiles(): Map<string, string> {
  return new Map(Array.from({ length: days }, (_, n) => [`${dayName(n)}.csv`, `${header}\n${linesOf(n).join("\n")}\n`]));
}

export function writeFiles(folder: string, files: Iterable<readonly [string, string | Uint8Array]>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}

/** Its folder holds the data in `landing/` and the trainer `train.sh`. A run that waits for data gives up at once. */
export function tinyDefinition(name: string, changes: Partial<DefinitionInput> = {}): DefinitionInput {
  return {
    name, sources: { rides: { format: "csv", uri: "landing/{yyyy}-{MM}-{dd}.csv", time: "at", key: "id" } },
    columns: { far: { type: "number", min: 0 }, weather: { type: "category" } }, label: { column: "late", task: "binary" },
    windows: { train: "all", atLeast: "P2D", holdout: "P1D", patience: "PT1S" }, trainer: { command: ["sh", "train.sh"] },
    gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], minRows: 100, approval: { within: "PT1H" }, ...changes,
  };
}
