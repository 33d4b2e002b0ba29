import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import ort from "onnxruntime-node";
import type { ModelInput } from "../../inference/signature.ts";

// The limit: node:http that parses the same JSON and calls the same session in its own process, request by request. It checks nothing and
// logs nothing, and its model could take it down.
const [path, inputs] = [process.argv[2]!, JSON.parse(process.argv[3]!) as ModelInput[]];
const session = await ort.InferenceSession.create(await readFile(path), { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });

function tensorOf(type: string, value: unknown): ort.Tensor {
  if (type === "string") return new ort.Tensor("string", [value as string], [1, 1]);
  if (type === "int64") return new ort.Tensor("int64", BigInt64Array.of(BigInt(value as number)), [1, 1]);
  return new ort.Tensor("float32", Float32Array.of((value as number | null) ?? Number.NaN), [1, 1]);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const [row] = (JSON.parse(Buffer.concat(chunks).toString()) as { instances: [Record<string, unknown>] }).instances;
    const { score } = await session.run(Object.fromEntries(inputs.map(({ name, type }) => [name, tensorOf(type, row[name])])), ["score"]);
    const [no, yes] = score!.data as Float32Array;
    const body = JSON.stringify({ predictions: [{ label: yes! > no! ? "1" : "0", score: { 0: no, 1: yes } }] });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
  });
});
server.listen(0, "127.0.0.1", () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("disconnect", () => process.exit());
