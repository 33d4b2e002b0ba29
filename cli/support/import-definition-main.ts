import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Message, PluginBuild } from "esbuild";
import { RelearnError } from "../../schemas/failures.ts";
import { serveChild } from "../../schemas/serve-child.ts";

/** Bundles and runs an author's module, whose default export is the answer. */
serveChild(async (message) => {
  const { path, relearn } = message as { readonly path: string; readonly relearn: string };
  process.setSourceMapsEnabled(true);
  const bundle = join(tmpdir(), `relearn-definition-${process.pid}-${Date.now()}.mjs`);
  try {
    await writeFile(bundle, await bundleOf(path, relearn), { mode: 0o600 });
    return plainData(await defaultExport(bundle, path), path);
  } finally {
    await rm(bundle, { force: true });
  }
});

/** Packages of the author's own folder are bundled; `relearn` is this installation, wherever the file lies. */
async function bundleOf(path: string, relearn: string): Promise<string> {
  const resolveRelearn = {
    name: "relearn",
    setup: (setup: PluginBuild) => setup.onResolve({ filter: /^relearn$/ }, () => relearn.endsWith(".ts") ? { path: relearn } : { path: pathToFileURL(relearn).href, external: true }),
  };
  // An entry point's own path would be taken for a pattern where it holds a star.
  const resolveEntry = { name: "entry", setup: (setup: PluginBuild) => setup.onResolve({ filter: /^definition$/ }, ({ kind }) => (kind === "entry-point" ? { path } : undefined)) };
  const require = `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(${JSON.stringify(path)});`;
  try {
    const built = await build({
      entryPoints: ["definition"], absWorkingDir: dirname(path), bundle: true, write: false, platform: "node", format: "esm", target: "node20", sourcemap: "inline", sourceRoot: "/", logLevel: "silent",
      banner: { js: require }, define: { "import.meta.url": JSON.stringify(pathToFileURL(path).href), "import.meta.dirname": JSON.stringify(dirname(path)) }, plugins: [resolveEntry, resolveRelearn],
    });
    return built.outputFiles[0]!.text;
  } catch (error) {
    const messages = (error as { errors?: Message[] }).errors;
    throw messages === undefined ? error : new RelearnError("InvalidDefinition", messages.map((one) => place(one, path)).join("\n"));
  }
}

function place({ text, location }: Message, path: string): string {
  return location === null ? `${path}: ${text}` : `${join(dirname(path), location.file)}:${location.line}:${location.column + 1}: ${text}\n  ${location.lineText.trim()}`;
}

async function defaultExport(bundle: string, path: string): Promise<unknown> {
  const loaded = await import(pathToFileURL(bundle).href).catch((error: unknown) => {
    throw new RelearnError("InvalidDefinition", `${path} failed while it was loaded: ${error instanceof Error ? ownFrames(error) : String(error)}`);
  }) as { default?: unknown };
  if (loaded.default === null || typeof loaded.default !== "object") throw new RelearnError("InvalidDefinition", `${path} must say: export default definePipeline({ ... })`);
  return loaded.default;
}

function ownFrames(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line) && !/node:internal|relearn-definition-/.test(line));
  return [`${error.name}: ${error.message}`, ...frames.slice(0, 2)].join("\n");
}

/** A definition is pure data: what JSON cannot say would change or vanish when it is stored. */
function plainData(value: unknown, path: string): unknown {
  const odd = findOdd(value, []);
  if (odd !== null) throw new RelearnError("InvalidDefinition", `${path}: ${odd} is no plain data; a definition holds only strings, numbers, booleans, lists and objects`);
  return JSON.parse(JSON.stringify(value));
}

function findOdd(value: unknown, at: readonly string[]): string | null {
  if (value === null || value === undefined || ["string", "boolean"].includes(typeof value)) return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : at.join(".");
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) as object | null : undefined;
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return `${at.join(".") || "the default export"} (${typeof value === "object" ? (value as object).constructor.name : typeof value})`;
  for (const [key, child] of Object.entries(value as object)) {
    const odd = findOdd(child, [...at, key]);
    if (odd !== null) return odd;
  }
  return null;
}
