import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { answerOf } from "./child-messages.ts";

/** Callers that each ask again as soon as they are answered, with one body after the other. */
export interface LoadJob {
  readonly url: string;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadSeen {
  /** Answers with status 200. */
  readonly perSecond: number;
  /** Requests that got another answer, or none. */
  readonly failed: number;
}

export interface Load {
  run(job: LoadJob): Promise<LoadSeen>;
  close(): void;
}

/** A process of its own that sends load by autocannon, one job at a time; kept between jobs, so that it is warm. */
export function startLoad(): Load {
  const child = fork(fileURLToPath(new URL("load-main.mjs", import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return {
    run(job) {
      child.send(job);
      return answerOf<LoadSeen>(child);
    },
    close: () => void child.kill(),
  };
}
