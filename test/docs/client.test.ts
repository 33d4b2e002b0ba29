import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transform } from "esbuild";
import { contractOf } from "../serving/fake-models.ts";
import { openServer, type OpenServer } from "../serving/open-server.ts";
import { python, tritonPackages } from "../support/triton-packages.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs", "client.md"), "utf8");
const programs = (language: string) => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\`\\s+\`\`\`text\\n([^]*?)\`\`\``, "g"))].map(([, program, prints]) => [program!, prints!] as const);
let server: OpenServer;
let folder: string;
let packages: string;
beforeAll(async () => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Inside the package, so that `relearn/client` is what package.json says it is.
  folder = mkdtempSync(join(root, ".cache", "client-page-"));
  const columns = { carrier: { type: "category" }, hour: { type: "integer" }, distance: { type: "number" }, precip: { type: "number", nullable: true } } as const;
  [server, packages] = await Promise.all([openServer({}, {}, [], contractOf(columns)), tritonPackages()]);
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

const here = (program: string): string => program.replaceAll("127.0.0.1:8080", new URL(server.url).host);

/** @returns what it printed. */
async function ran(executable: string, file: string, program: string, env: Record<string, string> = {}): Promise<string> {
  writeFileSync(join(folder, file), here(program));
  return (await promisify(execFile)(executable, [join(folder, file)], { env: { PATH: process.env["PATH"], NO_COLOR: "1", ...env }, timeout: 60_000 })).stdout;
}

describe("the page on clients", () => {
  it.each(programs("ts"))("has programs in TypeScript that print what it says (%#)", async (program, prints) => {
    const { code } = await transform(program, { loader: "ts", format: "esm" });
    expect(await ran(process.execPath, "program.mjs", code)).toBe(prints);
    expect(server.reported).toEqual([]);
  });

  it("has programs that the compiler takes, against the types that are published", async () => {
    programs("ts").forEach(([program], i) => writeFileSync(join(folder, `program-${i}.ts`), program));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "NodeNext", target: "ES2023", lib: ["ES2023", "DOM"], types: [], strict: true, noUncheckedIndexedAccess: true, skipLibCheck: true, noEmit: true }, include: ["*.ts"] }));
    await promisify(execFile)(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", folder]).catch((error: { stdout: string }) => expect(error.stdout).toBe(""));
  });

  it.each(programs("python"))("has programs in Python that print what it says (%#)", async (program, prints) => {
    server.model.asked.length = 0;
    expect(await ran(python, "program.py", program, { PYTHONPATH: packages })).toBe(prints);
    expect(server.model.asked.map(({ key }) => key)).toEqual(["customer-17", null]);
  });
});
