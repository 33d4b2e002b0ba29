import { afterAll, beforeAll, expect, it } from "vitest";
import { readTail } from "../../launchers/job-objects.ts";
import { expectApprovable, expectNothingHalfWritten, expectOnlyAReason } from "../bad-input/aftermath.ts";
import { endWorker, smallDisk, startWorker } from "../bad-input/full-disk.ts";
import { goodTrainer, makePipeline, openWorld, recordTraining, type World } from "../bad-input/world.ts";

let world: World;
let recorded: string;
beforeAll(async () => {
  world = await openWorld();
  recorded = await recordTraining(world);
}, 120_000);
afterAll(() => world.close(), 60_000);

it("a trainer that prints a gigabyte and trains well is taken, and its log keeps the first and the last MiB", async () => {
  const made = makePipeline(world, "gigabyte", `yes 'nothing to say' | head -c 1000000000\n${goodTrainer(recorded)}echo done\n`);
  expect((await world.run(made)).exitCode).toBe(4);
  const { job } = await world.latest("gigabyte");
  const log = await readTail(world.store, `jobs/${job}/log.txt`, 8 * 2 ** 20);
  expect(log.length).toBeLessThan(2.2 * 2 ** 20);
  expect(log).toMatch(/\.\.\. 99\d{7} bytes left out \.\.\.[^]*done\n$/);
  await expectApprovable(world, "gigabyte");
});

it("a reply of S3 that stops moving is asked for again", async () => {
  const made = makePipeline(world, "stalled", goodTrainer(recorded));
  let left = 2;
  world.proxy.fault = ({ method, path }) => (method === "GET" && path.includes("/blobs/") && left-- > 0 ? { kind: "stall", bytes: 10 } : null);
  expect((await world.run(made)).exitCode).toBe(4);
  expect(left).toBeLessThanOrEqual(0);
  await expectApprovable(world, "stalled");
});

it("a disk that stays full fails the run with what to do, and a later run works", async (context) => {
  const disk = smallDisk(world);
  if (disk === null) return context.skip("neither a small file system can be mounted nor prlimit be used here");
  const worker = await startWorker(world, disk.home);
  disk.fill(worker);
  const made = makePipeline(world, "stays-full", goodTrainer(recorded));
  expect((await world.run(made)).exitCode).toBe(1);
  await expectOnlyAReason(world, "stays-full", "failed", disk.says);
  disk.free(worker);
  expect((await world.run(made)).exitCode).toBe(4);
  await expectApprovable(world, "stays-full");
  await endWorker(worker);
  disk.remove();
});

it("no object is half-written", () => expectNothingHalfWritten(world));
