import type { ChildProcess } from "node:child_process";

/** The next message of a child. @throws when it ends instead */
export function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off("exit", onExit);
      resolve(message as T);
    };
    const onExit = (code: number | null): void => {
      child.off("message", onMessage);
      reject(new Error(`a process of the benchmark ended with ${code ?? "a signal"}: ${child.spawnargs.slice(0, 2).join(" ")}`));
    };
    child.once("message", onMessage).once("exit", onExit);
  });
}
