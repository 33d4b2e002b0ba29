import { expect, it } from "vitest";
import { type GatewayScope, makeAdmit } from "../../gateway/admit.ts";
import { readStandardWebhook } from "../../gateway/read/standard-webhook.ts";
import { senderOf } from "../../gateway/senders.ts";
import { takeOccurrences } from "../../gateway/take-occurrences.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { takeCause } from "../../stores/causes.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { grafanaSigned, now, seconds, signed, standardEvent, storeWith, token } from "./stage.ts";

const senders = [senderOf({ name: "local", secret: token })];
const admit = makeAdmit({ senders: () => senders, grafanaTimestampHeader: null, now: () => now });

/** Whether the guard would let a request through to its route. */
function isLetIn(scope: GatewayScope, headers: Record<string, string>, body: Buffer): boolean {
  try {
    const admission = admit({ scope }, headers);
    admission.checkBody?.(body);
    return admission.caller?.() === "local";
  } catch (error) {
    if ((error as { status?: number }).status !== 401) throw error;
    return false;
  }
}

it("10,000 forged, expired, future, truncated and re-serialised requests are let in by nobody's mistake", () => {
  const random = seededRandom(17);
  const pick = (n: number): number => Math.floor(random() * n);
  const text = JSON.stringify(JSON.parse(standardEvent()), null, 1);
  const body = Buffer.from(text);
  const flipped = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[pick(copy.length)]! ^= 1 << pick(8);
    return copy;
  };
  const spoilt = (header: string): string => {
    const at = header.indexOf(",") + 1 + pick(43);
    return header.slice(0, at) + (header[at] === "A" ? "B" : "A") + header.slice(at + 1);
  };
  const forgeries: readonly ((headers: Record<string, string>) => readonly [Record<string, string>, Buffer])[] = [
    (headers) => [{ ...headers, "webhook-signature": spoilt(headers["webhook-signature"]!) }, body],
    (headers) => [headers, flipped(body)],
    (headers) => [headers, body.subarray(0, pick(body.length))],
    (headers) => [headers, Buffer.from(JSON.stringify(JSON.parse(text)))],
    (headers) => [headers, Buffer.concat([body, Buffer.from(" ")])],
    () => [signed(body, { at: seconds - 301 - pick(1e6) }), body],
    () => [signed(body, { at: seconds + 301 + pick(1e6) }), body],
    (headers) => [{ ...headers, "webhook-timestamp": String(seconds - 1 - pick(299)) }, body],
    (headers) => [{ ...headers, "webhook-id": `msg_${1 + pick(1e6)}` }, body],
    (headers) => [{ ...headers, "webhook-signature": headers["webhook-signature"]!.replace("v1,", ["v1a,", "v2,", "", "v1="][pick(4)]!) }, body],
    () => [signed(body, { secret: `whsec_${Buffer.from(String(random()).padEnd(32)).toString("base64")}` }), body],
    (headers) => [Object.fromEntries(Object.entries(headers).toSpliced(pick(3), 1)), body],
  ];
  let accepted = 0;
  for (let i = 0; i < 9_000; i++) {
    const [headers, sent] = forgeries[i % forgeries.length]!(signed(body, { id: "msg_0" }));
    if (isLetIn("standard", headers, sent)) accepted++;
  }
  for (let i = 0; i < 1_000; i++) if (isLetIn("grafana", i % 2 === 0 ? grafanaSigned(text) : { "x-grafana-alerting-signature": grafanaSigned(text)["x-grafana-alerting-signature"]!.toUpperCase() }, i % 2 === 0 ? flipped(body) : body)) accepted++;
  expect(accepted).toBe(0);
  expect([isLetIn("standard", signed(body, { at: seconds - 300 }), body), isLetIn("standard", signed(body, { at: seconds + 300 }), body), isLetIn("grafana", grafanaSigned(text), body)]).toEqual([true, true, true]);
});

it("1,000 ids in 10 copies each, past a Temporal that loses replies, start exactly 1,000 runs", async () => {
  const random = seededRandom(5);
  const store = await storeWith("flights");
  const started = new Map<string, number>();
  const windows = { train: { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" }, holdout: { from: "2013-02-01T00:00:00Z", to: "2013-02-08T00:00:00Z" } };
  // As `retraining` does with a cause: whoever takes it first starts the run, for ever.
  const retraining = {
    async trigger({ pipeline, cause }: Trigger): Promise<string> {
      const run = `${pipeline}/run/${started.size}-${random()}`;
      if ((await takeCause(store, pipeline, { cause, windows, run })) === run) started.set(cause.key, (started.get(cause.key) ?? 0) + 1);
      if (random() < 0.1) throw new RelearnError("TemporalUnavailable", "the reply was lost");
      return `${pipeline}/retraining`;
    },
  };
  const body = JSON.parse(standardEvent()) as unknown;
  const send = async (id: string): Promise<void> => {
    for (;;) {
      try {
        const [taken] = await takeOccurrences({ source: "standard", sender: "local", pipeline: null, occurrences: readStandardWebhook(id, body).occurrences, may: () => true }, { store, retraining, now: () => now });
        expect(taken).toMatchObject({ status: 202, workflowId: "flights/retraining" });
        return;
      } catch (error) {
        if (failureTypeOf(error) !== "TemporalUnavailable") throw error;
      }
    }
  };
  const deliveries = Array.from({ length: 10_000 }, (_, i) => `msg_${(i * 7_919) % 1_000}`);
  await Promise.all(Array.from({ length: 8 }, async (_, sender) => {
    for (let i = sender; i < deliveries.length; i += 8) await send(deliveries[i]!);
  }));
  expect([started.size, Math.max(...started.values())]).toEqual([1_000, 1]);
});
