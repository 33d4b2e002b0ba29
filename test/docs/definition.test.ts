import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadDefinition } from "../../cli/support/definition.ts";
import * as relearn from "../../index.ts";
import { definition } from "../../schemas/definition.ts";
import { allKeys, definitionSchema, entryOf, kindOf } from "../support/definition-keys.ts";
import { tables, withTables } from "./definition-tables.ts";

const path = resolve(import.meta.dirname, "../../docs/definition.md");
const page = readFileSync(path, "utf8");
const blocks = (language: string) => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text]) => text as string);
const [wholeYaml = "", ...parts] = blocks("yaml");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "definition-page-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("docs/definition.md", () => {
  it("has the tables that the schema gives, each once and in order (else: npx vitest run test/docs/definition.test.ts -u)", async () => {
    expect([...page.matchAll(/<!-- table: (.*?) -->/g)].map(([, name]) => name)).toEqual(Object.keys(tables));
    await expect(withTables(page)).toMatchFileSnapshot(path);
  });

  it("names every key in a table, and no key that is not there", () => {
    const names = [...page.matchAll(/<!-- table: .*? -->\n\| key [\s\S]*?<!-- end -->/g)].flatMap(([block]) => [...block.matchAll(/^\| `(.+?)` \|/gm)].map(([, name]) => name));
    const kinds = ["type", "kind", "from"]; // heads of tables of their own
    expect(new Set([...names, ...kinds])).toEqual(new Set(allKeys().map(({ name }) => name)));
    const words = [...page.replace(/```[\s\S]*?```/g, "").matchAll(/`([a-z]\w*)((?:\.\w+)+)`/g)].filter(([, first = ""]) => first in definitionSchema.properties!).map(([, first, rest]) => `${first}${rest}`);
    expect(words.filter((word) => !allKeys().some((key) => key.path === word))).toEqual([]);
  });

  it("has one whole definition that is valid, and says the same in YAML and TypeScript", async () => {
    const write = async (name: string, text: string) => writeFile(join(folder, name), text).then(() => join(folder, name));
    const [yaml, typescript] = await Promise.all([loadDefinition(await write("pipeline.yaml", wholeYaml)), loadDefinition(await write("pipeline.ts", blocks("ts")[0] ?? ""))]);
    expect(yaml).toEqual(typescript);
    expect(Object.keys(definitionSchema.properties!).filter((key) => !(key in (parse(wholeYaml) as object))), "the whole definition uses every key").toEqual([]);
  });

  it.each(parts)("has a part that fits into the whole: %s", (part) => {
    expect(definition.safeParse({ ...(parse(wholeYaml) as object), ...(parse(part) as object) }).error?.issues ?? []).toEqual([]);
  });

  it("is right that every format, column type and gate kind has its function", () => {
    const kinds = ["columns", "gates", "sources"].flatMap((name) => entryOf(definitionSchema.properties![name]!)!.oneOf!.map((one) => kindOf(one)[1]));
    expect(kinds.filter((kind) => !(kind in relearn))).toEqual([]);
  });
});
