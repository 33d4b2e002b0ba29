import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pino from "pino";
import { expect, it } from "vitest";
import { canary, shadow } from "../../index.ts";
import { column } from "../../schemas/column.ts";
import { loadSettings } from "../../schemas/settings.ts";
import { loadServerSettings, openServer } from "../../serving/open-server.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { key } from "../stores/registry-samples.ts";
import { craftModel } from "../support/onnx-writer.ts";
import { eventually } from "../workflows/harness.ts";
import { rolloutStage, type ServedContract, type Stage } from "../workflows/rollout-stage.ts";

/** Two good models of other bytes, and one that turns its answers round. */
const models: Readonly<Record<string, Uint8Array>> = { a: craftModel({ model: [[2, "a"]] }), b: craftModel({ model: [[2, "b"]] }), worse: craftModel({ node: [[4, "Neg"]] }) };

const fixture = (name: string): Uint8Array => readFileSync(resolve(import.meta.dirname, "../fixtures/models", name));
/** Of the fixtures: three columns in, two classes out. */
const delays: ServedContract = { inputs: ([["distance", "number"], ["carrier", "category"], ["delay", "number"]] as const).map(([name, type]) => ({ name, column: column.parse({ type, nullable: true }) })), outputs: { task: "binary", classes: ["0", "1"] } };

const post = (url: string, body: object): Promise<Response> => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Callers who ask a real server without a pause, and count who answered. @param said what comes true of each x, where they say so */
function callers(url: string, model: string, x = (i: number): number => 1 + (i % 17), said?: (x: number) => number, rowOf: (x: number) => object = (given) => ({ x: given })): { readonly failed: string[]; readonly answers: Map<string, number>; stop(): Promise<void> } {
  const [failed, answers] = [[] as string[], new Map<string, number>()];
  let going = true;
  const one = async (id: number): Promise<void> => {
    for (let i = id; going; i += 4) {
      const reply = await post(`${url}/v1/models/${model}:predict`, { instances: [rowOf(x(i))] });
      const body = (await reply.json()) as { model_version?: string; prediction_id?: string };
      if (reply.ok) answers.set(body.model_version!, (answers.get(body.model_version!) ?? 0) + 1);
      else failed.push(`${reply.status} ${JSON.stringify(body)}`);
      if (said !== undefined) await post(`${url}/v1/feedback`, { items: [{ prediction_id: body.prediction_id, label: said(x(i)) }] });
    }
  };
  const all = Promise.all([0, 1, 2, 3].map(one));
  return {
    failed, answers,
    stop: async () => {
      going = false;
      await all;
    },
  };
}

async function withServer(stage: Stage, act: (url: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "relearn-rollout-"));
  const settings = { ...loadSettings({ RELEARN_HOME: home }), s3: stage.s3 };
  const server = await openServer(settings, loadServerSettings({ RELEARN_SERVE_PORT: "0", RELEARN_TRUST_KEYS: publicKeyOf(key) }), pino({ level: "silent" }));
  try {
    await act(server.url);
  } finally {
    await server.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

it("a real server's canary takes over, a worse one goes back, and no caller hears of either", async () => {
  await rolloutStage(canary([20, 60], { each: "PT1S", samples: 100 }), async (stage) => {
    const v = await stage.approved("b");
    await withServer(stage, async (url) => {
      const ready = async (version: number) => (await fetch(`${url}/v2/models/${stage.pipeline}/versions/${version}/ready`)).ok;
      await eventually(() => ready(1), "the server has the champion");
      const asked = callers(url, stage.pipeline);
      try {
        expect(await stage.propose(v)).toEqual({ status: "rolling-out", v });
        expect(await stage.settled()).toEqual({ status: "committed", n: expect.any(Number), v });
        const worse = await stage.approved("worse");
        await stage.propose(worse, "run-worse");
        expect(await stage.settled("run-worse")).toMatchObject({ status: "refused", aborted: true, reason: expect.stringContaining("output_shift") });
        expect([...asked.answers.keys()].sort()).toEqual(["1", String(v), String(worse)]);
      } finally {
        await asked.stop();
      }
      expect(asked.failed).toEqual([]);
    });
    expect((await stage.registry.champion())?.v).toBe(v);
    expect(await stage.problems()).toEqual([]);
  }, { modelOf: (content) => models[content]! });
});

it("a version whose outputs are distributed as the champion's goes back by the labels that callers send", async () => {
  await rolloutStage(canary([50, 60], { each: "PT1S", samples: 100, labels: 100 }), async (stage) => {
    await withServer(stage, async (url) => {
      await eventually(async () => (await fetch(`${url}/v2/models/${stage.pipeline}/versions/1/ready`)).ok, "the server has the champion");
      const asked = callers(url, stage.pipeline, (i) => (i % 17) - 8, (x) => x);
      try {
        await stage.propose(await stage.approved("worse"));
        expect(await stage.settled()).toMatchObject({ status: "refused", aborted: true, reason: expect.stringMatching(/wrong_rate > 0: 0\.9.* labelled predictions, e-value .*, the champion's/) });
      } finally {
        await asked.stop();
      }
      expect(asked.failed).toEqual([]);
    });
    const last = (await stage.entries()).at(-1)!;
    expect(last.operation).toMatchObject({ action: "abort", checks: expect.arrayContaining([expect.objectContaining({ gate: "wrong_rate > 0", answer: "no" })]) });
  }, { modelOf: (content) => models[content]! });
});

it.concurrent.each([
  ["hangs", 1e12],
  ["fills its memory", -3e9],
])("a shadow that %s costs callers nothing, and the champion stays", async (_, distance) => {
  await rolloutStage(shadow({ for: "PT1M", samples: 100, rollbackOn: ["error_rate > 0.01"] }), async (stage) => {
    await withServer(stage, async (url) => {
      await eventually(async () => (await fetch(`${url}/v2/models/${stage.pipeline}/versions/1/ready`)).ok, "the server has the champion");
      const v = await stage.approved("moody");
      let harm = 0;
      const asked = callers(url, stage.pipeline, () => harm, undefined, (far) => ({ distance: far, carrier: "B6", delay: 0.5 }));
      try {
        expect(await stage.propose(v)).toEqual({ status: "rolling-out", v });
        await eventually(async () => (await stage.status()).rollout?.checks.some(({ gate, reason }) => gate === "disagreement" && /^\d+(\.\d+)? % of \d+ answers differ/.test(reason)) === true, "copies are answered and compared");
        harm = distance;
        expect(await stage.settled()).toMatchObject({ status: "refused", aborted: true, reason: expect.stringMatching(/error_rate|p99_ms|could not load/) });
        expect([...asked.answers.keys()]).toEqual(["1"]);
      } finally {
        await asked.stop();
      }
      expect(asked.failed).toEqual([]);
    });
    expect((await stage.registry.champion())?.v).toBe(1);
  }, { modelOf: (content) => fixture(content === "moody" ? "hostile-by-input.onnx" : "binary.onnx"), contract: delays });
});
