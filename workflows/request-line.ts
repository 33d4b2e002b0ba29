import { condition } from "@temporalio/workflow";
import type { DeploymentAnswer, SettledAnswer } from "../activities/contract.ts";
import type { Carried } from "./carried.ts";
import type { DeploymentStatus } from "./messages.ts";
import { now } from "./run-book.ts";

interface Request {
  readonly title: string;
  /** Goes before all others: an abort wins over what has not begun. */
  readonly first: boolean;
  /** Version that it promotes, until an abort comes before its turn. */
  readonly promotes: number | null;
  readonly carry: () => Promise<Carried>;
  answer: DeploymentAnswer | null;
}

const keptAnswers = 20;

/** What people ask of a deployment, one after the other in the order they came, and what was answered of late. */
export class RequestLine {
  recent: DeploymentStatus["recent"];
  private readonly waiting: Request[] = [];

  constructor(recent: DeploymentStatus["recent"] = []) {
    this.recent = recent;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  get next(): Request | undefined {
    return this.waiting[0];
  }

  /** Whether somebody waits who goes before what is under way. */
  get isInterrupted(): boolean {
    return this.waiting.some(({ first }) => first);
  }

  /** Versions that would be promoted in their turn. */
  get promotions(): readonly number[] {
    return this.waiting.flatMap(({ promotes }) => (promotes === null ? [] : [promotes]));
  }

  /** Ends them before their turn comes. */
  refusePromotions(reason: string): void {
    for (const request of this.waiting.filter(({ promotes }) => promotes !== null)) this.settle(request, request.title, { status: "refused", reason });
  }

  async ask(title: string, carry: Request["carry"], { first = false, promotes = null }: Partial<Pick<Request, "first" | "promotes">> = {}): Promise<DeploymentAnswer> {
    const queued: Request = { title, carry, first, promotes, answer: null };
    this.waiting.splice(first ? 0 : this.waiting.length, 0, queued);
    await condition(() => queued.answer !== null);
    return queued.answer as unknown as DeploymentAnswer;
  }

  /** @param request undefined: the deployment did it by itself */
  settle(request: Request | undefined, title: string, answer: SettledAnswer): void {
    this.recent = [{ at: now(), request: title, answer }, ...this.recent].slice(0, keptAnswers);
    if (request === undefined) return;
    request.answer = answer;
    this.waiting.splice(this.waiting.indexOf(request), 1);
  }
}
