import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractOf, fakeModel, type FakeModel } from "./fake-models.ts";
import { openServer, type OpenServer } from "./open-server.ts";

const oip: FakeModel = fakeModel(contractOf({ x: { type: "number" }, wide: { type: "number", wide: true, nullable: true }, n: { type: "integer" }, s: { type: "category", nullable: true }, b: { type: "boolean" }, e: { type: "embedding", size: 2 } }, { model: "oip", classes: ["no", "yes"] }));
const single: FakeModel = fakeModel(contractOf({ e: { type: "embedding", size: 2 } }, { model: "single", task: "regression", classes: null }));
let server: OpenServer;
beforeAll(async () => void (server = await openServer({}, {}, [oip, single])));
afterAll(() => server.close());

interface Tensor { name: string; shape: unknown; datatype: unknown; data?: unknown; parameters?: unknown }
const inputs = (): Tensor[] => [
  { name: "x", shape: [2, 1], datatype: "FP32", data: [1.5, 2] }, { name: "wide", shape: [2], datatype: "FP64", data: [0.1, null] }, { name: "n", shape: [2, 1], datatype: "INT64", data: [[1], ["-9223372036854775808"]] },
  { name: "s", shape: [2, 1], datatype: "BYTES", data: ["a", null] }, { name: "b", shape: [2, 1], datatype: "BOOL", data: [true, false] }, { name: "e", shape: [2, 2], datatype: "FP32", data: [[1, 2], [3, 4]] },
];
const changed = (at: number, change: object): Tensor[] => inputs().map((input, i) => (i === at ? { ...input, ...change } : input));
const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, model = "oip") => fetch(`${server.url}/v2/models/${model}/infer`, { method: "POST", headers, body });
const infer = async (body: object) => {
  const response = await send(JSON.stringify(body));
  return { status: response.status, body: (await response.json()) as { error?: string; outputs?: { name: string; data: unknown }[] } };
};
const columns = (model = oip) => model.asked.at(-1)!.batch.columns.map((values) => [...(values as Iterable<unknown>)]);

/** JSON, then each input's bytes. */
function binary(header: object, tensors: readonly Buffer[]): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const json = Buffer.from(JSON.stringify(header));
  return { body: new Uint8Array(Buffer.concat([json, ...tensors])), headers: { "content-type": "application/octet-stream", "inference-header-content-length": String(json.length) } };
}
const raw = (values: ArrayBufferView): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const texts = (...values: string[]): Buffer => Buffer.concat(values.map((value) => Buffer.concat([raw(Uint32Array.of(Buffer.byteLength(value))), Buffer.from(value)])));
const tensors = (): Buffer[] => [raw(Float32Array.of(1.5, 2)), raw(Float64Array.of(0.1, Number.NaN)), raw(BigInt64Array.of(1n, -(2n ** 63n))), texts("a", ""), Buffer.of(1, 0), raw(Float32Array.of(1, 2, 3, 4))];
const binaryInputs = (parts = tensors(), change: (input: Tensor, at: number) => object = () => ({})) => inputs().map(({ data: _, ...input }, i) => ({ ...input, parameters: { binary_data_size: parts[i]!.length }, ...change({ ...input }, i) }));
const taken = [[1.5, 2], [0.1, Number.NaN], [1n, -(2n ** 63n)], ["a", ""], [1, 0], [1, 2, 3, 4]];

describe("the Open Inference Protocol", () => {
  it("answers JSON with every output, the caller's id, and who answered", async () => {
    const { status, body } = await infer({ id: "mine", inputs: inputs(), parameters: { key: "u1", somebody: "else's" } });
    expect(columns()).toEqual(taken);
    expect(status).toBe(200);
    expect(body).toEqual({
      model_name: "oip", model_version: "3", id: "mine", parameters: { digest: "d".repeat(64), prediction_id: oip.asked.at(-1)!.id, variant: "champion" },
      outputs: [{ name: "label", shape: [2], datatype: "BYTES", data: ["yes", "yes"] }, { name: "score", shape: [2, 2], datatype: "FP32", data: [0.25, 0.75, 0.25, 0.75] }],
    });
  });

  it("takes binary data, and gives it where it is asked for", async () => {
    const parts = tensors();
    const request = binary({ inputs: binaryInputs(parts), parameters: { binary_data_output: true }, outputs: [{ name: "score" }, { name: "label", parameters: { binary_data: false } }] }, parts);
    const response = await send(request.body, request.headers);
    const body = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get("inference-header-content-length"));
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(JSON.parse(body.subarray(0, length).toString())).toMatchObject({ outputs: [{ name: "score", shape: [2, 2], parameters: { binary_data_size: 16 } }, { name: "label", data: ["yes", "yes"] }] });
    expect(body.subarray(length)).toEqual(raw(Float32Array.of(0.25, 0.75, 0.25, 0.75)));
    expect(columns()).toEqual(taken);
  });

  it("gives labels as bytes with their lengths", async () => {
    const response = await send(JSON.stringify({ inputs: inputs(), outputs: [{ name: "label", parameters: { binary_data: true } }] }));
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.subarray(Number(response.headers.get("inference-header-content-length")))).toEqual(texts("yes", "yes"));
  });

  it("takes the bare values of a model's only input", async () => {
    const response = await send(new Uint8Array(raw(Float32Array.of(1, 2, 3, 4, 5, 6))), { "inference-header-content-length": "0" }, "single");
    const body = Buffer.from(await response.arrayBuffer());
    expect(columns(single)).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect(body.subarray(Number(response.headers.get("inference-header-content-length")))).toEqual(raw(Float64Array.of(0.5, 0.5, 0.5)));
    expect((await send("xxxx", { "inference-header-content-length": "0" })).status).toBe(400);
  });

  it("takes gzip, of JSON and of binary data", async () => {
    expect((await send(new Uint8Array(gzipSync(JSON.stringify({ inputs: inputs() }))), { "content-encoding": "gzip" })).status).toBe(200);
    const request = binary({ inputs: binaryInputs() }, tensors());
    expect((await send(new Uint8Array(gzipSync(request.body)), { ...request.headers, "content-encoding": "gzip" })).status).toBe(200);
    expect((await send("x", { "content-encoding": "deflate" })).status).toBe(415);
  });

  it.each([
    ["FP64", raw(Float64Array.of(1.5, 2))], ["FP16", raw(Uint16Array.of(0x3e00, 0x4000))], ["INT8", Buffer.of(1, 2)], ["UINT64", raw(BigUint64Array.of(1n, 2n ** 40n))],
  ])("takes %s for a float column where nothing is lost", async (datatype, bytes) => {
    const parts = tensors().map((part, i) => (i === 0 ? bytes : part));
    const request = binary({ inputs: binaryInputs(parts, (_, i) => (i === 0 ? { datatype } : {})) }, parts);
    expect((await send(request.body, request.headers)).status).toBe(200);
    expect(columns()[0]).toEqual([datatype.startsWith("F") ? 1.5 : 1, datatype === "UINT64" ? 2 ** 40 : 2]);
  });

  it.each([
    ["a missing input", inputs().slice(1), /input "x" is missing/],
    ["an unknown input", [...inputs(), { name: "y", shape: [2], datatype: "FP32", data: [1, 2] }], /"y" is no input of oip; its inputs are x, wide, n, s, b, e/],
    ["an input twice", [...inputs(), inputs()[0]!], /input "x" is there twice/],
    ["another number of rows", changed(1, { shape: [3, 1], data: [1, 2, 3] }), /input "wide" has 3 rows, and the inputs before it have 2/],
    ["one row among two", changed(1, { shape: [1, 1], data: [1] }), /input "wide" has 1 row, and the inputs before it have 2/],
    ["another width", changed(5, { shape: [2, 3] }), /input "e": expected shape \[n,2\], found \[2,3\]/],
    ["a shape of a thousand million", changed(0, { shape: [1e9, 1] }), /at most 10000 are taken at once/],
    ["a negative shape", changed(0, { shape: [-1, 1] }), /expected shape \[n,1\] or \[n\], found \[-1,1\]/],
    ["no shape", changed(0, { shape: undefined }), /expected shape/],
    ["too few values", changed(0, { data: [1] }), /its shape makes 2 values, found 1/],
    ["ragged rows", changed(5, { data: [[1, 2], [3]] }), /each row is a list of 2 values, found a list of 1/],
    ["a datatype the column cannot take", changed(2, { datatype: "FP32" }), /input "n": expected datatype INT64 \(or INT8, .*\), found "FP32"/],
    ["an unknown datatype", changed(0, { datatype: "__proto__" }), /expected datatype FP32/],
    ["no data", changed(0, { data: undefined }), /expected a list as data, found undefined/],
    ["a binary size without binary data", changed(0, { data: undefined, parameters: { binary_data_size: 8 } }), /no header Inference-Header-Content-Length/],
    ["a boolean of 2", changed(4, { data: [2, 0] }), /input "b", row 0: expected true or false, found 2/],
  ])("refuses %s by name", async (_, bad, says) => {
    const { status, body } = await infer({ inputs: bad });
    expect({ status, error: body.error }).toEqual({ status: 400, error: expect.stringMatching(says) });
  });

  it.each([
    ["a size beyond the body", (parts: Buffer[]) => binary({ inputs: binaryInputs(parts, (_, i) => (i === 5 ? { parameters: { binary_data_size: 1000 } } : {})) }, parts), /binary_data_size is 1000, and 16 bytes are left/],
    ["bytes that are left over", (parts: Buffer[]) => binary({ inputs: binaryInputs(parts) }, [...parts, Buffer.alloc(3)]), /3 bytes after its last input/],
    ["another size than the shape makes", (parts: Buffer[]) => binary({ inputs: binaryInputs(parts, (_, i) => (i === 0 ? { shape: [3, 1] } : { shape: [3, i === 5 ? 2 : 1] })) }, parts), /input "x": its shape makes 12 bytes of FP32, found 8/],
    ["a string that reaches beyond its data", (parts: Buffer[]) => (parts[3]!.writeUInt32LE(99, 0), binary({ inputs: binaryInputs(parts) }, parts)), /input "s": value 0 of BYTES reaches beyond its data/],
    ["a string that is not UTF-8", (parts: Buffer[]) => ((parts[3]![4] = 0xff), binary({ inputs: binaryInputs(parts) }, parts)), /input "s": value 0 is not UTF-8/],
    ["NaN where there is no null", (parts: Buffer[]) => (parts[0]!.writeFloatLE(Number.NaN, 0), binary({ inputs: binaryInputs(parts) }, parts)), /input "x", row 0: expected a number, found "NaN"/],
    ["an infinity", (parts: Buffer[]) => (parts[1]!.writeDoubleLE(Infinity, 0), binary({ inputs: binaryInputs(parts) }, parts)), /input "wide", row 0: expected a finite number/],
  ])("refuses binary data with %s", async (_, make, says) => {
    const request = make(tensors());
    const response = await send(request.body, request.headers);
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 400, body: { error: expect.stringMatching(says) } });
  });

  it("refuses an output that is not there, one twice, and Triton's classification", async () => {
    for (const outputs of [[{ name: "value" }], [{ name: "label" }, { name: "label" }], [{ name: "label", parameters: { classification: 2 } }]]) expect((await infer({ inputs: inputs(), outputs })).status).toBe(400);
    expect((await infer({ inputs: inputs(), outputs: [{ name: "score" }] })).body.outputs!.map(({ name }) => name)).toEqual(["score"]);
  });
});

describe("what a server says of itself", () => {
  const get = async (path: string) => {
    const response = await fetch(server.url + path);
    return { status: response.status, body: (await response.json()) as unknown };
  };

  it("is its health, its models and what they take", async () => {
    expect(await get("/v2/health/live")).toEqual({ status: 200, body: { live: true } });
    expect(await get("/v2/health/ready")).toMatchObject({ status: 200, body: { ready: true } });
    expect(await get("/v2")).toEqual({ status: 200, body: { name: "relearn", version: "1.2.3", extensions: ["binary_tensor_data", "model_repository"] } });
    expect(await get("/v2/models/oip/versions/3")).toMatchObject({ status: 200, body: {
      name: "oip", versions: ["3"], platform: "onnx_onnxv1",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 1] }, { name: "wide", datatype: "FP64", shape: [-1, 1] }, { name: "n", datatype: "INT64", shape: [-1, 1] }, { name: "s", datatype: "BYTES", shape: [-1, 1] }, { name: "b", datatype: "FP32", shape: [-1, 1] }, { name: "e", datatype: "FP32", shape: [-1, 2] }],
      outputs: [{ name: "label", datatype: "BYTES", shape: [-1] }, { name: "score", datatype: "FP32", shape: [-1, 2] }],
    } });
    expect(await get("/v2/models/single")).toMatchObject({ body: { outputs: [{ name: "value", datatype: "FP64", shape: [-1, 1] }] } });
    expect(await get("/v2/models/oip/ready")).toEqual({ status: 200, body: { name: "oip", ready: true } });
    expect((await get("/v2/models/none")).status).toBe(404);
  });

  it("is not ready while a model does not answer", async () => {
    single.ready = false;
    try {
      expect(await get("/v2/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
      expect(await get("/v2/models/single/ready")).toMatchObject({ status: 503 });
      const index = async (body?: string) => (await fetch(`${server.url}/v2/repository/index`, { method: "POST", ...(body === undefined ? {} : { body }) })).json() as Promise<{ name: string; state: string }[]>;
      expect((await index()).map(({ name, state }) => `${name} ${state}`)).toEqual(["flights READY", "oip READY", "single UNAVAILABLE"]);
      expect((await index('{"ready":true}')).map(({ name }) => name)).toEqual(["flights", "oip"]);
    } finally {
      single.ready = true;
    }
  });

  it("is that a version answers instead of one that cannot be loaded", async () => {
    single.insteadOf = 4;
    try {
      expect(await get("/v2/models/single/ready")).toEqual({ status: 200, body: { name: "single", instead_of: "4", ready: true } });
      expect(await get("/v2/health/ready")).toMatchObject({ status: 200, body: { models: expect.arrayContaining([{ name: "single", instead_of: "4", ready: true }]) as unknown } });
      expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('relearn_model_instead_of{model="single"} 4');
    } finally {
      single.insteadOf = null;
    }
  });

  it("is its figures", async () => {
    await infer({ inputs: inputs() });
    await infer({ inputs: [] });
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/relearn_requests_total\{model="oip",version="3",variant="champion",outcome="ok"\} [1-9]/);
    expect(text).toMatch(/relearn_requests_total\{model="oip",version="",variant="",outcome="InvalidInput"\} [1-9]/);
    expect(text).toMatch(/relearn_queue_seconds_bucket\{model="oip",version="3",variant="champion",le="0.0001"\} [1-9]/);
    expect(text).toMatch(/relearn_compute_seconds_count\{model="oip",version="3",variant="champion"\} [1-9]/);
    expect(text).toContain(`relearn_model_loaded{model="oip",version="3",digest="${"d".repeat(64)}"} 1`);
    expect(text).toContain('relearn_model_pinned{model="oip"} 0');
  });
});
