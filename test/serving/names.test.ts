import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shown } from "../../serving/protocol/refuse.ts";
import { everyRow } from "./fake-models.ts";
import { openServer, type OpenServer } from "./open-server.ts";

let server: OpenServer;
beforeAll(async () => void (server = await openServer()));
afterAll(() => server.close());

const long = "x".repeat(14_000);
const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`name ${i}`, 1]));
const post = async (path: string, body: unknown) => {
  const response = await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
};

describe("no name of a caller's is repeated at length", () => {
  it.each<[string, string, unknown]>([
    ["a model that does not exist", `/invocations?model=${long}`, {}],
    ["a field of the body", "/v1/models/flights:predict", { [long]: 1 }],
    ["a field of a row", "/v1/models/flights:predict", { instances: [{ ...everyRow, [long]: 1 }] }],
    ["fields of a row", "/v1/models/flights:predict", { instances: [{ ...everyRow, ...many }] }],
    ["columns of a data frame", "/invocations", { dataframe_split: { columns: Object.keys(many), data: [] } }],
    ["lists of inputs", "/invocations", { inputs: Object.fromEntries(Object.keys(many).map((name) => [name, [1]])) }],
    ["an input", "/v2/models/flights/infer", { inputs: [{ name: long }] }],
    ["an input that is an object", "/v2/models/flights/infer", { inputs: [{ name: many }] }],
    ["a datatype", "/v2/models/flights/infer", { inputs: [{ name: "hour", datatype: long }] }],
    ["a shape", "/v2/models/flights/infer", { inputs: [{ name: "hour", datatype: "INT64", shape: Object.values(many) }] }],
    ["a parameter's key", "/v1/models/flights:predict", { instances: [everyRow], parameters: { key: long } }],
    ["parameters that are a text", "/v1/models/flights:predict", { instances: [everyRow], parameters: long }],
    ["a request's id", "/v2/models/flights/infer", { id: long, inputs: [] }],
    ["a field of feedback", "/v1/feedback", { items: [], [long]: 1 }],
  ])("%s", async (_, path, body) => {
    const { status, text } = await post(path, body);
    expect([400, 404]).toContain(status);
    expect(text.length).toBeLessThan(700);
  });

  it("a version that does not exist, nor what is no path", async () => {
    for (const path of [`/v2/models/${long}`, "/v2/models/flights/versions/999999999"]) expect((await (await fetch(server.url + path)).text()).length).toBeLessThan(200);
  });
});

it("the names of columns are looked at before any row is made of them", async () => {
  const { text } = await post("/invocations", { dataframe_split: { columns: ["hour", "nobody's"], data: [[1]] } });
  expect(text).toContain("nobody's");
});

it("no name of a caller's becomes a label of a metric, and unknown parameters are nobody's", async () => {
  for (const name of ["ghost-model", "ghost column"]) {
    await post(`/v2/models/${name}/infer`, {});
    await post(`/invocations?model=${name}`, {});
    await post("/v1/models/flights:predict", { instances: [everyRow], parameters: { [name]: 1, key: name } });
  }
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('relearn_requests_total{model="flights"');
  expect(metrics).not.toContain("ghost");
});

it("a value is shown short, whatever it is", () => {
  expect([1, "a", null, true, [1, 3], [["a"]], new Array(9).fill(0), { a: 1 }, 2n ** 70n, undefined].map(shown)).toEqual(["1", '"a"', "null", "true", "[1,3]", "a list of 1", "a list of 9", "an object", "1180591620717411303424", "undefined"]);
  expect(shown("x".repeat(100))).toHaveLength(60);
});
