import { gzipSync } from "node:zlib";
import { everyColumn, everyRow } from "./fake-models.ts";

/** What is sent. `parts` go out one by one, so that a body comes in chunks of its own. */
export interface Mutant {
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: readonly Buffer[];
  /** Bytes were changed blindly: it may have stayed a request that is answered. */
  readonly blind: boolean;
}

type Random = () => number;
type Tensor = Record<string, unknown>;
type Change = (random: Random) => Partial<Omit<Mutant, "kind">> | string;

const predict = "/v1/models/flights:predict";
const infer = "/v2/models/flights/infer";
const names = Object.keys(everyColumn);
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const raw = (values: ArrayBufferView): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
const text = (value: string): Buffer => Buffer.concat([raw(Uint32Array.of(Buffer.byteLength(value))), Buffer.from(value)]);

/** Tensors of one good row, their values in JSON and as bytes. */
const tensors: readonly { readonly tensor: Tensor; readonly bytes: Buffer }[] = [
  { tensor: { name: "carrier", datatype: "BYTES", shape: [1, 1], data: ["UA"] }, bytes: text("UA") }, { tensor: { name: "note", datatype: "BYTES", shape: [1, 1], data: ["x"] }, bytes: text("x") },
  { tensor: { name: "hour", datatype: "INT64", shape: [1, 1], data: [17] }, bytes: raw(BigInt64Array.of(17n)) }, { tensor: { name: "distance", datatype: "FP32", shape: [1, 1], data: [1089] }, bytes: raw(Float32Array.of(1089)) },
  { tensor: { name: "precip", datatype: "FP32", shape: [1, 1], data: [0] }, bytes: raw(Float32Array.of(0)) }, { tensor: { name: "exact", datatype: "FP64", shape: [1, 1], data: [0.1] }, bytes: raw(Float64Array.of(0.1)) },
  { tensor: { name: "weekend", datatype: "BOOL", shape: [1, 1], data: [true] }, bytes: Buffer.of(1) }, { tensor: { name: "at", datatype: "INT64", shape: [1, 1], data: [5] }, bytes: raw(BigInt64Array.of(5n)) },
  { tensor: { name: "place", datatype: "FP32", shape: [1, 3], data: [1, 2, 3] }, bytes: raw(Float32Array.of(1, 2, 3)) },
];
const inferBody = (change: (tensor: Tensor, i: number) => Tensor | null = (tensor) => tensor, more: object = {}): string => JSON.stringify({ inputs: tensors.map(({ tensor }, i) => change(tensor, i)).filter((tensor) => tensor !== null), ...more });
const rows = (change: object): string => JSON.stringify({ instances: [{ ...everyRow, ...change }] });
const good = (random: Random): Partial<Mutant> => (random() < 0.5 ? { path: predict, parts: [Buffer.from(rows({}))] } : { path: infer, parts: [Buffer.from(inferBody())] });

function binary(change: (tensor: Tensor, i: number) => Tensor = (tensor) => tensor, spoil: (bytes: Buffer, i: number) => Buffer = (bytes) => bytes, length = 0): Partial<Mutant> {
  const tail = tensors.map(({ bytes }, i) => spoil(Buffer.from(bytes), i));
  const json = Buffer.from(JSON.stringify({ inputs: tensors.map(({ tensor: { data: _, ...tensor }, bytes }, i) => change({ ...tensor, parameters: { binary_data_size: bytes.length } }, i)) }));
  return { path: infer, headers: { "inference-header-content-length": String(json.length + length) }, parts: [Buffer.concat([json, ...tail])] };
}

const at = (random: Random): number => Math.floor(random() * tensors.length);
const one = (i: number, change: object) => (tensor: Tensor, j: number): Tensor => (i === j ? { ...tensor, ...change } : tensor);
const wrongFor = (name: string, random: Random): unknown => pick(random, everyColumn[name]!.type === "embedding" ? [1, [1], [1, 2, "3"], [[1, 2, 3]], null] : everyColumn[name]!.type === "category" || name === "note" ? [1, true, [], ["a"], { a: 1 }] : ["far", {}, [], [1], 1e39, 1.5e300, "NaN", "Infinity"].filter((value) => !(name === "exact" && typeof value === "number")));
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

const changes: Readonly<Record<string, Change>> = {
  "a column left out": (random) => rows({ [pick(random, names)]: undefined }),
  "a column that is unknown": (random) => rows({ [`${pick(random, names)}${Math.floor(random() * 1e6)}`]: 1 }),
  "a value of another type": (random) => { const name = pick(random, names); return rows({ [name]: wrongFor(name, random) }); },
  "null where there is none": (random) => rows({ [pick(random, ["note", "hour", "distance", "at", "place"])]: null }),
  "no JSON number": (random) => rows({ distance: "@" }).replace('"@"', pick(random, ["NaN", "Infinity", "-Infinity", "1e999", "0x10", "01", ".5", "+1", "undefined"])),
  "a name twice": (random) => { const name = pick(random, names); return rows({}).replace(`"${name}":`, `"${name}":1,"${name}":`); },
  "a reach for prototypes": (random) => rows({ [pick(random, names)]: 7, x: 1 }).replace('"x":1', pick(random, ['"__proto__":{"x":1}', '"constructor":{"prototype":{}}', '"\\u005f_proto__":1'])),
  "cut off": (random) => { const whole = random() < 0.5 ? rows({}) : inferBody(); return whole.slice(0, Math.floor(random() * (whole.length - 1))); },
  "too deep": (random) => rows({ place: "@" }).replace('"@"', deep(20 + Math.floor(random() * 5000))),
  "no rows": (random) => pick(random, ['{"instances":[]}', "{}", "[]", "null", "7", '"x"', '{"instances":{}}', '{"instances":[[]]}', '{"instances":[null]}', '{"rows":[]}']),
  "too many rows": () => JSON.stringify({ instances: new Array(10_001).fill(0) }),
  "parameters that are none": (random) => JSON.stringify({ instances: [everyRow], parameters: pick<unknown>(random, [7, [], null, { key: {} }, { key: "" }, { key: "k".repeat(300) }, { at: "now" }, { at: 5 }, { timeout_ms: -1 }, { timeout_ms: "soon" }, { timeout_ms: 0 }]) }),
  "an input left out": (random) => { const i = at(random); return { path: infer, parts: [Buffer.from(inferBody((tensor, j) => (i === j ? null : tensor)))] }; },
  "an input twice": (random) => { const i = at(random); return { path: infer, parts: [Buffer.from(inferBody((tensor, j) => (i === j ? tensors[(i + 1) % tensors.length]!.tensor : tensor)))] }; },
  "an input that is unknown": (random) => ({ path: infer, parts: [Buffer.from(inferBody(one(at(random), { name: pick<unknown>(random, ["x", "", 7, null, "toString", "constructor", ["carrier"]]) })))] }),
  "another shape": (random) => ({ path: infer, parts: [Buffer.from(inferBody(one(at(random), { shape: pick<unknown>(random, [[2, 1], [1, 2], [], [0], [-1], [1e9, 1], [1e308], [1.5], ["1"], [1, 1, 1], null, undefined, 7, [2 ** 53, 1], { length: 1 }]) })))] }),
  "another datatype": (random) => ({ path: infer, parts: [Buffer.from(inferBody(one(at(random), { datatype: pick<unknown>(random, ["FLOAT", "fp32", "", null, 7, "FP16", "BF16", "__proto__", "toString", ["FP32"]]) })))] }),
  "other data": (random) => ({ path: infer, parts: [Buffer.from(inferBody(one(at(random), { data: pick<unknown>(random, [[], [1, 2], null, 7, "x", {}, [[1, 2]], [[[1]]], [{}], [null, null]]) })))] }),
  "no list of inputs": (random) => ({ path: infer, parts: [Buffer.from(pick(random, ['{"inputs":[]}', '{"inputs":{}}', "{}", '{"inputs":[7]}', '{"inputs":null}', "[]", '{"id":7,"inputs":[]}']))] }),
  "outputs that are none": (random) => ({ path: infer, parts: [Buffer.from(inferBody(undefined, { outputs: pick<unknown>(random, [7, {}, [7], [{ name: "x" }], [{ name: "value" }], [{}], [{ name: "label" }, { name: "label" }], [{ name: "label", parameters: 7 }], [{ name: "label", parameters: { binary_data: "yes" } }]]) }))] }),
  "another length of binary data": (random) => binary(one(at(random), { parameters: { binary_data_size: pick<unknown>(random, [0, 2, 3, 7, 1e6, -1, 2 ** 53, "8", null, 0.5]) } })),
  "bytes that are too few or too many": (random) => { const i = at(random); return binary(undefined, (bytes, j) => (i === j ? (random() < 0.5 ? bytes.subarray(1) : Buffer.concat([bytes, Buffer.of(0)])) : bytes)); },
  "binary data that are no value": (random) => pick(random, [() => binary(undefined, (bytes, i) => (i === 3 ? raw(Float32Array.of(pick(random, [Number.NaN, Infinity, -Infinity]))) : bytes)), () => binary(undefined, (bytes, i) => (i === 6 ? Buffer.of(2 + Math.floor(random() * 250)) : bytes)), () => binary(undefined, (bytes, i) => (i < 2 ? Buffer.from(bytes.fill(0xff)) : bytes))])(),
  "another length of the JSON": (random) => binary(undefined, undefined, pick(random, [-1, 1, 5, -20, 1e6, 1e12])),
  "a length that is no number": (random) => ({ ...binary(), headers: { "inference-header-content-length": pick(random, ["-1", "x", "1e3", "", "0x10", "99999999999"]) } }),
  "a raw body for many inputs": () => ({ path: infer, headers: { "inference-header-content-length": "0" }, parts: [Buffer.from("abcd")] }),
  "gzip that is none": (random) => ({ headers: { "content-encoding": "gzip" }, parts: [random() < 0.5 ? Buffer.from("not gzip") : gzipSync(rows({})).subarray(0, 10 + Math.floor(random() * 60))] }),
  "a gzip bomb": () => ({ headers: { "content-encoding": "gzip" }, parts: [bomb] }),
  "another encoding": (random) => ({ ...good(random), headers: { "content-encoding": pick(random, ["br", "deflate", "zstd", "gzip, gzip", "x"]) } }),
  "another method": (random) => ({ ...good(random), method: pick(random, ["PUT", "DELETE", "PATCH", "GET"]) }),
  "another path": (random) => ({ ...good(random), path: pick(random, ["/", "/v2/models/", "/v2/models/none/infer", "/v2/models/flights/versions/9/infer", "/v2/models/flights/versions/x/infer", "/v1/models/flights:explain", "/v2//models/flights/infer", "/V2/models/flights/infer", `${predict}/`, "/v2/models/%66lights/infer"]) }),
  "chunks that are cut off JSON": (random) => { const whole = Buffer.from(rows({})).subarray(0, 30 + Math.floor(random() * 60)); return { parts: Array.from({ length: Math.ceil(whole.length / 7) }, (_, i) => whole.subarray(i * 7, i * 7 + 7)) }; },
  "not UTF-8": (random) => { const bytes = Buffer.from(rows({ carrier: "xxxx" })); bytes[bytes.indexOf("xxxx") + Math.floor(random() * 4)] = 0xff; return { parts: [bytes] }; },
  "MLflow's forms wrong": (random) => ({ path: "/invocations", parts: [Buffer.from(pick(random, ["{}", '{"inputs":7}', '{"inputs":{}}', '{"dataframe_split":{"columns":["hour"],"data":[[1,2]]}}', '{"dataframe_split":{"columns":["hour","hour"],"data":[[1,1]]}}', '{"dataframe_split":{"columns":[7],"data":[]}}', '{"dataframe_records":[7]}', '{"inputs":{"hour":[1],"note":["a","b"]}}', '{"instances":[{}],"inputs":[{}]}']))] }),
  "no feedback": (random) => ({ path: "/v1/feedback", parts: [Buffer.from(pick(random, ["{}", "[]", '{"items":[]}', '{"items":7}', '{"items":[7]}', '{"items":[null]}', '{"item":[]}', JSON.stringify({ items: new Array(10_001).fill({}) })]))] }),
};
const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20));
const kinds = Object.keys(changes);

/** A request that was spoilt in one way, by chance; one in ten is spoilt byte by byte instead. */
export function mutate(random: Random): Mutant {
  if (random() < 0.1) return blindly(random);
  const kind = pick(random, kinds);
  const change = changes[kind]!(random);
  return { kind, method: "POST", path: predict, headers: {}, blind: false, parts: [], ...(typeof change === "string" ? { parts: [Buffer.from(change)] } : change) };
}

function blindly(random: Random): Mutant {
  const request = { kind: "bytes changed", method: "POST", path: predict, headers: {}, blind: true, parts: [], ...(random() < 0.3 ? binary() : good(random)) };
  const bytes = Buffer.concat(request.parts);
  for (let i = 0; i < 1 + random() * 5; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return { ...request, parts: [bytes] };
}
