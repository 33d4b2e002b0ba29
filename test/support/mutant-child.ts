import { loadModel } from "../../inference/session.ts";
import { serveChild } from "../../schemas/serve-child.ts";

const number = { type: "number" as const, nullable: true, wide: false, feature: true };
const columns = [{ name: "distance", column: number }, { name: "carrier", column: { type: "category" as const, nullable: false, feature: true } }, { name: "delay", column: number }];
const rows = new Map<string, Float32Array | string[]>([["distance", Float32Array.of(100, Number.NaN)], ["carrier", ["AA", ""]], ["delay", Float32Array.of(1, 2)]]);

/** Loads a model and runs it on two rows: the message is its bytes. */
serveChild(async (bytes) => {
  const model = await loadModel(bytes as Uint8Array, { columns, task: "binary", classes: 2 }, 1);
  await model.run(rows, 2);
  return "ran";
});
