import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectS3 } from "../stores/s3-object-store.ts";
import type { Settings } from "../schemas/settings.ts";
import { bench, type Bench } from "./support/bench.ts";
import { publishAndPromote } from "./support/publish.ts";
import { childEnvironment, withStack } from "./support/temporary-stack.ts";
import { paired, timed } from "./support/timing.ts";

const program = join(import.meta.dirname, "..", "cli", "main.js");
const rounds = 15;

await bench("cli", (here) => withStack(async (settings) => {
  await publishSamples(settings);
  await command(here, settings, ["--help"], 0.2);
  await command(here, settings, ["models"], 0.5);
}));

async function publishSamples(settings: Settings): Promise<void> {
  const { s3 } = settings;
  const store = connectS3({ bucket: s3.bucket, endpoint: s3.endpoint, region: s3.region, credentials: { ...(s3.credentials as NonNullable<typeof s3.credentials>) } });
  const key = generateKeyPairSync("ed25519").privateKey;
  const path = join(settings.home, "model.onnx");
  for (let i = 0; i < 9; i++) {
    await writeFile(path, randomBytes(1_000));
    await publishAndPromote(store, `model-${i % 3}`, path, key);
  }
  store.close();
}

/** From the start of the process to its end, beside Node's own. */
async function command({ report }: Bench, settings: Settings, args: readonly string[], seconds: number): Promise<void> {
  const env = childEnvironment(settings);
  const run = async (argv: readonly string[]): Promise<number> => (await timed(() => promisify(execFile)(process.execPath, argv, { env, timeout: 60_000 }))) / 1_000;
  const taken = await paired(rounds, () => run([program, ...args]), () => run(["-e", "0"]));
  report({
    figure: `relearn ${args.join(" ")}`, unit: "s", samples: taken.figure, limit: { name: "node -e 0", samples: taken.limit },
    target: `under ${seconds} s, warm`, met: ({ median }) => median < seconds, notes: args[0] === "models" ? ["3 models of 3 versions each, in S3"] : [],
  });
}
