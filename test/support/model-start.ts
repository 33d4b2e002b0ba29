import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { InputBatch, ModelContract } from "../../inference/contract.ts";
import { inputOf, type NamedColumn } from "../../inference/signature.ts";

const number = { type: "number" as const, nullable: true, wide: false, feature: true };
/** The columns of the models in test/fixtures/models. */
export const planeColumns: readonly NamedColumn[] = [{ name: "distance", column: number }, { name: "carrier", column: { type: "category", nullable: false, feature: true } }, { name: "delay", column: number }];

export const modelPath = (file: string): string => fileURLToPath(new URL(`../fixtures/models/${file}`, import.meta.url));

/** How to start one of those models. */
export async function modelStart(file: string, task: ModelContract["task"] = "binary", classes: readonly string[] | null = ["0", "1"]): Promise<{ readonly path: string; readonly contract: ModelContract; readonly golden: null }> {
  const path = modelPath(file);
  const digest = createHash("sha256").update(await readFile(path)).digest("hex");
  return { path, golden: null, contract: { model: "planes", v: 3, digest, columns: planeColumns, inputs: planeColumns.map(inputOf), task, classes } };
}

export const planes = (distance: readonly number[], carrier: readonly string[], delay: readonly number[]): InputBatch => ({ rows: delay.length, columns: [Float32Array.from(distance), [...carrier], Float32Array.from(delay)] });
export const plane = (distance: number, carrier: string, delay: number): InputBatch => planes([distance], [carrier], [delay]);
