import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { definition } from "../../schemas/definition.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/feedback-loop.md"), "utf8");
const [first, ...parts] = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = ""]) => parse(yaml) as Record<string, unknown>);
/** What the page leaves to the reader. */
const others = { windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "accuracy", value: 0.6 }] };

describe("the page on the loop", () => {
  it.each([{}, ...parts])("has a definition that holds, with %j", (part) => {
    const read = definition.safeParse({ ...others, ...first, ...part });
    expect(read.error?.message).toBeUndefined();
    expect(parts.length).toBe(3);
  });
});
