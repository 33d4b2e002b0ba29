import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { openScratch } from "./test/support/scratch.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const shared = { resolve: { alias: { "relearn/client": at("client/index.ts"), relearn: at("index.ts") } } };
const env = { TMPDIR: openScratch() };
const servers = { env, globalSetup: [at("test/support/servers.ts")], testTimeout: 60_000, hookTimeout: 60_000 };

/** Only `npm run test:long` says how long: without it the long figures are not even listed. */
const long = process.env["RELEARN_LONG_MINUTES"] === undefined ? [] : [{ ...shared, test: { ...servers, name: "long", include: ["test/long/**/*.long.test.ts"], testTimeout: 0 } }];

// The AWS SDK tells every process that it will leave Node 20 behind; the exact version is pinned, so that is no news here.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", new ClosingLine()],
    projects: [
      { ...shared, test: { env, name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/**/*.server.test.ts", "test/long/**"], isolate: false, testTimeout: 30_000 } },
      { ...shared, test: { ...servers, name: "server", include: ["test/**/*.server.test.ts"] } },
      ...long,
    ],
  },
});
