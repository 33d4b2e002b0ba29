import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { loadSettings } from "../../schemas/settings.ts";

export interface Terminal {
  /** Resolves once the screen has shown it. Rejects, with the screen's end, when the command ends before. */
  shows(what: RegExp): Promise<void>;
  pressCtrlC(): void;
  /** As when its window is closed. */
  close(): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly text: string }>;
}

/** Runs a command on a real terminal of 100 columns. */
export function openTerminal(command: readonly string[], env: Readonly<Record<string, string | undefined>>): Terminal {
  const child = spawn(loadSettings({}).python.executable, [join(import.meta.dirname, "terminal.py"), ...command], { env: { TERM: "xterm", ...env }, stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  let looks: (() => void)[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    looks.forEach((look) => look());
  });
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode: exitCode as number | null, text }));
  const shows = (what: RegExp): Promise<void> => new Promise((resolve, reject) => {
    const look = (): void => (what.test(text) ? resolve() : undefined);
    looks = [...looks, look];
    look();
    void ended.then(() => reject(new Error(`it ended before it showed ${what}; the end of its screen:\n${text.slice(-2_000)}`)));
  });
  return { shows, ended, pressCtrlC: () => void child.stdin.write("\u0003"), close: () => void child.stdin.end() };
}
