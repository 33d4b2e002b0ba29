import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// `node infra/complete-lockfile.mjs`, after every `npm install`: npm silently leaves packages of other platforms out of the lock file when
// the registry in use does not carry them, and then refuses its own lock file in `npm ci`. This adds them by name, version and platform.
const path = join(dirname(dirname(fileURLToPath(import.meta.url))), "package-lock.json");
const systems = ["darwin", "linux", "win32", "android", "freebsd", "openharmony"];
const processors = ["arm64", "x64", "ia32", "ppc64", "s390x", "riscv64", "arm"];

const lock = JSON.parse(readFileSync(path, "utf8"));
const missing = Object.entries(lock.packages).flatMap(([owner, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !(`${owner}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages))
    .map(([name, version]) => ({ name, version, dev: entry.dev })),
);
for (const one of missing) lock.packages[`node_modules/${one.name}`] = placeholder(one);
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(missing.length === 0 ? "the lock file is complete" : `added ${missing.map(({ name }) => name).join(", ")}`);

function placeholder({ name, version, dev }) {
  const os = systems.find((system) => name.includes(system));
  const cpu = processors.find((processor) => name.split(/[/-]/).includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`${name}@${version} is missing from the lock file and its name tells no platform: run npm install with a registry that has it`);
  const libc = name.includes("musl") ? ["musl"] : os === "linux" && name.includes("gnu") ? ["glibc"] : null;
  return { version, cpu: [cpu], ...(libc === null ? {} : { libc }), ...(dev ? { dev: true } : {}), optional: true, os: [os] };
}
