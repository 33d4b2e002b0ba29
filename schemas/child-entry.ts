import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const made = new Map<string, Promise<string>>();

/**
 * Path of a child's entry module that this Node can run. Compiled, that is the sibling `<name>.js`; from TypeScript sources
 * (tests, development) the sibling `<name>.ts` is bundled once per process into `node_modules/.cache/relearn`.
 * @param moduleUrl `import.meta.url` of the module beside which the entry lies.
 */
export function childEntry(moduleUrl: string, name: string): Promise<string> {
  const self = fileURLToPath(moduleUrl);
  const sibling = join(dirname(self), name);
  if (!self.endsWith(".ts")) return Promise.resolve(`${sibling}.js`);
  const known = made.get(sibling) ?? bundleEntry(`${sibling}.ts`, name);
  made.set(sibling, known);
  return known;
}

async function bundleEntry(source: string, name: string): Promise<string> {
  const { build } = await import("esbuild");
  const bundle = await build({ entryPoints: [source], bundle: true, write: false, platform: "node", format: "esm", target: "node20", packages: "external", sourcemap: "inline", logLevel: "silent" });
  const code = bundle.outputFiles[0]!.contents;
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const folder = join(packageRoot(dirname(source)), "node_modules", ".cache", "relearn");
  const path = join(folder, `${name}-${hash}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.${process.pid}`, code);
  await rename(`${path}.${process.pid}`, path);
  return path;
}

/** The nearest folder upwards with a `package.json`: bare imports resolve from its `node_modules`. */
export function packageRoot(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(join(folder, "package.json")) ? folder : packageRoot(parent);
}
