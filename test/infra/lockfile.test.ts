import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installationRoot } from "../../schemas/settings.ts";

interface Entry {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

test("the lock file holds every platform's packages, so that npm ci accepts it everywhere", () => {
  const { packages } = JSON.parse(readFileSync(join(installationRoot(), "package-lock.json"), "utf8")) as { packages: Record<string, Entry> };
  const missing = Object.entries(packages).flatMap(([owner, entry]) => Object.keys(entry.optionalDependencies ?? {}).filter((name) => !packages[`${owner}/node_modules/${name}`] && !packages[`node_modules/${name}`]));
  expect(missing, "run `node infra/complete-lockfile.mjs`").toEqual([]);
});

test("what must be set up first is set up by the command itself, for .npmrc turns pre and post scripts off", () => {
  const { scripts } = JSON.parse(readFileSync(join(installationRoot(), "package.json"), "utf8")) as { scripts: Record<string, string> };
  expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
  expect(["demo", "test", "test:long", "bench"].filter((name) => !scripts[name]?.startsWith("node infra/setup.mjs && "))).toEqual([]);
});
