import type { Cli } from "./cli.ts";

/** Runs `work` so that Ctrl-C asks it to stop instead of ending the process; a second Ctrl-C ends it at once. */
export async function interruptible<T>({ surroundings }: Pick<Cli, "surroundings">, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
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
