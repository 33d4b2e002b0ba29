import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePorts } from "../../infra/free-ports.ts";
import { selfSigned } from "../../infra/self-signed.ts";

const debian = "/usr/lib/postgresql";
/** Postgres refuses to run as root. */
const nobody = 65_534;

/** Folder of a Postgres server's programs, as Debian installs it or on the PATH; null where none is installed. */
export function postgresPrograms(): string | null {
  const packaged = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  return [...packaged, ...(process.env["PATH"] ?? "").split(delimiter)].find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name)))) ?? null;
}

export interface TestPostgres {
  /** Of its superuser, with a password. */
  readonly url: string;
  readonly port: number;
  /** File of the certificate, good for 127.0.0.1, that it shows to whoever asks for TLS. */
  readonly certificate: string;
  /** Runs SQL. */
  run(sql: string, values?: readonly unknown[]): Promise<void>;
  stop(): Promise<void>;
}

/** A Postgres of a test's own on 127.0.0.1, which asks for passwords. */
export async function startPostgres(programs: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  prepareFolder(folder, user.uid);
  const password = "a secret word: ä@/?";
  writeFileSync(join(folder, "password"), password);
  execFileSync(join(programs, "initdb"), ["-D", join(folder, "data"), "-U", "relearn", "-A", "scram-sha-256", "--pwfile", join(folder, "password"), "-E", "UTF8", "--locale=C", "-N"], { ...user, stdio: "ignore" });
  const tls = writeCertificate(folder, user.uid);
  const { port } = await freePorts(["port"]);
  const server = spawn(join(programs, "postgres"), ["-D", join(folder, "data"), "-p", String(port), "-h", "127.0.0.1", "-k", "", "-F", "-c", "ssl=on", "-c", `ssl_cert_file=${tls.certificate}`, "-c", `ssl_key_file=${tls.key}`], { ...user, stdio: "ignore" });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const url = `postgres://relearn:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  const client = await connected(url);
  return {
    url, port, certificate: tls.certificate,
    run: async (sql, values) => void (await client.query(sql, values === undefined ? undefined : [...values])),
    stop: async () => {
      await client.end();
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Its owner must get through the folders above, which are root's alone. */
function prepareFolder(folder: string, uid: number | undefined): void {
  mkdirSync(join(folder, "data"));
  if (uid === undefined) return;
  chmodSync(dirname(folder), 0o711);
  for (const path of [folder, join(folder, "data")]) chownSync(path, uid, uid);
}

/** Postgres takes no key that others may read. */
function writeCertificate(folder: string, uid: number | undefined): { readonly certificate: string; readonly key: string } {
  const [files, made] = [{ certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") }, selfSigned("postgres")];
  writeFileSync(files.certificate, made.certificate);
  writeFileSync(files.key, made.key, { mode: 0o600 });
  if (uid !== undefined) chownSync(files.key, uid, uid);
  return files;
}

async function connected(url: string): Promise<pg.Client> {
  for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
