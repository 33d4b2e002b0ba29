import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { canFillFromOutside, findPython } from "../../infra/setup/python.mjs";
import { runStep, SetupError } from "../../infra/setup/run-step.mjs";

// `npm run bench:peers`: what the benchmarks are held against, each in an environment of its own under .cache/peers, because their pins clash.
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const log = (line) => console.error(line);

/** Changes with the pins, so that no benchmark runs against others than those. */
function environmentOf(peer) {
  const pins = createHash("sha256").update(readFileSync(join(root, "bench", "peers", `${peer}.txt`))).digest("hex").slice(0, 16);
  return join(root, ".cache", "peers", `${peer}-${pins}`);
}

/** A venv remembers where it was made, so it is marked complete instead of moved into place. */
async function install(peer, python) {
  const folder = environmentOf(peer);
  const done = join(folder, "complete");
  if (existsSync(done)) return log(`${peer}: is there`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const outside = canFillFromOutside(python.pip);
  await runStep(python.name, ["-m", "venv", ...(outside ? ["--without-pip"] : []), folder], { root, log, what: `${peer}'s environment` });
  const inside = join(folder, "bin", "python");
  const [program, ...pip] = outside ? [python.name, "-m", "pip", "--python", inside] : [inside, "-m", "pip"];
  await runStep(program, [...pip, "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", join(root, "bench", "peers", `${peer}.txt`)], { root, log, what: `${peer}'s packages` });
  writeFileSync(done, "");
  log(`${peer}: installed`);
}

try {
  const python = findPython();
  for (const peer of ["fastapi", "mlflow", "evidently"]) await install(peer, python);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
