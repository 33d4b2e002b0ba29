import { setTimeout as sleep } from "node:timers/promises";
import type { Commit } from "../../schemas/commit.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { Registry } from "../../stores/registry.ts";
import { type Asking, askFlights } from "./ask-flights.ts";
import type { Stage } from "./stage.ts";

const everyMs = { log: 250, progress: 2_000 };
/** By the clock on the wall. */
const patienceMs = 240_000;
/** What is asked after the end shows who answers now. */
const afterwardsMs = 1_000;

/**
 * Asks for flights until a version has taken over or was sent back, and tells how it goes on.
 * @returns the entry that ended it
 * @throws RelearnError `Superseded` when it does not end
 */
export async function watchTakeOver(stage: Stage, registry: Registry, asking: Asking, v: number): Promise<Commit> {
  const after = (await registry.log.summaries()).find((summary) => summary.kind === "register" && summary.v === v)?.n ?? 0;
  const stop = new AbortController();
  const signal = AbortSignal.any([stage.signal, stop.signal, AbortSignal.timeout(patienceMs)]);
  const asked = askFlights(asking, signal);
  void asked.then((left) => left || stop.abort(), () => stop.abort());
  const progress = setInterval(() => stage.say(progressLine(asking, v, rollout)), everyMs.progress);
  let rollout: Commit["state"]["rollout"] = null;
  try {
    for await (const { entry } of registry.log.follow({ after, everyMs: everyMs.log, signal })) {
      rollout = entry.state.rollout;
      if (entry.operation.v === v) tell(stage, entry);
      if (!isEnd(entry, v)) continue;
      await sleep(afterwardsMs, undefined, { signal: stage.signal });
      return entry;
    }
  } finally {
    clearInterval(progress);
    stop.abort();
    await asked;
  }
  stage.signal.throwIfAborted();
  throw new RelearnError("Superseded", `version ${v} had not taken over ${(await asked) ? `after ${patienceMs / 1000} s` : "when there were no flights left to ask for"}: look at \`relearn rollout status flights\``);
}

const isEnd = ({ operation }: Commit, v: number): boolean => operation.v === v && (operation.kind === "promote" || (operation.kind === "rollout" && operation.action === "abort"));

function tell({ say }: Stage, { operation }: Commit): void {
  if (operation.kind === "promote") say(`    version ${operation.v} is the champion`);
  if (operation.kind !== "rollout") return;
  const { action, rollout, reason, checks } = operation;
  const seen = checks.filter(({ answer }) => action === "advance" && answer === "yes").filter(({ gate }) => gate.includes(" > ")).map((check) => `${check.gate}: ${check.reason}`);
  say([`    ${action}${rollout === null ? "" : `: version ${operation.v} gets ${rollout.share} %`}, ${reason}`, ...seen.map((line) => `      ${line}`)].join("\n"));
}

function progressLine({ answers: { all, failures } }: Asking, v: number, rollout: Commit["state"]["rollout"]): string {
  const last = all.at(-1);
  const by = last === undefined ? "" : last.flight.at.slice(0, 16).replace("T", " ");
  const share = rollout?.candidate.v === v ? `${rollout.kind} ${rollout.share} %` : "";
  const others = all.reduce((count, answer) => count + (answer.v === v ? 0 : 1), 0);
  return `${by.padEnd(16)}  ${share.padEnd(12)}  ${String(all.length + failures.length).padStart(6)} asked  version ${v}: ${all.length - others}  others: ${others}  failed: ${failures.length}`;
}
