import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { loadSettings, type Settings } from "../../schemas/settings.ts";

/**
 * A real Temporal and a real S3 of their own, in a home that is thrown away. Servers named in the environment are not used: a
 * figure must not hang on what else they do.
 */
export async function withStack(work: (settings: Settings) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  try {
    const { settings } = await startStack(loadSettings({ RELEARN_HOME: home, RELEARN_PYTHON: process.env["RELEARN_PYTHON"] }));
    await work(settings);
  } finally {
    await stopStack({ home });
    await rm(home, { recursive: true, force: true });
  }
}

/** What a child process needs to find this stack, and nothing else of this environment. */
export function childEnvironment({ home }: Settings): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR = tmpdir() } = process.env;
  return { PATH, HOME, TMPDIR, RELEARN_HOME: home, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
}
