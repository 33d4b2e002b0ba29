import type { Answer, Question, RecordedAnswer } from "../schemas/approval.ts";
import { wellFormed } from "./well-formed.ts";

const digestPattern = /^[0-9a-f]{12,64}$/;
const problem = (text: string) => ({ problem: text }) as const;

/** Reads what somebody sent as an answer: any arguments at all may arrive from a raw signal. */
export function readAnswer(args: readonly unknown[]): Answer | { readonly problem: string } {
  if (args.length !== 1) return problem(`expected one argument {"by", "digest", "comment"}, found ${args.length}`);
  const value = args[0];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return problem(`expected an object {"by", "digest", "comment"}, found ${clip(value)}`);
  const { by, digest, comment = "" } = value as Record<string, unknown>;
  if (typeof by !== "string" || by.trim() === "" || by.length > 120) return problem(`"by" must name a person in 1 to 120 characters, found ${clip(by)}`);
  if (typeof digest !== "string" || !digestPattern.test(digest)) return problem(`"digest" must be at least 12 hex digits of the digest shown, found ${clip(digest)}`);
  if (typeof comment !== "string" || comment.length > 2_000) return problem(`"comment" must be a text of at most 2000 characters, found ${clip(comment)}`);
  return { by: wellFormed(by.trim()), digest, comment: wellFormed(comment) };
}

/** What two spellings of one name share: case, width, accents' encoding, spaces and characters that cannot be seen do not make two people. */
function personKey(by: string): string {
  return by.normalize("NFKC").replace(/[\p{Cc}\p{Cf}]/gu, "").replace(/\s+/gu, " ").trim().toLowerCase().normalize("NFKC");
}

function clip(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : typeof value === "object" && value !== null ? "an object" : String(value);
  return text.slice(0, 100);
}

/**
 * Why an answer does not count towards this question, or null where it does.
 * @param given answers so far; one person counts once.
 * @param now UTC instant, wall clock.
 */
export function refusalOf(answer: Answer, question: Question | null, given: readonly RecordedAnswer[], now: string): string | null {
  if (question === null) return "nothing is waiting for an answer";
  if (!question.digest.startsWith(answer.digest)) return `the answer names ${answer.digest.slice(0, 12)}, but what waits is ${question.digest.slice(0, 12)}`;
  if (Date.parse(now) >= Date.parse(question.expiresAt)) return `the question expired at ${question.expiresAt}`;
  if (question.approvers !== null && !question.approvers.includes(answer.by)) return `${answer.by} is not one of the approvers: ${question.approvers.join(", ")}`;
  if (counting(given, question).some((other) => personKey(other.by) === personKey(answer.by))) return `${answer.by} has answered already`;
  if (outcomeOf(given, question) !== "waiting") return "the question has been answered already";
  return null;
}

/** Answers that count for this question: a changed question has a new digest and starts from none. */
export function counting(given: readonly RecordedAnswer[], question: Question): readonly RecordedAnswer[] {
  return given.filter((answer) => answer.refused === null && question.digest.startsWith(answer.digest));
}

/** One no rejects; enough different people's yes approves. */
export function outcomeOf(given: readonly RecordedAnswer[], question: Question): "approved" | "rejected" | "waiting" {
  const counted = counting(given, question);
  if (counted.some((answer) => answer.decision === "reject")) return "rejected";
  const people = new Set(counted.map((answer) => personKey(answer.by)));
  return people.size >= question.required ? "approved" : "waiting";
}
