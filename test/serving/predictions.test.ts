import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { contractOf, everyRow, fakeModel } from "./fake-models.ts";
import { openServer, type OpenServer } from "./open-server.ts";

let server: OpenServer;
beforeAll(async () => {
  server = await openServer({}, {}, [fakeModel(contractOf({ x: { type: "number" } }, { model: "delay", task: "regression", classes: null, v: 7, digest: "e".repeat(64) }), [0.1])]);
});
afterAll(() => server.close());
beforeEach(() => void (server.model.fails = null));

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(server.url + path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
};
const asked = () => server.model.asked.at(-1)!;
const predict = (row: unknown, more: object = {}) => post("/v1/models/flights:predict", { instances: [row], ...more });
const values = (): Record<string, unknown> => Object.fromEntries(Object.keys(everyRow).map((name, i) => [name, [...(asked().batch.columns[i] as Iterable<unknown>)]]));

describe("rows as objects", () => {
  it("become columns as the model takes them, and come back with a label and a score a class", async () => {
    const { status, body, headers } = await predict(everyRow);
    expect(body).toEqual({ predictions: [{ label: "1", score: { 0: 0.25, 1: 0.75 } }], model_version: "3", digest: "d".repeat(64), prediction_id: asked().id, variant: "champion" });
    expect(status).toBe(200);
    expect(["version", "digest", "prediction-id", "variant"].map((name) => headers.get(`relearn-${name}`))).toEqual(["3", "d".repeat(64), asked().id, "champion"]);
    expect(values()).toEqual({ carrier: ["UA"], note: ["späť"], hour: [17n], distance: [1089.5], precip: [Number.NaN], exact: [0.1], weekend: [1], at: [1_362_141_000_000_250n], place: [1, 2, 3] });
  });

  it("of a regression come back as values", async () => {
    expect((await post("/v1/models/delay:predict", { instances: [{ x: 1 }, { x: 2 }] })).body).toMatchObject({ predictions: [{ value: Math.fround(0.1) }, { value: Math.fround(0.1) }], model_version: "7" });
  });

  it.each([
    ["a missing input", { hour: undefined }, /input "hour" is missing in row 0$/],
    ["an unknown name", { hours: 1 }, /row 0 has "hours", which is no input of flights; its inputs are carrier, note/],
    ["text for a number", { distance: "far" }, /input "distance", row 0: expected a number, found "far"/],
    ["null for a number that may not be null", { distance: null }, /input "distance", row 0: expected a number, found null/],
    ["null for an integer", { hour: null }, /input "hour", row 0: expected a whole number, found null/],
    ["a fraction for an integer", { hour: 1.5 }, /input "hour", row 0: expected a whole number, found 1.5/],
    ["an integer that a JSON number rounds", { hour: 2 ** 53 }, /below 2\^53, or a larger one as a string/],
    ["more than 64 bits", { hour: "9223372036854775808" }, /a whole number of 64 bits/],
    ["a number that float32 cannot hold", { distance: 1e39 }, /a finite number that float32 can hold/],
    ["a time without a zone", { at: "2013-03-01 12:30" }, /input "at", row 0: expected a UTC instant/],
    ["a shorter embedding", { place: [1, 2] }, /input "place", row 0: expected a list of 3 numbers, found "?a list of 2/],
    ["a null inside an embedding", { place: [1, null, 3] }, /input "place", row 0: expected a number, found null/],
    ["a number for a category", { carrier: 7 }, /input "carrier", row 0: expected a string or null, found 7/],
    ["a list for a boolean", { weekend: [true] }, /input "weekend", row 0: expected true or false or null/],
  ])("with %s are refused by name", async (_, change, says) => {
    const { status, body } = await predict({ ...everyRow, ...change });
    expect({ status, error: body["error"] }).toEqual({ status: 400, error: expect.stringMatching(says) });
  });

  it("take whole numbers beyond 2^53 as strings, and nulls where a column may be null", async () => {
    expect((await predict({ ...everyRow, hour: "9007199254740993", carrier: null, weekend: null, exact: null, at: 5 })).status).toBe(200);
    expect(values()).toMatchObject({ hour: [9_007_199_254_740_993n], carrier: [""], weekend: [Number.NaN], exact: [Number.NaN], at: [5n] });
  });

  it("may carry fields for the log that are no features", async () => {
    expect((await post("/v1/models/flights:predict", { instances: [{ ...everyRow, consent: true }, everyRow] })).status).toBe(200);
    expect(server.records.at(-1)!.extras).toEqual({ consent: [true, null] });
  });

  it("are asked of a version by its number", async () => {
    expect((await post("/v1/models/flights/versions/3:predict", { instances: [everyRow] })).status).toBe(200);
    expect(asked().version).toBe(3);
    expect((await post("/v1/models/flights/versions/4:predict", { instances: [everyRow] })).status).toBe(404);
  });
});

describe("a prediction", () => {
  it("sticks by its key, has its event time in the log, and waits no longer than it says", async () => {
    const before = performance.now();
    await predict(everyRow, { parameters: { key: "u1", at: "2013-03-01T00:00:00Z", timeout_ms: 250 } });
    expect(asked().key).toBe("u1");
    expect(server.records.at(-1)!.at).toBe(Date.UTC(2013, 2, 1));
    expect(asked().deadline - before).toBeLessThan(2000);
  });

  it.each([
    ["Overloaded", 429, "1"], ["NotReady", 503, "1"], ["InferenceLimit", 504, null], ["ModelRefused", 500, null], ["InferenceFailed", 500, null],
  ] as const)("that fails with %s is answered with %i, and kept in the log", async (type, status, retry) => {
    server.model.fails = () => Promise.reject(new RelearnError(type, `because of /home/x/secret.onnx and s3://bucket/key`));
    const reply = await predict(everyRow);
    expect({ status: reply.status, retry: reply.headers.get("retry-after") }).toEqual({ status, retry });
    expect(reply.body["error"]).not.toMatch(/home|s3:/);
    expect(server.records.at(-1)).toMatchObject({ error: type, scores: null });
    // Callers who are told to come back do so often: that is no line in the server's log each.
    expect(server.reported.splice(0)).toHaveLength(status >= 500 && type !== "NotReady" ? 1 : 0);
  });

  it("of NaN is no answer", async () => {
    server.model.fails = () => Promise.resolve({ contract: server.model.contract(null), variant: "champion", scores: Float32Array.of(Number.NaN, 0), queuedMs: 0, computeMs: 0 }) as Promise<never>;
    expect(await predict(everyRow)).toMatchObject({ status: 500, body: { error: expect.stringContaining("no usable answer") } });
  });
});

describe("MLflow's scoring protocol", () => {
  const columns = Object.keys(everyRow);
  it.each([
    ["dataframe_split", { dataframe_split: { columns, data: [Object.values(everyRow)] } }],
    ["dataframe_records", { dataframe_records: [everyRow] }],
    ["instances", { instances: [everyRow] }],
    ["inputs by column", { inputs: Object.fromEntries(columns.map((name) => [name, [everyRow[name]]])) }],
    ["inputs by row", { inputs: [everyRow] }],
  ])("takes %s", async (_, body) => {
    expect(await post("/invocations?model=flights", body)).toMatchObject({ status: 200, body: { predictions: [{ label: "1" }] } });
    expect(values()).toMatchObject({ hour: [17n], place: [1, 2, 3] });
  });

  it("needs to be told which of several models, and one form of rows", async () => {
    expect(await post("/invocations", { instances: [everyRow] })).toMatchObject({ status: 400, body: { error: "this server has 2 models: say which with ?model=NAME" } });
    expect(await post("/invocations?model=flights", { instances: [], inputs: [] })).toMatchObject({ status: 400, body: { error: expect.stringContaining("exactly one of") } });
  });
});

describe("feedback", () => {
  it("is taken item by item", async () => {
    const { body } = await post("/v1/feedback", { items: [{ prediction_id: "p-1", label: true }, { prediction_id: "x", row: 2, label: "1", at: "2013-03-01T00:00:00Z" }] });
    expect(body).toEqual({ accepted: 1, results: [{ prediction_id: "p-1", accepted: true }, { prediction_id: "x", accepted: false, reason: "it was not issued here" }] });
    expect(await post("/v1/feedback", { items: [7] })).toMatchObject({ status: 400, body: { error: "item 0: expected an object, found 7" } });
  });
});
