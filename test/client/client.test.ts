import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Classified, ClientError, connect, type Estimated, type Model } from "../../client/index.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { contractOf, everyRow, fakeModel } from "../serving/fake-models.ts";
import { openServer, type OpenServer } from "../serving/open-server.ts";

let server: OpenServer;
let flights: Model<Classified>;
beforeAll(async () => {
  server = await openServer({}, {}, [fakeModel(contractOf({ x: { type: "number", nullable: true } }, { model: "delay", task: "regression", classes: null, v: 7, digest: "e".repeat(64) }), [0.1])]);
  flights = connect(`${server.url}/`).model<Classified>("flights");
});
afterAll(() => server.close());
beforeEach(() => void (server.model.fails = null));

const row = { carrier: "UA", note: "späť", hour: 2n ** 53n + 1n, distance: 1089.5, precip: null, exact: 0.1, weekend: true, at: new Date("2013-03-01T12:30:00.250Z"), place: Float32Array.of(1, 2, 3) };
const asked = () => server.model.asked.at(-1)!;
const taken = () => asked().batch.columns.map((values) => [...(values as Iterable<unknown>)]);

describe("rows", () => {
  it("are predicted as a model's columns take them, and the answer says who gave it", async () => {
    const answer = await flights.predict([row], { key: "u1", at: new Date("2013-03-01T00:00:00Z"), version: 3 });
    expect(answer).toEqual({ predictions: [{ label: "1", score: { 0: 0.25, 1: 0.75 } }], version: 3, digest: "d".repeat(64), predictionId: asked().id, variant: "champion" });
    expect(taken()).toEqual([["UA"], ["späť"], [2n ** 53n + 1n], [1089.5], [Number.NaN], [0.1], [1], [1_362_141_000_250_000n], [1, 2, 3]]);
    expect({ key: asked().key, version: asked().version, at: server.records.at(-1)!.at }).toEqual({ key: "u1", version: 3, at: Date.UTC(2013, 2, 1) });
  });

  it("of a regression come back as values", async () => {
    const { predictions, version } = await connect(server.url).model<Estimated>("delay").predict([{ x: 1 }, { x: null }]);
    expect({ values: predictions.map(({ value }) => value), version }).toEqual({ values: [Math.fround(0.1), Math.fround(0.1)], version: 7 });
  });

  it("may be of an interface, and of nothing but values", () => {
    interface Delay { readonly x: number | null; readonly at?: Date }
    // Only read by the compiler.
    const typed = (model: Model<Estimated>, rows: readonly Delay[], whole: readonly Required<Delay>[]) => [
      model.predict(whole),
      // @ts-expect-error a column may be null, and not missing
      model.predict(rows),
      // @ts-expect-error an object is no value
      model.predict([{ x: {} }]),
      // @ts-expect-error a regression has no label
      model.predict([{ x: 1 }]).then(({ predictions }) => predictions[0]?.label),
    ];
    expect(typed).toBeTypeOf("function");
  });

  it("with what JSON has not are refused before they are sent, by name", async () => {
    const before = server.model.asked.length;
    await expect(flights.predict([{ ...row, distance: Number.NaN }])).rejects.toThrow(new ClientError(null, "distance: JSON has no NaN; say null where there is no value"));
    expect(server.model.asked.length).toBe(before);
  });
});

describe("tensors", () => {
  const inputs = {
    carrier: ["UA", "späť"], note: ["x", ""], hour: BigInt64Array.of(17n, -(2n ** 63n)), distance: Float32Array.of(1089.5, 2), precip: Float32Array.of(0.5, Number.NaN), exact: Float64Array.of(0.1, 1e300),
    weekend: [true, false], at: Int32Array.of(5, 6), place: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  };
  const columns = [["UA", "späť"], ["x", ""], [17n, -(2n ** 63n)], [1089.5, 2], [0.5, Number.NaN], [0.1, 1e300], [1, 0], [5n, 6n], [1, 2, 3, 4, 5, 6]];
  const outputs = { label: { shape: [2], data: ["1", "1"] }, score: { shape: [2, 2], data: Float32Array.of(0.25, 0.75, 0.25, 0.75) } };

  it.each([["binary data", true], ["JSON", false]])("go and come as %s", async (_, binary) => {
    expect(await flights.infer(inputs, { binary, key: "u1" })).toEqual({ outputs, version: 3, digest: "d".repeat(64), predictionId: asked().id, variant: "champion" });
    expect(taken()).toEqual(columns);
    expect(asked().key).toBe("u1");
  });

  it("come back as those that are wanted, of the version that is asked", async () => {
    expect(Object.keys((await flights.infer(inputs, { outputs: ["score"], version: 3 })).outputs)).toEqual(["score"]);
    await expect(flights.infer(inputs, { outputs: ["x"] })).rejects.toMatchObject({ status: 400, message: 'there is no output "x"; the outputs of flights are label, score' });
    await expect(flights.infer(inputs, { version: 4 })).rejects.toMatchObject({ status: 404 });
  });

  it("of a regression are doubles", async () => {
    const { outputs: found } = await connect(server.url).model("delay").infer({ x: Float32Array.of(1, 2, 3) });
    expect(found).toEqual({ value: { shape: [3, 1], data: Float64Array.from({ length: 3 }, () => Math.fround(0.1)) } });
  });

  it("that nobody can send are refused by name", async () => {
    await expect(flights.infer({ x: [1, 2] as unknown as string[] })).rejects.toThrow('input "x": expected a typed array such as Float32Array, or a list of strings or booleans');
    await expect(flights.infer({ x: Float32Array.of(Infinity) }, { binary: false })).rejects.toThrow('input "x": JSON has no Infinity');
  });

  it("are taken by the ten thousand", async () => {
    const n = 10_000;
    const score = (await flights.infer({ ...inputs, carrier: new Array<string>(n).fill("é"), note: new Array<string>(n).fill(""), hour: new BigInt64Array(n), distance: new Float32Array(n), precip: new Float32Array(n), exact: new Float64Array(n), weekend: new Array<boolean>(n).fill(true), at: new BigInt64Array(n), place: { shape: [n, 3], data: new Float32Array(3 * n) } })).outputs["score"]!;
    expect({ shape: score.shape, length: score.data.length }).toEqual({ shape: [n, 2], length: 2 * n });
  });
});

describe("what is here", () => {
  it("is told", async () => {
    expect(await flights.metadata()).toMatchObject({ name: "flights", versions: [3], task: "binary", classes: ["0", "1"], digest: "d".repeat(64), inputs: expect.arrayContaining([{ name: "place", datatype: "FP32", shape: [-1, 3] }]) });
    expect(await connect(server.url).model("delay").metadata({ version: 7 })).toMatchObject({ task: "regression", classes: null });
    expect([await connect(server.url).ready(), await flights.ready(), await flights.ready({ version: 3 })]).toEqual([true, true, true]);
    await expect(flights.ready({ version: 4 })).rejects.toMatchObject({ status: 404 });
  });

  it("is not ready while a model is not", async () => {
    server.model.ready = false;
    expect([await connect(server.url).ready(), await flights.ready()]).toEqual([false, false]);
    server.model.ready = true;
  });

  it("takes feedback item by item", async () => {
    const items = [{ predictionId: "p-1", label: "1" }, { predictionId: "x", row: 2, label: 0, at: new Date("2013-03-02T00:00:00Z") }];
    expect(await connect(server.url).feedback(items)).toEqual({ accepted: 1, results: [{ predictionId: "p-1", accepted: true }, { predictionId: "x", accepted: false, reason: "it was not issued here" }] });
    expect(server.feedback.slice(-2)).toEqual([{ prediction_id: "p-1", label: "1" }, { prediction_id: "x", row: 2, label: 0, at: "2013-03-02T00:00:00.000Z" }]);
  });
});

describe("a refusal", () => {
  const failing = (...failures: (readonly [type: "Overloaded" | "NotReady" | "InferenceFailed", message: string])[]) => {
    server.model.asked.length = 0;
    server.model.fails = () => {
      const [type, message] = failures.shift()!;
      if (failures.length === 0) server.model.fails = null;
      return Promise.reject(new RelearnError(type, message));
    };
  };

  it("is in the server's words with its status, and is not sent again", async () => {
    await expect(flights.predict([{ ...everyRow, hour: "five" }] as never)).rejects.toEqual(new ClientError(400, 'input "hour", row 0: expected a whole number, found "five"'));
    await expect(connect(server.url).model("nobody").predict([{ x: 1 }])).rejects.toMatchObject({ name: "ClientError", status: 404, message: 'there is no model "nobody" here' });
    await expect(connect(server.url, { token: "not-one" }).model("flights").predict([row])).rejects.toMatchObject({ status: 401 });
    failing(["InferenceFailed", "it died"]);
    await expect(flights.predict([row])).rejects.toMatchObject({ status: 500 });
    expect(server.model.asked.length).toBe(1);
  });

  it("for now is sent again after the wait that the server asks for, and is then a prediction of its own", async () => {
    failing(["Overloaded", "too many rows wait"]);
    const before = performance.now();
    const { predictionId } = await flights.predict([row]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(999);
    expect(server.model.asked.map(({ id }) => id === predictionId)).toEqual([false, true]);
  });

  it("for now is told at once where the wait would be too long", async () => {
    failing(["NotReady", "no version is loaded"]);
    const before = performance.now();
    await expect(flights.predict([row], { timeoutMs: 900 })).rejects.toMatchObject({ status: 503, message: "no version is loaded" });
    expect(performance.now() - before).toBeLessThan(800);
  });
});

describe("waiting", () => {
  const ends: (() => void)[] = [];
  const untilTheEnd = () => new Promise<never>((_, reject) => ends.push(() => reject(new RelearnError("InferenceLimit", "the time is over"))));
  afterAll(() => ends.forEach((end) => end()));

  it("ends with the time, of which the server hears, and with the caller's signal", async () => {
    server.model.fails = untilTheEnd;
    const before = performance.now();
    await expect(flights.predict([row], { timeoutMs: 200 })).rejects.toEqual(new ClientError(null, "no answer within 200 ms"));
    expect(asked().deadline - before).toBeLessThan(1_000);
    const controller = new AbortController();
    const given = flights.predict([row], { signal: controller.signal });
    controller.abort(new Error("nobody looks any more"));
    await expect(given).rejects.toThrow("nobody looks any more");
    await expect(flights.infer({ x: Float32Array.of(1) }, { signal: controller.signal })).rejects.toThrow("nobody looks any more");
  });

  it("ends with the caller's signal also between two attempts", async () => {
    server.model.fails = () => Promise.reject(new RelearnError("Overloaded", "too many rows wait"));
    const controller = new AbortController();
    const counted = connect(server.url, { fetch: async (url, init) => fetch(url, init).finally(() => setTimeout(() => controller.abort(), 50)) });
    await expect(counted.model("flights").predict([row], { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("leaves nothing at a signal that lives on", async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await flights.predict([row], { signal });
    expect(added.mock.calls.map(([, listener]) => listener)).toEqual(removed.mock.calls.map(([, listener]) => listener));
    expect(added).toHaveBeenCalledOnce();
  });

  it.each([0, -1, Number.NaN, 2 ** 31])("takes no timeout of %d ms", async (timeoutMs) => {
    await expect(flights.predict([row], { timeoutMs })).rejects.toThrow(`found ${timeoutMs}`);
  });
});

describe("what is no such server", () => {
  let other: Server;
  let reply: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
  let seen: string | undefined;
  beforeAll(async () => {
    other = createServer((request, response) => {
      seen = `${request.method} ${request.url} ${request.headers.authorization}`;
      request.resume();
      response.writeHead(reply.status, reply.headers ?? {}).end(reply.body);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void other.close());
  const at = (path = "") => connect(`http://127.0.0.1:${(other.address() as AddressInfo).port}${path}`, { token: "abc" });

  it.each([
    [{ status: 502, body: "<html>bad gateway" }, { status: 502, message: "<html>bad gateway" }],
    [{ status: 503, body: "" }, { status: 503, message: "status 503 without a word" }],
    [{ status: 200, body: "<html>welcome" }, { status: 200, message: "the reply is not JSON: <html>welcome" }],
    [{ status: 200, body: "{}" }, { status: 200, message: expect.stringContaining("has no predictions") }],
  ])("is told by its reply %j", async (said, expected) => {
    reply = said;
    await expect(at().model("flights").predict([{ x: 1 }])).rejects.toMatchObject(expected);
  });

  it.each([
    ["an output that ends early", { name: "score", shape: [1], datatype: "FP32", parameters: { binary_data_size: 8 } }, 'the reply ends inside its output "score"'],
    ["half a number", { name: "score", shape: [1], datatype: "FP64", parameters: { binary_data_size: 4 } }, "4 bytes of FP64"],
    ["half a text", { name: "label", shape: [1], datatype: "BYTES", parameters: { binary_data_size: 4 } }, "ends inside a text"],
    ["a type that nobody knows", { name: "x", shape: [1], datatype: "BF16", data: [1] }, "a tensor of BF16"],
  ])("may answer with %s", async (_, output, says) => {
    const json = JSON.stringify({ model_version: "1", parameters: {}, outputs: [output] });
    reply = { status: 200, body: `${json}\x01\x01\x01\x01`, headers: { "Inference-Header-Content-Length": String(json.length) } };
    await expect(at().model("flights").infer({ x: Float32Array.of(1) })).rejects.toThrow(says);
  });

  it("is asked under the path of its URL, with the token", async () => {
    reply = { status: 200, body: "{}" };
    expect(await at("/models/").model("a/b").ready()).toBe(true);
    expect(seen).toBe("GET /models/v2/models/a%2Fb/ready Bearer abc");
  });

  it("does not answer at all", async () => {
    await expect(connect("http://127.0.0.1:1").ready()).rejects.toMatchObject({ status: null, message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 does not answer: /) });
  });

  it.each(["", "secret\n", "a secret", "secr\u00e9t"])("takes no token like %j, and does not repeat it", (token) => {
    expect(() => connect("http://127.0.0.1:8080", { token })).toThrow(/^token: expected 1 to 512/);
    expect(() => connect("http://127.0.0.1:8080", { token })).not.toThrow(/secr/);
  });

  it.each(["", "flights", "ftp://x", "http://u:secret@x"])("has no URL like %j", (url) => {
    expect(() => connect(url)).toThrow(/^expected a URL such as http:\/\/127\.0\.0\.1:8080/);
    expect(() => connect(url)).not.toThrow(/secret/);
  });
});
