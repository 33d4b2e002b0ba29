import { EventEmitter } from "node:events";
import type { Surroundings } from "../../cli/support/cli.ts";
import { echoMs } from "../../cli/support/interrupt.ts";

/** What ends a demo early, and the exit code that tells so. */
const early = { SIGINT: { by: "Ctrl-C", exitCode: 130 }, SIGTERM: { by: "SIGTERM", exitCode: 143 }, SIGHUP: { by: "its terminal's end", exitCode: 129 } } as const;

/** Somebody stopped the demo. */
export class Stopped extends Error {
  private readonly by: keyof typeof early;

  constructor(by: keyof typeof early) {
    super(`stopped by ${early[by].by}`);
    this.by = by;
  }

  /** Ends the process now: what was cut off in the middle may hold a connection open for ever. */
  end(): void {
    if (this.by !== "SIGHUP") process.exit(early[this.by].exitCode);
    // Node itself aborts in a plain exit from a terminal that is gone, for it cannot set that terminal back.
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  }
}

export interface StopSignals {
  /** Aborted, with a `Stopped`, by the first of the signals. */
  readonly signal: AbortSignal;
  /** For the commands that the demo runs: they are told of the first signal, and are silent after it, for the demo itself says what became of them. */
  readonly surroundings: Surroundings;
}

/** Turns Ctrl-C, SIGTERM and a closed terminal into an abort; a second one ends the process at once. */
export function stopSignals(): StopSignals {
  const controller = new AbortController();
  const { signal } = controller;
  const commands = new EventEmitter();
  let at = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (signal.aborted) return Date.now() - at > echoMs ? atOnce(early[name].exitCode) : undefined;
      at = Date.now();
      controller.abort(new Stopped(name));
      commands.emit("SIGINT");
    });
  }
  // A terminal that is gone takes no more text; what was started has to be stopped all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  // A command that begins to listen a moment too late hears of it all the same.
  const on = (event: string, listener: () => void): unknown => (signal.aborted && event === "SIGINT" ? setImmediate(listener) : commands.on(event, listener));
  const off = (event: string, listener: () => void): unknown => commands.off(event, listener);
  return { signal, surroundings: { env: process.env, stdin: process.stdin, stdout: silencedBy(signal, process.stdout), stderr: silencedBy(signal, process.stderr), on, off } };
}

function atOnce(exitCode: number): never {
  process.stdout.write("\nEnded at once: servers may still run; npx relearn down stops them.\n");
  process.exit(exitCode);
}

/** The same stream to who looks at it, but for what is written after the abort. */
function silencedBy<S extends NodeJS.WritableStream>(signal: AbortSignal, stream: S): S {
  return Object.create(stream, { write: { value: (text: string) => signal.aborted || stream.write(text) } }) as S;
}
