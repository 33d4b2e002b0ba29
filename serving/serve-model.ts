import type { InputBatch, ModelContract, ModelProcess } from "../inference/contract.ts";
import { failureTypeOf, RelearnError } from "../schemas/failures.ts";
import type { Variant } from "../schemas/replica.ts";
import { adaptBatch } from "./adapt-batch.ts";
import type { Asked, Evidence } from "./evidence.ts";
import type { Fleet } from "./fleet.ts";
import { routeTraffic } from "./route-traffic.ts";
import type { Answer, PredictionRequest, ServedModel } from "./served-model.ts";
import { createShadow } from "./shadow.ts";

/** Callers who wait for a process that is being started again; more are told to come back. */
const mostWaiting = 256;

/** Of the time that a caller has, what a candidate may take, so that the champion can still answer where it fails. */
const candidateShare = 0.5;

/** Answers for one model: chooses the version, counts what it answered, and lets no caller suffer for a candidate. */
export function serveModel(name: string, fleet: Fleet, evidence: Evidence): ServedModel {
  const shadow = createShadow(fleet, evidence);
  let waiting = 0;

  const notReady = (): RelearnError => new RelearnError("NotReady", `${name} cannot answer yet: ${missing(fleet)}`);
  /** By what a request is read: also while the process that answers is being started again. */
  const championContract = (): ModelContract => {
    const { answering } = fleet;
    const contract = answering?.process?.contract ?? (answering?.restarting === true ? answering.contract : null);
    if (contract == null) throw notReady();
    return contract;
  };
  /** A process that died is started again at once: its callers wait for it within their time, and need not know. */
  const champion = async (deadline: number): Promise<ModelProcess> => {
    const { answering } = fleet;
    if (answering?.process != null) return answering.process;
    if (answering?.restarting !== true || waiting >= mostWaiting) throw notReady();
    waiting++;
    const process = await answering.restarted(deadline).finally(() => waiting--);
    if (process === null) throw notReady();
    return process;
  };
  const numbered = (v: number): ModelProcess => {
    const process = fleet.find(v);
    if (process !== null) return process;
    if (fleet.wanted.loaded.some((version) => version.v === v)) throw new RelearnError("NotReady", `version ${v} of ${name} is not loaded yet`);
    throw new RelearnError("NotFound", `version ${v} of ${name} is not served here; ${served(fleet)}`);
  };
  /** @throws as `ModelProcess.score`, once counted. */
  const score = async (process: ModelProcess, variant: Variant, batch: InputBatch, deadline: number, asked: Asked, id?: string): Promise<Answer> => {
    const began = performance.now();
    try {
      const { scores, queuedMs, computeMs } = await process.score(batch, deadline);
      evidence.answered(process.contract, variant, scores, batch.rows, performance.now() - began, asked, id);
      return { scores, queuedMs, computeMs, contract: process.contract, batch, variant };
    } catch (error) {
      evidence.failed(process.contract, variant, batch.rows, performance.now() - began, asked);
      throw error;
    }
  };
  /** Null where the candidate does not answer: that counts against it, and the champion answers instead. */
  const ofCandidate = async ({ batch, deadline, id }: PredictionRequest, readBy: ModelContract, asked: Asked): Promise<Answer | null> => {
    const process = fleet.candidate?.process;
    if (process == null) return null;
    const adapted = adaptBatch(batch, readBy, process.contract);
    if (adapted === null) {
      evidence.failed(process.contract, "canary", batch.rows, 0, asked);
      return null;
    }
    const now = performance.now();
    return score(process, "canary", adapted, now + Math.max(0, deadline - now) * candidateShare, asked, id).catch(() => null);
  };
  const ofChampion = async (request: PredictionRequest, readBy: ModelContract, asked: Asked, id?: string): Promise<Answer> => {
    const process = fleet.answering?.process ?? (await champion(request.deadline));
    const batch = adaptBatch(request.batch, readBy, process.contract);
    if (batch === null) throw new RelearnError("NotReady", `${name} has just changed to a version that takes other columns; try again`);
    return score(process, "champion", batch, request.deadline, asked, id);
  };

  return {
    name,
    status: () => ({ ready: fleet.answering?.process != null, reason: fleet.answering?.process != null ? "" : missing(fleet), pinned: fleet.pin?.target.v ?? null, insteadOf: fleet.insteadOf?.version.v ?? null }),
    versions: () => [...new Set([fleet.answering, ...fleet.runners])].flatMap((runner) => (runner?.process == null ? [] : [runner.process.contract])),
    contract: (version) => (version === null ? championContract() : numbered(version).contract),
    async predict(request) {
      if (request.version !== null) {
        const process = numbered(request.version);
        // As it stands when it is asked: it may be another thing by the time it answers.
        const variant = process === fleet.candidate?.process ? "canary" : "champion";
        const { scores, queuedMs, computeMs } = await process.score(request.batch, request.deadline);
        return { scores, queuedMs, computeMs, contract: process.contract, batch: request.batch, variant };
      }
      const asked: Asked = { at: request.at ?? Date.now(), live: request.at === undefined };
      const readBy = championContract();
      const route = routeTraffic(fleet.wanted.rollout, request.key, request.id);
      // What the champion answers in a candidate's place is none of the callers who were given to it, so no label of it counts.
      if (route === "canary") return (await ofCandidate(request, readBy, asked)) ?? ofChampion(request, readBy, asked);
      const answer = await ofChampion(request, readBy, asked, request.id);
      if (route === "shadow") shadow.copy({ ...request, asked }, readBy, answer);
      return answer;
    },
    label: (record) => evidence.label(record),
  };
}

/** What keeps a model from answering, for anybody: kinds of failures, no keys or paths. */
function missing({ answering, wanted, n, runners }: Fleet): string {
  const wantedVersion = answering?.version ?? wanted.answering;
  if (n === 0) return "what serves is not known yet";
  if (wantedVersion === null) return "no version has been promoted";
  const failure = runners.find(({ version }) => version === wantedVersion)?.failure;
  return failure == null ? `version ${wantedVersion.v} is being loaded` : `version ${wantedVersion.v} cannot be loaded (${failureTypeOf(failure) ?? "it ended"}); it is tried again`;
}

function served({ runners }: Fleet): string {
  const loaded = runners.filter(({ process }) => process !== null).map(({ version }) => version.v).sort((a, b) => a - b);
  return loaded.length === 0 ? "none is yet" : `served are: ${loaded.join(", ")}`;
}
