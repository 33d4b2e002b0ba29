import { setTimeout as sleep } from "node:timers/promises";
import type { BatchEnd } from "../../activities/contract.ts";
import { count, counted } from "../../policy/counted.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { BatchProgress } from "../../workflows/messages.ts";
import type { Cli } from "./cli.ts";
import { duration } from "./format.ts";
import { interrupted, interruptible } from "./interrupt.ts";
import { retryingStep } from "./retrying-step.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

const lookEveryMs = 300;
/** How often Temporal is asked what is tried again. */
const askEveryMs = 5_000;

/** Shows a batch as it goes on, to its end or to Ctrl-C, which leaves it running. @returns the exit code. @throws what it failed with. */
export async function followBatch(cli: Cli, access: TemporalAccess, job: string, temporal: string): Promise<number> {
  return interruptible(cli, async (signal) => {
    const ended: { end?: BatchEnd; failure?: unknown } = {};
    const waiting = access.client.workflow.getHandle(job).result().then((end) => void (ended.end = end as BatchEnd), (error: unknown) => void (ended.failure = error));
    const screen = batchScreen(cli, job);
    let lastAsked = Date.now();
    while (!signal.aborted && ended.end === undefined && ended.failure === undefined) {
      screen.show(await progressOf(access, job));
      if (Date.now() - lastAsked > askEveryMs) {
        lastAsked = Date.now();
        screen.trouble(await troubleOf(access, job));
      }
      await Promise.race([waiting, sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)]);
    }
    screen.rest();
    if (ended.failure !== undefined) throw failureOf(ended.failure, job);
    if (ended.end === undefined) {
      cli.give({ workflowId: job, detached: true, temporal }, `\n${job} goes on. Come back with: relearn watch ${job}`);
      return interrupted;
    }
    const { files, rows, skipped, manifest } = ended.end;
    cli.give({ workflowId: job, ...ended.end, temporal }, `${cli.style.green("scored")} ${counted(rows, "row")} of ${counted(files, "file")}${skipped === 0 ? "" : `, ${cli.style.yellow(`${count(skipped)} skipped`)}`}: ${manifest}`);
    return 0;
  });
}

const progressOf = (access: TemporalAccess, job: string): Promise<BatchProgress | null> =>
  inTime(access, "how the batch stands", () => access.client.workflow.getHandle(job).query<BatchProgress>("progress"), 3_000).catch(() => null);

const troubleOf = (access: TemporalAccess, job: string): Promise<string | null> =>
  inTime(access, "whether the batch gets on", () => access.client.workflow.getHandle(job).describe(), 3_000).then(retryingStep, () => null);

/** A workflow's failure is what its step failed with. */
function failureOf(error: unknown, job: string): unknown {
  for (let at = error as { cause?: unknown } | undefined; at !== undefined; at = at.cause as typeof at) {
    const type = failureTypeOf(at);
    if (type !== null) return new RelearnError(type, (at as Error).message, { cause: error });
    if ((at as Error).name === "CancelledFailure") return new RelearnError("Superseded", `${job} was cancelled; with the same --id it goes on where it was`, { cause: error });
  }
  return error;
}

/** On a terminal one line drawn again in place; elsewhere a line each stage and each tenth of the files. */
function batchScreen(cli: Cli, job: string) {
  let [last, troubled] = ["", ""];
  return {
    show(progress: BatchProgress | null): void {
      if (progress === null) return;
      const { stage, files, rows, skipped, startedAt, v } = progress;
      const counts = files.of === 0 ? "" : `  ${count(files.done)} of ${counted(files.of, "file")}, ${counted(rows, "row")}${skipped === 0 ? "" : `, ${count(skipped)} skipped`}`;
      const text = `${job} ${stage}${v === null ? "" : ` (version ${v})`}${counts}`;
      const mark = cli.interactive ? text : `${stage} ${files.of === 0 ? 0 : Math.floor((10 * files.done) / files.of)}`;
      if (cli.interactive) cli.draw(`\r\u001b[2K${text}  ${cli.style.dim(duration(Math.max(0, Date.now() - Date.parse(startedAt)) / 1_000))}`);
      else if (mark !== last) cli.say(text);
      last = mark;
    },
    trouble(text: string | null): void {
      if (text !== null && text !== troubled) cli.say(`${cli.interactive ? "\n" : ""}${cli.style.yellow(text)}`);
      troubled = text ?? "";
    },
    rest: (): void => void (cli.interactive && last !== "" && cli.draw("\n")),
  };
}
