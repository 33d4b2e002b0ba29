import { ApplicationFailure, condition, setHandler } from "@temporalio/workflow";
import { counting, outcomeOf, readAnswer, refusalOf } from "../policy/approval.ts";
import type { Question, RecordedAnswer } from "../schemas/approval.ts";
import { approveSignal, approveUpdate, championChangedSignal, rejectSignal, rejectUpdate } from "./messages.ts";
import { now, type RunBook } from "./run-book.ts";

type Decision = RecordedAnswer["decision"];
const keptRefusals = 200;
const loggedAnswers = 100;

/** Takes people's answers for one run. Whatever arrives, by signal or update, is judged the same way and put on the record. */
export class ApprovalDesk {
  private championChanged = false;
  private readonly book: RunBook;

  constructor(book: RunBook) {
    this.book = book;
    setHandler(approveSignal, (...args) => void this.take("approve", args, true), { description: 'Say yes: {"by", "digest", "comment"}.' });
    setHandler(rejectSignal, (...args) => void this.take("reject", args, true), { description: 'Say no: {"by", "digest", "comment"}.' });
    setHandler(approveUpdate, (...args) => this.answer("approve", args), { validator: shaped, description: "Say yes, and hear whether it counts." });
    setHandler(rejectUpdate, (...args) => this.answer("reject", args), { validator: shaped, description: "Say no, and hear whether it counts." });
    setHandler(championChangedSignal, () => void (this.championChanged = true), { description: "Another version serves now: evaluate again." });
  }

  /** Before evidence is taken: changes of the champion from here on make it stale. */
  freshen(): void {
    this.championChanged = false;
  }

  /** Waits until the question is answered, expires, or is no longer the right one. */
  async outcome(question: Question): Promise<"approved" | "rejected" | "expired" | "champion-changed"> {
    const answered = () => this.championChanged || outcomeOf(this.book.record.answers, question) !== "waiting";
    const left = Date.parse(question.expiresAt) - Date.now();
    if (!(await condition(answered, Math.max(left, 1)))) return "expired";
    const outcome = outcomeOf(this.book.record.answers, question);
    return outcome === "waiting" ? "champion-changed" : outcome;
  }

  /** What goes into the log: the answers that count, and the refused ones for the audit. */
  answers(question: Question): readonly RecordedAnswer[] {
    const refused = this.book.record.answers.filter((answer) => answer.refused !== null);
    return [...counting(this.book.record.answers, question), ...refused].slice(0, loggedAnswers);
  }

  private answer(decision: Decision, args: readonly unknown[]): RecordedAnswer {
    const taken = this.take(decision, args, true);
    if (taken.refused !== null) throw ApplicationFailure.nonRetryable(`the answer does not count: ${taken.refused}`, "StaleApproval");
    return taken;
  }

  private take(decision: Decision, args: readonly unknown[], claimed: boolean): RecordedAnswer {
    const { answers, question } = this.book.record;
    const read = readAnswer(args);
    const refused = "problem" in read ? read.problem : refusalOf(read, question, answers, now());
    const named = "problem" in read ? { by: "unknown", digest: "", comment: "" } : read;
    const taken: RecordedAnswer = { ...named, comment: named.comment ?? "", decision, claimed, at: now(), refused };
    if (refused === null || answers.length < keptRefusals) this.book.note({ answers: [...answers, taken] });
    return taken;
  }
}

function shaped(...args: unknown[]): void {
  const read = readAnswer(args);
  if ("problem" in read) throw ApplicationFailure.nonRetryable(read.problem, "InvalidInput");
}
