import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { listOwned } from "../../infra/owned-processes.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { loadSettings } from "../../schemas/settings.ts";
import { listRuns } from "../../stores/runs.ts";
import { openStores } from "../../workers/connect.ts";
import { openTerminal, type Terminal } from "../support/terminal.ts";

export interface DemoStage {
  readonly terminal: Terminal;
  /** Names of the demo's processes that still run. */
  running(): string[];
  /** The demo's runs, newest first, read by servers brought back over what it left. */
  runs(): Promise<RunRecord[]>;
  close(): Promise<void>;
}

/** The demo on a terminal, in a home of its own. */
export function openDemo(...flags: string[]): DemoStage {
  const home = mkdtempSync(join(tmpdir(), "relearn-demo-"));
  const { PATH, HOME, TMPDIR } = process.env;
  const settings = loadSettings({ RELEARN_HOME: home });
  return {
    terminal: openTerminal([process.execPath, join(settings.root, "dist", "examples", "flights", "demo.js"), ...flags], { PATH, HOME, TMPDIR, RELEARN_HOME: home }),
    running: () => listOwned(home).map(({ name }) => name),
    runs: async () => {
      const stores = openStores((await startStack(settings)).settings);
      const found: RunRecord[] = [];
      for await (const run of listRuns(stores.store, "flights")) found.push(run);
      stores.close();
      return found;
    },
    close: async () => {
      await stopStack({ home }, { graceMs: 0 });
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
