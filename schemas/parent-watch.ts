import type { Socket } from "node:net";

/** The argument that ties a process to whoever holds the other end of its standard input. */
export const withParent = "--with-parent";

/**
 * Calls `gone` once the process that started this one has ended, however it ended: the system then closes the other end of standard
 * input. A worker that outlives its test run or its `relearn up` would go on taking tasks that nobody waits for, a server go on answering.
 * @param input a pipe that its parent never writes to and keeps open for its life
 */
export function watchParent(input: NodeJS.ReadableStream & Partial<Pick<Socket, "unref">>, gone: () => void): void {
  let told = false;
  const tell = (): void => {
    if (!told) gone();
    told = true;
  };
  for (const event of ["end", "close", "error"]) input.once(event, tell);
  input.resume();
  // Watching must not be what keeps a process alive that has shut down.
  input.unref?.();
}
