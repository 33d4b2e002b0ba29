import type { InputBatch, ModelContract } from "../inference/contract.ts";
import { adaptBatch } from "./adapt-batch.ts";
import type { Asked, Evidence } from "./evidence.ts";
import type { Fleet } from "./fleet.ts";
import type { Answer } from "./served-model.ts";

/** Copies under way at once, and rows that may wait for the candidate: beyond them copies are dropped and counted. */
const mostCopies = 64;
const mostRows = 1_024;
const copyMs = 5_000;

interface Copied {
  readonly batch: InputBatch;
  /** Of the prediction whose copy it is. */
  readonly id: string;
  readonly asked: Asked;
}

/** Sends copies of answered requests to a candidate and compares the answers. Callers have theirs by then: whatever the candidate does costs them nothing. */
export interface Shadow {
  copy(request: Copied, readBy: ModelContract, champion: Answer): void;
}

export function createShadow(fleet: Fleet, evidence: Evidence): Shadow {
  let underWay = 0;
  return {
    copy({ batch, id, asked }, readBy, champion) {
      const process = fleet.candidate?.process;
      if (process == null) return;
      const { contract } = process;
      if (underWay >= mostCopies || process.pending + batch.rows > mostRows) return evidence.dropped(contract);
      const adapted = adaptBatch(batch, readBy, contract);
      if (adapted === null) return evidence.failed(contract, "shadow", batch.rows, 0, asked);
      const began = performance.now();
      underWay++;
      process.score(adapted, began + copyMs).then(({ scores }) => {
        evidence.answered(contract, "shadow", scores, batch.rows, performance.now() - began, asked, id);
        evidence.compared(contract, champion.scores, scores, batch.rows);
      }).catch(() => evidence.failed(contract, "shadow", batch.rows, performance.now() - began, asked)).finally(() => underWay--);
    },
  };
}
