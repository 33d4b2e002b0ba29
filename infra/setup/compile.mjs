import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { runStep } from "./run-step.mjs";
import { filesUnder } from "./stamps.mjs";

/** The folders whose TypeScript becomes dist/. */
export const rooms = ["schemas", "policy", "stats", "tables", "stores", "inference", "launchers", "activities", "workflows", "workers", "http", "serving", "client", "shipping", "gateway", "cli", "infra", "examples", "bench"];
/** Files that are read or imported at run time beside the compiled ones. */
const assets = [".mjs", ".cjs", ".json", ".sql", ".yaml", ".yml"];

/** Files that the compiled tree depends on. */
export const compileInputs = (root) => [
  ...["index.ts", "tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((name) => join(root, name)),
  ...filesUnder(root, rooms, [".ts", ...assets]),
];

/** Compiles to dist/, copies what is no TypeScript, drops what has no source any more, and links `relearn` into node_modules/.bin. */
export async function compile(root, log) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  dropOrphans(root);
  await runStep(process.execPath, [tsc, "-p", "tsconfig.build.json"], { root, log, what: "compile" });
  // A tsconfig.json beside compiled files would be read, and found broken, by whoever bundles them.
  for (const file of filesUnder(root, rooms, assets).filter((file) => basename(file) !== "tsconfig.json")) copyInto(root, file);
  linkCommand(root);
}

function copyInto(root, file) {
  const target = join(root, "dist", relative(root, file));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}

/** A compiled file whose source was renamed or removed would still be found by an import. */
function dropOrphans(root) {
  for (const room of existsSync(join(root, "dist")) ? readdirSync(join(root, "dist"), { withFileTypes: true }) : []) {
    if (room.isDirectory()) filesUnder(root, [join("dist", room.name)], [".js"]).forEach((file) => dropIfOrphan(root, file));
  }
}

function dropIfOrphan(root, file) {
  const source = join(root, relative(join(root, "dist"), file).replace(/\.js$/, ".ts"));
  if (existsSync(source)) return;
  for (const suffix of [".js", ".js.map", ".d.ts"]) rmSync(file.replace(/\.js$/, suffix), { force: true });
}

/** npm links a package's commands for others, never for itself: `npx relearn` works here because of this link. */
function linkCommand(root) {
  const command = join(root, "dist", "cli", "main.js");
  if (!existsSync(command)) return;
  chmodSync(command, 0o755);
  const link = join(root, "node_modules", ".bin", "relearn");
  if (process.platform === "win32") return writeFileSync(`${link}.cmd`, `@node "${command}" %*\r\n`);
  rmSync(link, { force: true });
  symlinkSync(join("..", "..", "dist", "cli", "main.js"), link);
}
