import { landReal, newWorld } from "./flights-world.ts";

const nextYear = "2014-01-02T00:00:00Z";

/** Runs ingest and validate as of each instant, on real months that have all landed; what was not accepted, with its reasons. */
export async function stoppedWindows(months: readonly string[], instants: readonly string[]): Promise<string[]> {
  const world = newWorld();
  await landReal(world, months);
  await world.run(instants.at(-1) as string, {}, null, nextYear);
  await world.forget("datasets/");
  const stopped: string[] = [];
  for (const asOf of instants) {
    const { status, reasons } = await world.run(asOf, {}, null, nextYear);
    if (status !== "accepted") stopped.push(`${asOf} ${status}: ${reasons.join("; ")}`);
  }
  return stopped;
}
