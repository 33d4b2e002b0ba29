import type { Cli } from "./cli.ts";

/** `npm run` and `npx` pass on a Ctrl-C that the terminal has sent to everybody already: what comes so soon is the same one. */
export const echoMs = 1_000;

/** Runs `work` so that Ctrl-C asks it to stop instead of ending the process; a second Ctrl-C ends it at once. */
export async function interruptible<T>({ surroundings }: Pick<Cli, "surroundings">, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let at = 0;
  const stop = (): void => {
    if (controller.signal.aborted && Date.now() - at > echoMs) process.exit(interrupted);
    if (controller.signal.aborted) return;
    at = Date.now();
    controller.abort(new Error("interrupted"));
  };
  surroundings.on("SIGINT", stop);
  surroundings.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    surroundings.off("SIGINT", stop);
    surroundings.off("SIGTERM", stop);
  }
}

/** The exit code of a command that was left before what it followed had ended, as shells have it: 128 and the number of SIGINT. */
export const interrupted = 130;
