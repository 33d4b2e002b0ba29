import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NoticeOutcome } from "../../activities/contract.ts";
import { createSendNotice } from "../../activities/send-notice.ts";
import { isAllowed } from "../../activities/support/allowed-address.ts";
import { alarmRaised, approvalRequested, noticeOf } from "../../activities/support/notices.ts";
import { isSignedWith, readStandardHeaders } from "../../gateway/signatures/standard.ts";
import { readCloudEvents } from "../../gateway/read/cloud-events.ts";
import { pauseAfter } from "../../policy/notice-pauses.ts";
import { readAs } from "../../schemas/boundary.ts";
import { notice as noticeSchema, type Notice } from "../../schemas/notice.ts";
import { type NoticeReceiver, noticeReceivers } from "../../schemas/notice-receiver.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import type { Commit } from "../../schemas/commit.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { sampleRun } from "../cli/samples.ts";

const [first, second] = ["first", "second"].map((name) => `whsec_${Buffer.from(`${name} secret of thirty-two bytes!!`).toString("base64")}`) as [string, string];
const notice: Notice = { id: "flights-promoted-7", type: "model.promoted", pipeline: "flights", subject: "flights@3", time: "2013-03-01T00:00:00Z", data: { v: 3, instead: 2 } };
const now = "2013-03-01T12:00:00Z";

interface Heard { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
const heard: Heard[] = [];
let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      heard.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
      const status = Number(/\d{3}/.exec(request.url!)?.[0] ?? 204);
      response.writeHead(status, status === 302 ? { location: `${origin}/moved` } : {}).end(status === 500 ? "x".repeat(1e6) : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const receiver = (more: object): NoticeReceiver => readAs(noticeReceivers, [{ name: "chat", url: `${origin}/hook`, secret: first, ...more }], "the file")[0]!;
const send = (to: NoticeReceiver, store = memoryObjectStore()): Promise<NoticeOutcome> => createSendNotice({ store, notices: [to], now: () => now })({ receiver: "chat", notice });

describe("a notice", () => {
  it("is a structured CloudEvent, signed with each secret over the bytes that are sent", async () => {
    expect(await send(receiver({ secret: [first, second] }))).toEqual({ status: "sent" });
    const { headers, body } = heard.at(-1)!;
    const read = readStandardHeaders(headers, Date.parse(now));
    for (const secret of [first, second]) expect(isSignedWith(Buffer.from(secret.slice(6), "base64"), read, body)).toBe(true);
    expect([read.id, headers["content-type"]]).toEqual(["flights-promoted-7", "application/cloudevents+json"]);
    expect(JSON.parse(body.toString())).toEqual({ specversion: "1.0", id: "flights-promoted-7", source: "relearn:flights", type: "io.relearn.model.promoted", subject: "flights@3", time: "2013-03-01T00:00:00Z", datacontenttype: "application/json", pipeline: "flights", data: { v: 3, instead: 2 } });
  });

  it("that comes back to a gateway starts nothing, or an alarm could go round for ever", () => {
    const { headers, body } = heard.at(-1)!;
    expect(readCloudEvents(headers, () => JSON.parse(body.toString())).occurrences[0]!.moot).toMatch(/Relearn's own/);
  });

  it("is tried again after what may pass, and follows nobody elsewhere", async () => {
    const before = heard.length;
    expect([await send(receiver({ url: `${origin}/500` })), await send(receiver({ url: `${origin}/302` })), await send(receiver({ url: "http://127.0.0.1:1/x" }))]).toEqual([
      { status: "failed", reason: "it answered 500" }, { status: "failed", reason: "it answered 302, and redirects are not followed" }, { status: "failed", reason: expect.stringMatching(/ECONNREFUSED/) },
    ]);
    expect(heard.slice(before).map(({ path }) => path)).toEqual(["/500", "/302"]);
    expect(Array.from({ length: 10 }, (_, i) => pauseAfter(i + 1))).toEqual([5e3, 3e5, 1.8e6, 7.2e6, 1.8e7, 3.6e7, 5.04e7, 7.2e7, 8.64e7, null]);
  });

  it("is not sent to one who wants no more, nor to one who is listed no more, and its address is written nowhere", async () => {
    const store = memoryObjectStore();
    const gone = receiver({ url: `${origin}/410/a-token-in-the-path` });
    expect(await send(gone, store)).toMatchObject({ status: "dropped", reason: expect.stringMatching(/410/) });
    const before = heard.length;
    expect([await send(gone, store), heard.length]).toEqual([{ status: "dropped", reason: `it has wanted no more notices since ${now}` }, before]);
    for await (const { key } of store.list("")) expect(`${key} ${new TextDecoder().decode((await store.get(key))!.body)}`).not.toContain("a-token");
    expect(await createSendNotice({ store, notices: [], now: () => now })({ receiver: "chat", notice })).toMatchObject({ status: "dropped", reason: expect.stringMatching(/RELEARN_NOTICES/) });
    expect(await send({ ...gone, url: `${origin}/hook` }, store)).toEqual({ status: "sent" });
  });
});

describe("addresses", () => {
  it.each([
    "http://169.254.169.254/latest/meta-data", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/", "http://0.0.0.0/", "http://[::]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://169.254.169.254:80/", "http://169。254。169。254/", "https://169.254.169.254./",
  ])("that nobody means are refused: %s", async (url) => {
    expect(await send(receiver({ url }))).toMatchObject({ status: "dropped", reason: expect.stringMatching(/link-local|metadata/) });
  });

  it("are let through where they are listed, and where people have their services", () => {
    expect(isAllowed("169.254.10.1", ["169.254.10.1"])).toBe(true);
    expect(isAllowed("169.254.10.2", ["169.254.10.1"])).toBe(false);
    for (const address of ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "8.8.8.8", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1"]) expect(isAllowed(address, []), address).toBe(true);
  });

  it.each([["file:///etc/passwd"], ["http://ann:password@chat.example/"], ["gopher://chat.example/"], ["chat.example"], [""]])("of another form are refused when the file is read: %s", (url) => {
    expect(() => receiver({ url })).toThrow(/url: must be an http or https address/);
  });

  it("belong to receivers of a name of their own", () => {
    expect(() => readAs(noticeReceivers, [1, 2].map(() => ({ name: "chat", url: origin, secret: first })), "the file")).toThrow(/name of its own/);
    expect(() => receiver({ secret: "password-password-password" })).toThrow(/whsec_/);
  });
});

it("what is told is the same however often it is told, and fits the schema", () => {
  const entry = (operation: object): Commit => ({ n: 7, at: now, actor: { kind: "person", name: "ann", claimed: true }, operation }) as unknown as Commit;
  const told = [
    noticeOf("flights", entry({ kind: "promote", v: 3, from: 2, run: "flights/run/1" })), noticeOf("flights", entry({ kind: "rollback", v: 2, from: 3, reason: "late" })), noticeOf("flights", entry({ kind: "rollout", v: 3, action: "abort", reason: "slow" })),
    approvalRequested({ ...sampleRun, v: 3, champion: null } as never, { digest: "d".repeat(64), v: 3, required: 1, approvers: null, askedAt: now, expiresAt: now }),
    alarmRaised({ id: "a".repeat(64), pipeline: "flights", v: 3, kind: "quality", shape: null, began: null, window: null, at: now, message: "worse", proposal: "retrain" } as unknown as Alarm),
  ];
  expect(told.map((one) => readAs(noticeSchema, one, "a notice").id)).toEqual(["flights-promoted-7", "flights-rolled-back-7", "flights-aborted-7", `${sampleRun.pipeline}-approval-${"d".repeat(16)}`, `flights-alarm-${"a".repeat(32)}`]);
  expect([noticeOf("flights", entry({ kind: "rollout", v: 3, action: "start" })), noticeOf("flights", entry({ kind: "register", v: 3 }))]).toEqual([null, null]);
});
