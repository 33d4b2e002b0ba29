import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { installationRoot } from "../../schemas/settings.ts";
import type { Cli } from "../support/cli.ts";

/** What is installed, for a bug report. */
export async function version(cli: Cli): Promise<void> {
  const manifest = JSON.parse(await readFile(join(installationRoot(), "package.json"), "utf8")) as { version: string };
  const facts = { relearn: manifest.version, node: process.versions.node, platform: `${process.platform}-${process.arch}` };
  cli.give(facts, `relearn ${facts.relearn} (Node ${facts.node}, ${facts.platform})`);
}
