import { describe, expect, it } from "vitest";
import { outcomeOf, readAnswer, refusalOf } from "../../policy/approval.ts";
import type { Question, RecordedAnswer } from "../../schemas/approval.ts";

const digest = "a".repeat(64);
const question: Question = { digest, v: 3, required: 2, approvers: null, askedAt: "2013-03-01T00:00:00.000Z", expiresAt: "2013-03-03T00:00:00.000Z" };
const now = "2013-03-02T00:00:00.000Z";
const yes = (by: string, given: Partial<RecordedAnswer> = {}): RecordedAnswer => ({ by, claimed: true, decision: "approve", digest, comment: "", at: now, refused: null, ...given });

describe("an answer to a waiting run", () => {
  it.each([
    ["no argument", []],
    ["ten arguments", Array.from({ length: 10 }, () => ({ by: "ann", digest }))],
    ["null", [null]],
    ["a text", ["yes"]],
    ["a list", [[{ by: "ann", digest }]]],
    ["what could not be decoded", [{ undecodable: true }]],
    ["nobody", [{ by: " ", digest }]],
    ["an oversized name", [{ by: "a".repeat(121), digest }]],
    ["a digest too short to mean one thing", [{ by: "ann", digest: digest.slice(0, 11) }]],
    ["a digest that is none", [{ by: "ann", digest: "not hexadecimal" }]],
    ["an oversized comment", [{ by: "ann", digest, comment: "x".repeat(2_001) }]],
  ])("is refused when it is %s", (_, args) => {
    expect(readAnswer(args)).toHaveProperty("problem");
  });

  it("is read with the spaces around its name cut off", () => {
    expect(readAnswer([{ by: " ann ", digest }])).toEqual({ by: "ann", digest, comment: "" });
  });

  it("is read without halves of characters, which no record could hold", () => {
    expect(readAnswer([{ by: "eve\ud800", digest: "d".repeat(12), comment: "\ude00 fine \u{1f600}" }])).toEqual({ by: "eve\ufffd", digest: "d".repeat(12), comment: "\ufffd fine \u{1f600}" });
  });

  it.each(["Ann Lee", "ann  lee", "ann\u200b lee", "ａnn lee", "ANN LEE", "ann\u00a0lee", "ann lee\u202e"])("is refused as a second one where only the spelling differs: %j", (by) => {
    const given = [yes("ann lee")];
    expect(refusalOf({ by, digest, comment: "" }, question, given, now)).toMatch(/has answered already/);
    expect(outcomeOf([...given, yes(by)], question)).toBe("waiting");
    expect(outcomeOf([...given, yes("ann li")], question)).toBe("approved");
  });

  it("counts with the first 12 digits of the digest", () => {
    expect(refusalOf({ by: "ann", digest: digest.slice(0, 12), comment: "" }, question, [], now)).toBeNull();
  });

  it("is refused when nothing waits, when it names something else, after the expiry, from a stranger, and twice", () => {
    const ann = { by: "ann", digest, comment: "" };
    expect(refusalOf(ann, null, [], now)).toContain("nothing is waiting");
    expect(refusalOf({ ...ann, digest: "b".repeat(12) }, question, [], now)).toContain("what waits is aaaaaaaaaaaa");
    expect(refusalOf(ann, question, [], question.expiresAt)).toContain("expired");
    expect(refusalOf(ann, { ...question, expiresAt: "2013-03-03T00:00:00Z" }, [], "2013-03-03T00:00:00.500Z")).toContain("expired");
    expect(refusalOf(ann, { ...question, approvers: ["bob"] }, [], now)).toContain("not one of the approvers: bob");
    expect(refusalOf(ann, question, [yes("ann")], now)).toContain("has answered already");
    expect(refusalOf(ann, question, [yes("bob"), yes("cid")], now)).toContain("answered already");
  });
});

describe("the outcome of a question", () => {
  it("waits for as many different people as it requires", () => {
    expect(outcomeOf([yes("ann")], question)).toBe("waiting");
    expect(outcomeOf([yes("ann"), yes("ann")], question)).toBe("waiting");
    expect(outcomeOf([yes("ann"), yes("bob")], question)).toBe("approved");
  });

  it("is no as soon as one person says no", () => {
    expect(outcomeOf([yes("ann"), yes("bob", { decision: "reject" })], question)).toBe("rejected");
  });

  it("does not count refused answers, nor answers to an earlier question", () => {
    expect(outcomeOf([yes("ann"), yes("bob", { refused: "late" })], question)).toBe("waiting");
    expect(outcomeOf([yes("ann"), yes("bob", { digest: "b".repeat(64) })], question)).toBe("waiting");
  });
});
