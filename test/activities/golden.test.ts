import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createEvaluate } from "../../activities/evaluate.ts";
import { keepGolden } from "../../activities/scoring/keep-golden.ts";
import { checkGolden } from "../../inference/golden-rows.ts";
import { startModelProcess } from "../../inference/model-process.ts";
import { loadModel } from "../../inference/session.ts";
import type { NamedColumn } from "../../inference/signature.ts";
import { column } from "../../schemas/column.ts";
import { evaluation } from "../../schemas/evaluation.ts";
import { type Golden, golden } from "../../schemas/golden.ts";
import { getBlob } from "../../stores/blobs.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { evaluationFixture } from "../support/evaluation-fixture.ts";
import { modelStart, planeColumns } from "../support/model-start.ts";
import { type Field, message } from "../support/onnx-writer.ts";

test("an evaluation keeps rows by which a server knows the model again", async () => {
  const { deps, input } = await evaluationFixture("multiclass");
  const result = await createEvaluate(deps)(input);
  const facts = evaluation.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, result.evaluation))));
  const kept = golden.parse(JSON.parse(new TextDecoder().decode(await getBlob(deps.store, facts.golden!))));
  expect(kept.scores).toHaveLength(32);
  expect(kept.columns.map(({ name, values }) => `${name} ${values.length}`).sort()).toEqual(["carrier 32", "delay 32", "distance 32"]);
  await (await startModelProcess({ ...(await modelStart("multiclass.onnx", "multiclass", ["a", "b", "c"])), golden: kept })).close();
});

/** Takes one input of every kind and gives back `w`, as it is. */
const kinds = { n: 1, w: 11, i: 7, t: 7, c: 8, b: 1, e: 1, p: 1, q: 8 } as const;
const valueInfo = (name: string, type: number, width = 1): [number, string | Field[]][] => [[1, name], [2, [[1, [[1, type], [2, [[1, [[2, "n"]]], [1, [[1, width]]]]]]]]]];
const everyKind = message([1, 8], [8, [[1, ""], [2, 17]]], [7, [[1, [[1, "w"], [2, "value"], [4, "Identity"]]], [2, "g"], ...Object.entries(kinds).map(([name, type]): Field => [11, valueInfo(name, type, name === "e" ? 2 : 1)]), [12, valueInfo("value", 11)]]]);

const keptOf = async (columns: readonly NamedColumn[], bytes: Uint8Array, select: string): Promise<Golden | null> => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-golden-"));
  const model = await loadModel(bytes, { columns, task: "regression", classes: 1 }, 1);
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    await connection.run(`copy (${select}) to ${quote(join(folder, "s.parquet"))} (format parquet)`);
    const made = await keepGolden(connection, model, columns, join(folder, "s.parquet"));
    if (made !== null) await checkGolden(model, golden.parse(JSON.parse(JSON.stringify(made))));
    return made;
  });
};

test("values of every type come back from JSON, infinities are left out, and what is private is not kept", async () => {
  const columns = ["n", "w", "i", "t", "c", "b", "e", "p", "q"].map((name, at) => ({
    name,
    column: [column.parse({ type: "number", nullable: true }), column.parse({ type: "number", wide: true }), column.parse({ type: "integer" }), column.parse({ type: "time" }), column.parse({ type: "category" }),
      column.parse({ type: "boolean", nullable: true }), column.parse({ type: "embedding", size: 2 }), column.parse({ type: "number", private: true }), column.parse({ type: "text", nullable: true, private: true })][at]!,
  }));
  const kept = await keptOf(columns, everyKind, `select case i when 0 then null when 1 then 'inf'::float else i::float end as n, i / 3 as w, 9007199254740993 + i as i, timestamp '2013-01-01' + i * interval 1 hour as t, 'C' || i as c,
    case when i > 1 then i % 2 = 0 end as b, [i, -i]::float[2] as e, 1234.5 as p, 'secret' as q from range(4) t(i)`);
  expect(kept!.scores).toHaveLength(3);
  expect(Object.fromEntries(kept!.columns.map(({ name, values }) => [name, values]))).toEqual({
    n: [null, 2, 3], w: [0, 2 / 3, 1], i: ["9007199254740993", "9007199254740995", "9007199254740996"], t: [1356998400000000, 1357005600000000, 1357009200000000], c: ["C0", "C2", "C3"],
    b: [null, 1, 0], e: [[0, 0], [2, -2], [3, -3]], p: [0, 0, 0], q: [null, null, null],
  });
  expect(await keptOf(columns, everyKind, "select 'inf'::float as n, 1.0 as w, 1 as i, timestamp '2013-01-01' as t, '' as c, true as b, [1, 2]::float[2] as e, 1 as p, '' as q")).toBeNull();
});

test("a model whose answer to a row depends on the other rows is refused", async () => {
  const model = await loadModel(await readFile(new URL("../fixtures/models/hostile-by-input.onnx", import.meta.url)), { columns: planeColumns, task: "binary", classes: 2 }, 1);
  // What is above a delay of a million fails, and with it all rows beside it.
  await expect(checkGolden(model, { version: 1, columns: [{ name: "distance", values: [1, 1] }, { name: "carrier", values: ["", ""] }, { name: "delay", values: [0, 2e6] }], scores: [[0.5, 0.5], [0, 1]] })).rejects.toMatchObject({ type: "ModelRefused" });
});
