import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ModelInput } from "../../inference/signature.ts";
import { answerOf } from "./child-messages.ts";

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** Thirty lines of node:http around the session, in a process of its own: what serving costs at least without any of Relearn. */
export async function startBareServer(path: string, inputs: readonly ModelInput[]): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL("bare-server-main.js", import.meta.url)), [path, JSON.stringify(inputs)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return { url: await answerOf<string>(child), pid: child.pid!, close: async () => void child.kill() };
}
