import { isCancellation, upsertSearchAttributes } from "@temporalio/workflow";
import type { SettledAnswer } from "../activities/contract.ts";
import { counted } from "../policy/counted.ts";
import { nextPause, traceOf } from "../policy/rollout-pace.ts";
import { nextStep, onward } from "../policy/rollout-step.ts";
import type { ActiveRollout } from "../schemas/commit.ts";
import type { GateResult } from "../schemas/gate.ts";
import type { RolloutPlan } from "../schemas/rollout-evidence.ts";
import { quick } from "./activity-proxies.ts";
import { answered, type Carried } from "./carried.ts";
import type { DeploymentStatus, ProposeRequest, RolloutStatus } from "./messages.ts";
import { searchAttributes } from "./search-attributes.ts";

/** A rollout on its way: plain JSON, carried from one execution to the next. */
export interface Course {
  readonly run: string;
  /** Entry that started it. */
  readonly n: number;
  readonly plan: RolloutPlan;
  readonly active: ActiveRollout;
  readonly startedMs: number;
  /** Wall-clock milliseconds that it was paused, and since when it is. */
  readonly pausedMs: number;
  readonly pausedSince: number | null;
  readonly championP99: number | null;
  readonly checks: readonly GateResult[];
  readonly reason: string;
  readonly trace: string;
  readonly pauseMs: number | null;
  /** Entry that promoted it, and until when the servers are waited for. */
  readonly promoted: { readonly n: number; readonly until: number } | null;
}

export interface DeskState {
  readonly course: Course | null;
  readonly proposals: readonly ProposeRequest[];
  readonly settled: DeploymentStatus["settled"];
}

/** What a person says to a rollout. `run`: only that run's; null: whichever takes over. */
export interface Steer { readonly by: string; readonly reason: string; readonly run: string | null; readonly txn: string }

/** How long servers may take to switch before the deployment goes on without them, and how often it looks. */
const settling = { withinMs: 30_000, everyMs: 500 };
const kept = { proposals: 50, settled: 50 };

/**
 * Carries one rollout at a time, by looks at its evidence between which the deployment serves whoever asks for something.
 * Everything it does is a commit with a transaction of the rollout's own, so another worker, or another execution, goes on where it stands.
 */
export class RolloutDesk {
  course: Course | null;
  proposals: readonly ProposeRequest[];
  settled: DeploymentStatus["settled"];
  private readonly model: string;

  constructor(model: string, state: DeskState | undefined) {
    this.model = model;
    this.course = state?.course ?? null;
    this.proposals = state?.proposals ?? [];
    this.settled = state?.settled ?? [];
  }

  get state(): DeskState {
    return { course: this.course, proposals: this.proposals, settled: this.settled };
  }

  status(): RolloutStatus | null {
    if (this.course === null) return null;
    const { run, active: { id, candidate, kind, step, share, paused }, plan, startedMs, reason, checks, promoted } = this.course;
    return { v: candidate.v, run, id, kind, step, shares: plan.shares, share, paused, phase: promoted === null ? "watching" : "settling", startedAt: new Date(startedMs).toISOString(), reason, checks };
  }

  /** Goes on with a rollout that another execution of this workflow left behind, or none. */
  async adopt(): Promise<void> {
    const found = await quick.takingOver({ model: this.model });
    if (found === null) return;
    const { rollout, n, plan, championP99, startedAt } = found;
    this.course = begun({ run: rollout.id.replace(/\/rollout$/, ""), n, plan, active: rollout, championP99 }, Date.parse(startedAt));
  }

  /** Null: it stands in line, or is taking over. */
  answerTo({ v, run }: ProposeRequest): SettledAnswer | null {
    return this.settled.find((one) => one.run === run && one.v === v)?.answer ?? null;
  }

  isTakingOver({ v, run }: ProposeRequest): boolean {
    return this.course?.run === run && this.course.active.candidate.v === v;
  }

  /** What was refused before it began may be asked again: the log knows whether anything has changed. @returns why not, or null */
  take(proposal: ProposeRequest): string | null {
    this.settled = this.settled.filter((one) => one.run !== proposal.run || one.v !== proposal.v || one.answer.status === "committed" || one.answer.aborted === true);
    if (this.answerTo(proposal) !== null || this.isTakingOver(proposal) || this.proposals.some((one) => one.run === proposal.run && one.v === proposal.v)) return null;
    if (this.proposals.length >= kept.proposals) return `${kept.proposals} proposals are waiting already`;
    this.proposals = [...this.proposals, proposal];
    return null;
  }

  /** Starts the first proposal's rollout, or promotes it at once where there is nobody to be careful with. */
  async begin(): Promise<Carried> {
    const proposal = this.proposals[0] as ProposeRequest;
    const { v, run } = proposal;
    const carried = await answered(async () => {
      const { plan, reason, championP99 } = await quick.rolloutStart({ model: this.model, v });
      const promotion = `${run}/promote`;
      if (plan === null) {
        const promoted = await quick.promote({ model: this.model, v, run, txn: promotion });
        return promoted.status === "committed" ? { ...promoted, reason } : promoted;
      }
      const started = await quick.startRollout({ model: this.model, v, id: `${run}/rollout`, promotion, kind: plan.kind, share: plan.shares[0] ?? 0, reason });
      if (started.status === "committed" && started.rollout !== null) this.start({ run, n: started.n, plan, active: started.rollout, championP99 });
      return started.status === "promoted" ? { ...started, status: "committed" } : started;
    }, v);
    this.proposals = this.proposals.slice(1);
    if (this.course === null) this.settle(proposal, carried.answer);
    return { ...carried, except: run };
  }

  /** Looks at the evidence once, and does what it says. @param interrupted whether somebody who goes first has come meanwhile */
  async look(interrupted: () => boolean): Promise<Carried | null> {
    try {
      return await this.judge(interrupted);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Evidence that cannot be read is none: it holds, and is looked at again.
      const told = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
      this.note({ reason: `its evidence cannot be read: ${told.slice(0, 500)}`, checks: [], pauseMs: nextPause(0, this.course?.pauseMs ?? null, false, { watchedMs: 0, spentMs: 0 }) });
      return null;
    }
  }

  private async judge(interrupted: () => boolean): Promise<Carried | null> {
    const course = this.course as Course;
    if (course.promoted !== null) return this.watchSwitch(course.promoted);
    const { plan, active, n, championP99 } = course;
    const evidence = await quick.rolloutEvidence({ model: this.model, rollout: active, n, plan, championP99 });
    if (interrupted()) return null;
    const { checks, reason, ...next } = nextStep({ plan, running: active, evidence, spentMs: spentOf(course) });
    const trace = traceOf(evidence);
    this.note({ checks, reason, championP99: evidence.championP99, trace, pauseMs: nextPause(plan.eachMs, course.pauseMs, trace !== course.trace, { watchedMs: evidence.watchedMs, spentMs: spentOf(course) }) });
    if (next.move === "hold") return null;
    if (next.move === "promote") return this.promote();
    return this.step(next.move === "rollback" ? "abort" : "advance", { share: next.move === "advance" ? next.share : null, reason, by: null, txn: `${active.id}/${next.move}/${active.step}` });
  }

  /** A person's next step, whatever the evidence says so far. */
  async advance(asked: Steer): Promise<Carried> {
    const course = this.course as Course;
    const next = onward({ plan: course.plan, running: course.active });
    return next.move === "promote" ? this.promote(asked) : this.step("advance", { ...asked, share: next.share });
  }

  /** Before its promotion it ends without one; right after it, the champion before comes back, unless it is only a run that wants no more of it. */
  async abort(asked: Steer): Promise<Carried> {
    if (this.course === null || (asked.run !== null && (asked.run !== this.course.run || this.course.promoted !== null))) return this.drop(asked);
    if (this.course.promoted === null) return this.step("abort", { ...asked, share: null });
    const reason = `aborted right after its promotion${asked.reason === "" ? "" : `: ${asked.reason}`}`;
    const carried = await answered(() => quick.rollback({ model: this.model, to: null, by: asked.by, claimed: true, reason, txn: asked.txn }));
    if (carried.answer.status === "committed") this.end({ status: "refused", aborted: true, reason: `${reason} (by ${asked.by})` });
    return carried;
  }

  async step(action: "advance" | "pause" | "resume" | "set-traffic" | "abort", { share, reason, by, txn }: { readonly share: number | null; readonly reason: string; readonly by: string | null; readonly txn: string }): Promise<Carried> {
    const { active: { id, step, candidate }, checks } = this.course as Course;
    const carried = await answered(() => quick.stepRollout({ model: this.model, id, step, action, share, reason: reason.slice(0, 4_000), checks, by, txn }), candidate.v);
    if (carried.answer.status === "refused") this.lost(carried.answer, by);
    else if (action === "abort") this.end({ status: "refused", aborted: true, reason: `it was sent back${by === null ? "" : ` by ${by}`}${reason === "" ? "" : `: ${reason}`}` });
    else if (carried.rollout) this.moved(carried.rollout);
    return carried;
  }

  /** What other commits of the deployment mean for a rollout: its version was promoted, another one was right after it, or the champion went back. */
  heard(what: "promote" | "rollback", by: string, { answer }: Carried): void {
    if (this.course === null || answer.status !== "committed") return;
    const { active: { candidate: { v } }, promoted } = this.course;
    if (what === "rollback") this.end({ status: "refused", aborted: true, reason: `${by} rolled back while it was taking over` });
    else if (answer.v === v) this.promotedBy(answer.n);
    else this.end(promoted === null ? { status: "refused", reason: `${by} promoted version ${answer.v}` } : { status: "committed", n: promoted.n, v });
  }

  /** Ends the proposals that stand in line, or those of one run, before one of them begins. */
  drop({ by, reason, run }: Steer): Carried {
    const dropped = this.proposals.filter((one) => run === null || one.run === run);
    const [first] = dropped;
    if (first === undefined) return { answer: { status: "refused", reason: `no version ${run === null ? "" : `of ${run} `}is taking over` } };
    for (const proposal of dropped) this.settle(proposal, { status: "refused", reason: `aborted before it began, by ${by}${reason === "" ? "" : `: ${reason}`}` });
    this.proposals = this.proposals.filter((one) => !dropped.includes(one));
    return { answer: { status: "committed", n: 0, v: first.v, reason: "it had not begun, so the log says nothing of it" } };
  }

  /** @param asked by whom; left out: the evidence */
  private async promote(asked?: Steer): Promise<Carried> {
    const { run, active } = this.course as Course;
    const carried = await answered(() => quick.promote({ model: this.model, v: active.candidate.v, run, txn: `${run}/promote`, ...(asked && { by: asked.by, reason: asked.reason }) }));
    if (carried.answer.status === "committed") this.promotedBy(carried.answer.n);
    else this.lost(carried.answer, null);
    return { ...carried, except: run };
  }

  private async watchSwitch({ n, until }: NonNullable<Course["promoted"]>): Promise<null> {
    const { candidate: { v } } = (this.course as Course).active;
    const { live, serving } = await quick.whoServes({ model: this.model, v, n });
    this.note({ reason: `${serving} of ${counted(live, "server")} answering with it`, pauseMs: settling.everyMs });
    if (serving >= live) this.end({ status: "committed", n, v });
    else if (Date.now() >= until) this.end({ status: "committed", n, v, reason: `${serving} of ${counted(live, "server")} answered with it after ${settling.withinMs / 1000} s; the others follow the log` });
    return null;
  }

  /** What the log refuses to the deployment itself means that the rollout is no longer what it was taken for; a person's request may just be refused. */
  private lost(answer: SettledAnswer, by: string | null): void {
    if (by === null) this.end(answer);
  }

  private promotedBy(n: number): void {
    this.note({ promoted: { n, until: Date.now() + settling.withinMs }, reason: "the servers are switching to it", pauseMs: settling.everyMs });
  }

  private moved(active: ActiveRollout): void {
    const { active: before, pausedSince, pausedMs } = this.course as Course;
    const [stops, goesOn] = [active.paused && !before.paused, !active.paused && before.paused];
    this.note({
      active, pauseMs: null, ...(active.step === before.step ? {} : { checks: [], trace: "" }),
      ...(stops ? { pausedSince: Date.now(), reason: "paused" } : {}), ...(goesOn ? { pausedSince: null, pausedMs: pausedMs + Date.now() - (pausedSince ?? Date.now()) } : {}),
    });
  }

  private start(known: Pick<Course, "run" | "n" | "plan" | "active" | "championP99">): void {
    this.course = begun(known, Date.now());
    upsertSearchAttributes([{ key: searchAttributes.stage, value: known.plan.kind }, { key: searchAttributes.version, value: known.active.candidate.v }]);
  }

  private end(answer: SettledAnswer): void {
    const { run, active } = this.course as Course;
    this.course = null;
    this.settle({ run, v: active.candidate.v }, answer);
    upsertSearchAttributes([{ key: searchAttributes.stage, value: "serving" }]);
  }

  private settle({ v, run }: ProposeRequest, answer: SettledAnswer): void {
    this.settled = [{ v, run, answer }, ...this.settled.filter((one) => one.run !== run || one.v !== v)].slice(0, kept.settled);
  }

  private note(changed: Partial<Course>): void {
    this.course = { ...(this.course as Course), ...changed };
  }
}

function begun(known: Pick<Course, "run" | "n" | "plan" | "active" | "championP99">, startedMs: number): Course {
  return { ...known, startedMs, pausedMs: 0, pausedSince: known.active.paused ? Date.now() : null, checks: [], reason: "it has just begun", trace: "", pauseMs: 0, promoted: null };
}

const spentOf = ({ startedMs, pausedMs, pausedSince }: Course): number => Date.now() - startedMs - pausedMs - (pausedSince === null ? 0 : Date.now() - pausedSince);
