import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadDefinition } from "../../cli/support/definition.ts";
import { canonicalBytes } from "../../stores/canonical.ts";

const minimal = {
  name: "houses",
  sources: { sales: { format: "csv", uri: "data/", time: "sold_at", key: "id" } },
  columns: { area: { type: "number", min: 1 }, zone: { type: "category" } },
  label: { column: "price", task: "regression" },
  windows: { holdout: "P7D" },
  trainer: { command: ["python", "train.py"] },
  gates: [{ kind: "atMost", metric: "mae", value: 5 }],
};

let folder: string;
const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const json = (change: object, name = "pipeline.json") => write(name, JSON.stringify({ ...minimal, ...change }, null, 2));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "definition-"));
});
afterAll(() => rm(folder, { recursive: true }));

const typescript = `
import { atMost, category, csv, definePipeline, number } from "relearn";
import { shared } from "./shared";
export default definePipeline({
  name: "houses",
  sources: { sales: csv("data/", { time: "sold_at", key: "id" }) },
  columns: { area: number({ min: 1 }), zone: category() },
  label: { column: "price", task: "regression" },
  windows: { holdout: shared.holdout },
  trainer: { command: ["python", "train.py"] },
  gates: [atMost("mae", 5)],
});
`;
const yaml = `
name: houses
sources:
  sales: { format: csv, uri: data/, time: sold_at, key: id }
columns:
  area: { type: number, min: 1 }
  zone: { type: category }
label: { column: price, task: regression }
windows: { holdout: P7D }
trainer: { command: [python, train.py] }
gates:
  - { kind: atMost, metric: mae, value: 5 }
`;

test("a file too large to be a definition is refused before it is read", async () => {
  await expect(loadDefinition(await write("large.yaml", `# ${"x".repeat(4_000_000)}`))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringContaining("large.yaml has 4000002 bytes; a definition's file may have at most 4000000") });
});

test("TypeScript, JSON and YAML in a folder of the author's own say the same", async () => {
  await write("shared.ts", `export const shared: { holdout: string } = { holdout: "P7D" };`);
  const files = [await write("pipeline.ts", typescript), await json({ $schema: "definition.schema.json" }), await write("pipeline.yaml", yaml)];
  const [first, ...others] = await Promise.all(files.map((file) => loadDefinition(file)));
  expect(first).toMatchObject({ name: "houses", timezone: "UTC", sources: { sales: { uri: `${folder}/data/`, lookback: "P1D" } }, trainer: { workdir: folder, launcher: "local" } });
  for (const other of others) expect(Buffer.from(canonicalBytes(other)).toString()).toBe(Buffer.from(canonicalBytes(first)).toString());
});

describe("a definition is refused, naming file and field, for", () => {
  const refused: readonly (readonly [string, object, RegExp])[] = [
    ["a wrong type", { name: 5 }, /pipeline\.json:2: name: .*found 5/],
    ["an unknown key", { nmae: "x" }, /Unrecognized key.*nmae/],
    ["an unknown key deep inside", { columns: { area: { type: "number", mim: 1 } } }, /:\d+: columns\.area: Unrecognized key.*mim/],
    ["an unknown column type", { columns: { area: { type: "float" } } }, /:\d+: columns\.area\.type: /],
    ["a duration that is none", { windows: { holdout: "7 days" } }, /:\d+: windows\.holdout: must be an ISO 8601 duration.*found "7 days"/],
    ["a training window that is neither all nor a duration", { windows: { train: "everything", holdout: "P7D" } }, /windows\.train: .*duration.*found "everything"/],
    ["an unknown time zone", { timezone: "Mars/Olympus" }, /:\d+: timezone: must be an IANA time zone.*Mars/],
    ["a gate without its metric", { gates: [{ kind: "atLeast", value: 1 }] }, /gates\.0\.metric/],
    ["a label that is a feature", { columns: { ...minimal.columns, price: { type: "number" } } }, /columns\.price: the label cannot be a feature/],
    ["a source that nothing reads", { sources: { ...minimal.sources, more: minimal.sources.sales } }, /sources\.more: nothing reads it: name more_past in prepare/],
    ["consent that no column gives", { consent: "agreed" }, /:\d+: consent: must name a column of type boolean; agreed is no column/],
    ["consent of another type", { consent: "area" }, /consent: must name a column of type boolean; area is of type number/],
    ["consent that is kept from the log", { consent: "agreed", columns: { ...minimal.columns, agreed: { type: "boolean", private: true } } }, /columns\.agreed: says whether a row may be trained on.*cannot be private/],
    ["a primary source that is none", { primary: "rent" }, /primary: must be one of the sources/],
  ];
  test.each(refused)("%s", async (_, change, message) => {
    await expect(loadDefinition(await json(change))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringMatching(message) as string });
  });

  const sql: readonly (readonly [string, object, RegExp])[] = [
    ["a rule that does not parse", { rules: { "area is sane": "area >" } }, /rule "area is sane": .*syntax error/],
    ["a rule on a column that is not there", { rules: { r: "aera > 1" } }, /rule "r": .*aera/],
    ["a rule that is no condition", { rules: { r: "area + 1" } }, /rule "r": it must be true or false of a row, but gives DOUBLE/],
    ["a slice that reaches for a file", { slices: { s: "area > (select max(a) from '/etc/passwd')" } }, /slice "s": it must not use a sub-query/],
    ["a prepare that reads a file", { prepare: "select * from read_csv('/etc/passwd')" }, /prepare: it must not read from read_csv/],
    ["a prepare that changes things", { prepare: "drop table sales" }, /prepare: only SELECT is allowed/],
    ["a metric with a second statement", { metrics: { m: { sql: "avg(area); drop table x", better: "lower" } } }, /metric "m": /],
  ];
  test.each(sql)("%s", async (_, change, message) => {
    await expect(loadDefinition(await json(change))).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(message) as string });
  });

  test("a YAML error, with its line", async () => {
    await expect(loadDefinition(await write("bad.yaml", "name: houses\ncolumns: { a: [1, }\n"))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringMatching(/bad\.yaml:2: /) as string });
  });

  test("a wrong YAML field, with its line", async () => {
    await expect(loadDefinition(await write("wrong.yaml", yaml.replace("min: 1", "min: one")))).rejects.toMatchObject({ message: expect.stringMatching(/wrong\.yaml:6: columns\.area\.min: /) as string });
  });

  test.each([
    ["a syntax error", "export default {\n  name: 'x\n};", /broken\.ts:2:/],
    ["an import that is not there", "import x from './nowhere';\nexport default x;", /broken\.ts:1:\d+: .*nowhere/],
    ["an error while it runs", "const a: any = null;\n\nexport default a.b;", /failed while it was loaded: TypeError[^]*broken\.ts:3/],
    ["no default export", "export const a = 1;", /must say: export default definePipeline/],
    ["a function inside", "export default { name: 'x', rules: { r: () => true } };", /rules\.r \(function\) is no plain data/],
  ])("a module with %s", async (_, text, message) => {
    await expect(loadDefinition(await write("broken.ts", text))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringMatching(message) as string });
  });

  test("a file that is not there, or of another kind", async () => {
    await expect(loadDefinition(join(folder, "none.json"))).rejects.toMatchObject({ type: "NotFound" });
    await mkdir(join(folder, "x"), { recursive: true });
    await expect(loadDefinition(await write("x/pipeline.toml", ""))).rejects.toMatchObject({ type: "InvalidDefinition" });
  });
});

test.each([
  ["a metric named like one of Relearn's own", { metrics: { mae: { sql: "avg(value)", better: "lower" } } }, /metrics.mae: the name is taken/],
  ["a metric that is no aggregate", { metrics: { error: { sql: "abs(value - price)", better: "lower" } } }, /metric "error": it must give one number over all rows/],
  ["a metric that is a constant", { metrics: { sure: { sql: "1.0", better: "lower" } } }, /metric "sure": it must give one number/],
  ["a slice over all rows", { slices: { all: "count(*) > 1" } }, /slice "all": .*WHERE clause cannot contain aggregates/],
  ["a rule by the row's place", { rules: { odd: "rowid % 2 = 0" } }, /rule "odd": .*rowid/],
])("%s is refused by name", async (_, change, why) => {
  await expect(loadDefinition(await json(change, "judged.json"))).rejects.toThrow(why);
});

test("metrics and slices as people mean them pass", async () => {
  const read = await loadDefinition(await json({ metrics: { "within 5": { sql: "avg((abs(value - price) < 5)::int)", better: "higher" }, sold: { sql: "count(*)", better: "higher" } }, slices: { large: "area > 100" } }, "judged.json"));
  expect(Object.keys(read.metrics)).toEqual(["within 5", "sold"]);
});

test.each([
  ["a rule that would vanish", "pipeline.json", JSON.stringify(minimal).replace("{", '{"rules": {"__proto__": "false"}, '), /nothing can be named __proto__/],
  ["a slice that would vanish", "pipeline.yaml", `${JSON.stringify(minimal).slice(0, -1)}, slices: { __proto__: "true" } }`, /nothing can be named __proto__/],
  ["aliases that multiply", "bomb.yaml", ["a: &a [x, x, x, x, x, x, x, x, x]", ...[..."bcdefghij"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}]`)].join("\n"), /bomb.yaml cannot be written out/],
  ["an alias to what holds it", "ring.yaml", "name: &a\n  b: *a\n", /ring.yaml cannot be written out/],
])("%s is refused, naming the file", async (_, name, text, why) => {
  await expect(loadDefinition(await write(name, text))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringMatching(why) as string });
});
