import { type Environment, reader, type Reader, refuseProblems } from "./settings.ts";

/** What the serving process lets callers do, beside where it listens. */
export interface HttpSettings {
  /** File of those who are let in; null: nobody has a token, which only this machine may do. */
  readonly tokensFile: string | null;
  /** Origins of web pages elsewhere that may ask. */
  readonly origins: readonly string[];
  readonly bodyBytes: number;
  /** Most rows of one request. */
  readonly rows: number;
  /** Longest that a prediction may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly connections: number;
}

/** @throws RelearnError `InvalidInput` that lists every problem at once. */
export function loadHttpSettings(env: Environment): HttpSettings {
  const read = reader(env);
  const whole = (name: string, otherwise: number): number => Number(read.checked(name, /^[1-9]\d{0,6}$/, `must be a whole number from 1 to 9999999 such as ${otherwise}`) ?? otherwise);
  const settings: HttpSettings = Object.freeze({
    tokensFile: read.path("RELEARN_TOKENS_FILE"),
    origins: origins(read),
    bodyBytes: whole("RELEARN_SERVE_BODY_MB", 16) * 2 ** 20,
    rows: whole("RELEARN_SERVE_ROWS", 10_000),
    timeoutMs: whole("RELEARN_SERVE_TIMEOUT_MS", 10_000),
    connections: whole("RELEARN_SERVE_CONNECTIONS", 4_096),
  });
  refuseProblems(read);
  return settings;
}

function origins(read: Reader): readonly string[] {
  const listed = read.list("RELEARN_SERVE_ORIGINS");
  for (const one of listed.filter((one) => !/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/.test(one))) read.problems.push(`RELEARN_SERVE_ORIGINS: must be origins such as https://shop.example with commas between them, found ${JSON.stringify(one.slice(0, 120))}`);
  return listed;
}
