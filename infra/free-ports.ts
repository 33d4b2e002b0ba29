import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Below the ranges from which systems take ports for outgoing connections, so a chosen port stays free until it is used. */
const [lowest, highest] = [12_000, 29_999];
const attempts = 2_000;

/**
 * Ports on 127.0.0.1 that nothing listens on, all different.
 * @param preferred tried first, one for each name, so that links survive a restart
 * @param alsoFree for a port that implies another one: the distance to it
 */
export async function freePorts<N extends string>(names: readonly N[], preferred: Partial<Record<N, number>> = {}, alsoFree: Partial<Record<N, number>> = {}): Promise<Record<N, number>> {
  const held: Server[] = [];
  const ports = {} as Record<N, number>;
  try {
    for (const name of names) ports[name] = await holdOne(held, preferred[name], alsoFree[name]);
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function holdOne(held: Server[], preferred: number | undefined, distance: number | undefined): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = attempt === 0 && preferred !== undefined ? preferred : randomInt(lowest, highest + 1);
    const servers = await Promise.all([port, ...(distance === undefined ? [] : [port + distance])].map(listen));
    const got = servers.filter((server) => server !== null);
    held.push(...got);
    if (got.length === servers.length) return port;
  }
  throw new Error(`no free port on 127.0.0.1 between ${lowest} and ${highest} after ${attempts} tries`);
}

function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}
