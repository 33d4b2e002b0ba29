import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failureTypes } from "../../schemas/failures.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");
const sections = readFileSync(join(docs, "errors.md"), "utf8").split(/^## /m).slice(1).map((section) => section.split("\n"));

describe("docs/errors.md", () => {
  it("explains every type of failure, in the order of the code, and no other", () => {
    expect(sections.map(([title]) => title)).toEqual(Object.keys(failureTypes));
  });
  it.each(Object.entries(failureTypes))("states exit code and repetition of %s as the code has them", (type, { exitCode, retryable }) => {
    const [, facts, , ...words] = sections.find(([title]) => title === type) ?? [];
    expect(facts).toBe(`Exit code ${exitCode} · ${retryable ? "tried again" : "not tried again"}`);
    expect(words.join(" ").length).toBeGreaterThan(60);
  });
});

describe("docs/glossary.md", () => {
  const words = [...readFileSync(join(docs, "glossary.md"), "utf8").matchAll(/^\| \*\*([^*]+)\*\* \|/gm)].map(([, word]) => word as string);

  it("has each word once, in order", () => {
    expect(words.length).toBeGreaterThan(40);
    expect(words).toEqual([...new Set(words)].sort((a, b) => a.localeCompare(b, "en", { ignorePunctuation: true })));
  });
});
