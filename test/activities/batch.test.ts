import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { loadModel } from "../../inference/session.ts";
import type { BatchPlan } from "../../schemas/batch.ts";
import { column } from "../../schemas/column.ts";
import { putBlob } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import { fixture } from "../support/evaluation-fixture.ts";
import { type BatchStage, batchStage, parquetOf } from "./batch-stage.ts";

const planes = (rows: number, from = 0) =>
  `select 'k' || i as id, (case when i % 7 = 0 then null else 100 + i % 900 end)::double as distance, ['AA', 'B6', 'UA', 'ZZ'][1 + i % 4] as carrier, (i % 13) / 5.0 - 1 as delay, i % 2 as late from range(${from}, ${from + rows}) t(i)`;
const text = new TextEncoder();

/** An attempt whose process ends behind its first write that changes anything. @returns whether it came to its end. */
async function dyingBehindAWrite({ store }: BatchStage, writes: string[], attempt: () => Promise<unknown>): Promise<boolean> {
  let dead = false;
  const alive = (): void => {
    if (dead) throw new Error("killed");
  };
  const spies = (["put", "upload", "get", "download"] as const).map((method) => {
    const real = (store[method] as (...args: unknown[]) => Promise<{ outcome?: string } | null>).bind(store);
    return vi.spyOn(store, method).mockImplementation((async (...args: unknown[]) => {
      alive();
      const result = await real(...args);
      if (result?.outcome !== "stored") return result;
      alive();
      writes.push(String(args[0]));
      dead = true;
      throw new Error("killed");
    }) as never);
  });
  const done = await attempt().then(() => true, (error: Error) => { if (error.message !== "killed") throw error; return false; });
  spies.forEach((spy) => spy.mockRestore());
  return done;
}

/** Each attempt starts processes, which takes seconds where other work fills the machine. */
const patience = { timeout: 120_000 };

describe("a batch", patience, () => {
  test("scores each row once, as the model does, and says in its manifest what lies there", async () => {
    const stage = await batchStage();
    await stage.land("2026/a.parquet", planes(5_000));
    await stage.land("2026/b.parquet", planes(3, 5_000));
    const end = await stage.score();
    expect(end).toEqual({ files: 2, rows: 5_003, skipped: 0, manifest: `s3://${stage.store.bucket}/scored/one/_relearn.json` });
    const rows = await stage.all();
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 5_003 }, (_, i) => `k${i}`));
    expect(Object.keys(rows[0]!)).toEqual(["id", "late", "label", "score_0", "score_1", "model_version"]);
    const model = await loadModel(await fixture("binary.onnx"), { task: "binary", classes: 2, columns: [["distance", { type: "number", nullable: true }], ["carrier", { type: "category" }], ["delay", { type: "number" }]].map(([name, given]) => ({ name: name as string, column: column.parse(given) })) }, 1);
    const of = <T>(value: (i: number) => T): T[] => rows.map((_, i) => value(i));
    const expected = await model.run(new Map<string, never>(Object.entries({
      distance: Float32Array.from(of((i) => (i % 7 === 0 ? Number.NaN : 100 + (i % 900)))), carrier: of((i) => ["AA", "B6", "UA", "ZZ"][i % 4]!), delay: Float32Array.from(of((i) => (i % 13) / 5 - 1)),
    }) as never), rows.length);
    expect(Math.max(...rows.map(({ score_1: score }, i) => Math.abs(Number(score) - expected[2 * i + 1]!)))).toBeLessThan(1e-7);
    expect(rows.every(({ label, score_1: score }) => label === (Number(score) > 0.5 ? "1" : "0"))).toBe(true);
    const manifest = await stage.manifest();
    expect(manifest).toMatchObject({ job: "planes/score/one", v: 1, rows: 5_003, skipped: 0 });
    expect(manifest.files.map(({ input, output }) => [input.uri.split("/").slice(-2).join("/"), input.rows, output.rows])).toEqual([["2026/a.parquet", 5_000, 5_000], ["2026/b.parquet", 3, 3]]);
    expect(manifest.files[0]!.output.uri).toMatch(/\/scored\/one\/2026\/a\.parquet-[0-9a-f]{12}-[0-9a-f]{12}\.parquet$/);
  });

  test("ends with the same objects where every attempt ends behind one write", async () => {
    const [calm, troubled] = await Promise.all([batchStage(), batchStage()]);
    for (const stage of [calm, troubled]) for (const name of ["a", "b"]) await stage.land(`${name}.parquet`, `select * replace (case when '${name}' = 'b' and id = 'k7' then null else delay end as delay) from (${planes(2_000)})`);
    await calm.score({ onBadRow: "skip" });
    const writes: string[] = [];
    let ended = false;
    while (!ended) ended = await dyingBehindAWrite(troubled, writes, () => troubled.score({ onBadRow: "skip" }));
    expect(writes.map((key) => key.replace(/-[0-9a-f]{12}-[0-9a-f]{12}/, ""))).toEqual([
      "scored/one/_relearn-job.json", "scores/planes/one/plan.json", "scored/one/a.parquet.parquet", "scores/planes/one/files/00000000.json",
      "scored/one/b.parquet.parquet", "scored/one/_quarantine/b.parquet.parquet", "scores/planes/one/files/00000001.json", "scored/one/_relearn.json",
    ]);
    for (const key of writes.filter((one) => one.endsWith(".parquet"))) expect((await troubled.store.get(key))!.body, key).toEqual((await calm.store.get(key))!.body);
    const outputs = async (stage: BatchStage) => (await stage.manifest()).files.map(({ output, quarantine }) => ({ output, quarantine }));
    expect(await outputs(troubled)).toEqual(await outputs(calm));
  });

  test.each(["multiclass", "regression"] as const)("takes a %s", async (task) => {
    const stage = await batchStage(task);
    await stage.land("a.parquet", planes(10));
    await stage.score({ keep: ["id"] });
    const [row] = await stage.all();
    expect(Object.keys(row!)).toEqual(task === "regression" ? ["id", "value", "model_version"] : ["id", "label", "score_a", "score_b", "score_c", "model_version"]);
    if (task === "multiclass") expect(row!["label"]).toBe(["a", "b", "c"].reduce((best, name) => (Number(row![`score_${name}`]) > Number(row![`score_${best}`]) ? name : best)));
  });

  test("reads text files as a pipeline does, and gives the scores that typed ones get", async () => {
    const stage = await batchStage();
    await stage.land("p/a.parquet", planes(50));
    await stage.score({ from: `s3://${stage.store.bucket}/landing/p/`, keep: [] }, "typed");
    const value = (i: number) => ({ distance: i % 7 === 0 ? null : 100 + (i % 900), carrier: ["AA", "B6", "UA", "ZZ"][i % 4], delay: (i % 13) / 5 - 1 });
    const lines = Array.from({ length: 50 }, (_, i) => value(i));
    await stage.land("c/a.csv", text.encode(`note;distance;carrier;delay\n${lines.map(({ distance, carrier, delay }) => `"a;b";${distance ?? "NA"};${carrier};${delay}`).join("\n")}\n`));
    await stage.land("j/a.jsonl.gz", gzipSync(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n`));
    await stage.score({ from: `s3://${stage.store.bucket}/landing/c/`, format: "csv", delimiter: ";" }, "csv");
    await stage.score({ from: `s3://${stage.store.bucket}/landing/j/`, format: "jsonl" }, "jsonl");
    const typed = (await stage.all("typed")).map(({ score_1: score }) => score);
    expect((await stage.all("csv")).map(({ score_1: score }) => score)).toEqual(typed);
    expect((await stage.all("jsonl")).map(({ score_1: score }) => score)).toEqual(typed);
    expect((await stage.all("csv"))[0]).toMatchObject({ note: "a;b" });
  });

  test("names file, row and column of a row it cannot score, or skips such rows and lists them", async () => {
    const stage = await batchStage();
    await stage.land("a.parquet", `select * replace (case when id in ('k17', 'k3000') then null when id = 'k20' then 'infinity'::double else delay end as delay) from (${planes(4_000)})`);
    await expect(stage.score()).rejects.toThrow(/landing\/a\.parquet, row 18, column delay: it has no value.*--on-bad-row skip/);
    expect(await stage.score({ onBadRow: "skip" }, "two")).toMatchObject({ rows: 3_997, skipped: 3 });
    const { files } = await stage.manifest("two");
    const bad = await stage.rows(files[0]!.quarantine!.uri.replace(`s3://${stage.store.bucket}/`, ""));
    expect(bad.map(({ row, rule, column: name }) => [Number(row), rule, name])).toEqual([[18, "null", "delay"], [21, "finite", "delay"], [3_001, "null", "delay"]]);
    expect(JSON.parse(String(bad[0]!["content"]))).toMatchObject({ id: "k17", carrier: "B6" });
    const rows = await stage.all("two");
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 4_000 }, (_, i) => `k${i}`).filter((id) => !["k17", "k20", "k3000"].includes(id)));
    expect(rows[0]).toEqual((await (async () => (await stage.score({ onBadRow: "skip", from: `s3://${stage.store.bucket}/landing/a` }, "three"), stage.all("three")))())[0]);
  });
});

describe("what cannot be scored", patience, () => {
  test("is named before anything is written", async () => {
    const stage = await batchStage();
    const good = await parquetOf(planes(100), stage.folder);
    const cases: readonly (readonly [name: string, content: string | Uint8Array, says: RegExp, format?: "csv" | "jsonl"])[] = [
      ["none/x.txt", "select 1 as a", /no parquet file lies at/],
      ["empty/a.parquet", new Uint8Array(), /empty\/a\.parquet is empty \(0 bytes\)/],
      ["half/a.parquet", good.subarray(0, good.length - 400), /half\/a\.parquet cannot be read to its end.*half-written/],
      ["torn/a.parquet", Uint8Array.from([...good.subarray(0, 4), ...new Uint8Array(200).fill(255), ...good.subarray(204)]), /torn\/a\.parquet/],
      ["word/a.csv", text.encode("distance,carrier,delay\nfar,AA,1\n"), /word\/a\.csv, row 1, column distance: its value cannot be read/, "csv"],
      ["line/a.csv", text.encode("distance,carrier,delay\n1,AA,1\n2,BB"), /looks half-written/, "csv"],
      ["json/a.jsonl", text.encode('{"distance":1}\nnonsense\n{"distance":1}\n'), /row 2: the line is not JSON/, "jsonl"],
    ];
    for (const [name, content, says, format] of cases) {
      await stage.land(name, content);
      const id = name.split("/")[0]!;
      await expect(stage.score({ from: `s3://${stage.store.bucket}/landing/${id}/`, ...(format === undefined ? {} : { format }) }, id), name).rejects.toThrow(says);
      expect(await stage.manifest(id)).toBeNull();
    }
  });

  test("is a folder of another job, an unknown version, a job asked otherwise, and a file that has changed", async () => {
    const stage = await batchStage();
    await stage.land("a.parquet", planes(10));
    await stage.score();
    await expect(stage.score({ to: `s3://${stage.store.bucket}/scored/one` }, "two")).rejects.toThrow(/holds the predictions of planes\/score\/one/);
    await expect(stage.score({ v: 7 }, "seven")).rejects.toThrow(/planes has no version 7/);
    await expect(stage.score({ v: null }, "none")).rejects.toThrow(/no version of planes serves yet/);
    await expect(stage.score({ keep: "all" })).rejects.toThrow(/asked before.*another --id/);
    await stage.store.put("scored/self/b.parquet", new Uint8Array());
    await expect(stage.score({ from: `s3://${stage.store.bucket}/scored/` }, "self")).rejects.toThrow(/scored\/self\/b\.parquet lies in the folder that the predictions go to/);
    await expect(stage.score({ from: "s3://x", to: "nowhere" }, "bad")).rejects.toThrow(/to: .*s3:/);
    await stage.land("late/a.parquet", "select 1 as a");
    const late = { from: `s3://${stage.store.bucket}/landing/late/` };
    await expect(stage.score(late, "late")).rejects.toThrow(/has no column distance/);
    await stage.land("late/a.parquet", planes(10));
    await expect(stage.score(late, "late")).rejects.toThrow(/late\/a\.parquet is not the file any more that this batch was planned with/);
  });

  test("is what no trusted key signed, also when it is no longer trusted, and a model that only the plan names", async () => {
    const stage = await batchStage();
    await stage.land("a.parquet", `select * replace (null::double as delay) from (${planes(10)})`);
    const keys = stage.trusted.splice(0);
    await expect(stage.score()).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringMatching(/version 1 of planes is not run.*not trusted here.*RELEARN_TRUST_KEYS/) });
    expect(await keysUnder(stage, "scores/")).toEqual([]);
    stage.trusted.push(...keys);
    await expect(stage.score()).rejects.toThrow(/column delay/);
    stage.trusted.length = 0;
    await expect(stage.score()).rejects.toMatchObject({ type: "ModelRefused" });
    stage.trusted.push(...keys);
    const plan = JSON.parse(new TextDecoder().decode((await stage.store.get("scores/planes/one/plan.json"))!.body)) as BatchPlan;
    const other = await putBlob(stage.store, await fixture("regression.onnx"));
    const forged: BatchPlan = { ...plan, job: "planes/score/two", file: other, request: { ...plan.request, to: plan.request.to.replace("one", "two") } };
    await stage.store.put("scores/planes/two/plan.json", text.encode(JSON.stringify(forged)));
    await expect(stage.score({}, "two")).rejects.toMatchObject({ type: "Corrupt", message: expect.stringMatching(/the plan of this batch names the model/) });
  });

  test("is a model file that is not the one its manifest vouches for", async () => {
    const stage = await batchStage();
    await stage.land("a.parquet", planes(10));
    const { sha256 } = (await openRegistry(stage.store, "planes").version(1))!.model;
    const key = (await keysUnder(stage, "blobs/")).find((one) => one.endsWith(sha256))!;
    await stage.store.put(key, (await stage.store.get(key))!.body.map((byte, i) => (i === 100 ? byte ^ 1 : byte)));
    await expect(stage.score()).rejects.toMatchObject({ type: "Corrupt" });
    expect(await stage.manifest()).toBeNull();
  });
});

async function keysUnder({ store }: BatchStage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
