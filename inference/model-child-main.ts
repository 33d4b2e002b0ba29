import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { pipeDescriptor } from "../schemas/child-pipe.ts";
import { RelearnError, failureTypeOf } from "../schemas/failures.ts";
import type { Golden } from "../schemas/golden.ts";
import { serveChild } from "../schemas/serve-child.ts";
import { decodeRows, encodeFailure, encodeScores, frameReader, type Frame, type FrameLayout, layoutOf } from "./frames.ts";
import { checkGolden } from "./golden-rows.ts";
import { type LoadedModel, loadModel, type ModelTask } from "./session.ts";
import { warmUp } from "./warm-up.ts";

/** The one message; rows come through the pipe after it. */
export interface OpenModel extends ModelTask {
  /** An empty folder to be in: what a model could still name by a relative path is not there. */
  readonly folder: string;
  readonly path: string;
  readonly sha256: string;
  readonly golden: Golden | null;
  readonly threads: number;
}
export interface OpenedModel { readonly loadMs: number; readonly warmMs: number }

serveChild(async (message) => {
  const start = performance.now();
  const wanted = message as OpenModel;
  process.chdir(wanted.folder);
  const model = await loadModel(await verified(wanted), wanted, wanted.threads);
  if (wanted.golden !== null) await checkGolden(model, wanted.golden);
  const loaded = performance.now();
  await warmUp(model, wanted.golden);
  answerRows(model, wanted.columns.some(({ column }) => column.private === true));
  return { loadMs: loaded - start, warmMs: performance.now() - loaded } satisfies OpenedModel;
});

async function verified({ path, sha256 }: OpenModel): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new RelearnError("Corrupt", `the model file holds ${found.slice(0, 12)} where ${sha256.slice(0, 12)} is to be served: it was changed after it was fetched`);
  return bytes;
}

/** One batch after another, in the order they come. */
function answerRows(model: LoadedModel, discreet: boolean): void {
  const pipe = new Socket({ fd: pipeDescriptor, readable: true, writable: true });
  const layout = layoutOf(model.inputs);
  const frames: Frame[] = [];
  let busy = false;
  const work = async (): Promise<void> => {
    busy = true;
    for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) pipe.write(await answer(model, layout, frame, discreet));
    busy = false;
  };
  pipe.on("data", frameReader(2 ** 31, (frame) => {
    frames.push(frame);
    if (!busy) void work();
  }));
}

/** @param discreet keeps onnxruntime's words back: they may quote a value, and private columns' values never leave memory, not into a log either. */
async function answer(model: LoadedModel, layout: FrameLayout, frame: Frame, discreet: boolean): Promise<Uint8Array> {
  const start = performance.now();
  const { id, batch: { rows, columns } } = decodeRows(layout, frame);
  try {
    const scores = await model.run(new Map(model.inputs.map(({ name }, i) => [name, columns[i]!])), rows);
    return encodeScores(id, rows, performance.now() - start, scores);
  } catch (error) {
    const message = discreet ? "the model failed on these rows; why is not told, because some of its columns are private" : (error as Error).message;
    return encodeFailure(id, performance.now() - start, { type: failureTypeOf(error), message });
  }
}
