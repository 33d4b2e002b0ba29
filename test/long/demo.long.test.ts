import { afterEach, expect, it } from "vitest";
import { type DemoStage, openDemo } from "../examples/demo-stage.ts";

let demo: DemoStage;
afterEach(() => demo.close(), 60_000);

it("Ctrl-C at the demo's question approves nothing, ends it with 130, and says what is left and how to come back", { timeout: 120_000 }, async () => {
  demo = openDemo();
  await demo.terminal.shows(/Version 1 waits for an approval[^]*workflow signal .*\r\n/);
  demo.terminal.pressCtrlC();
  const { exitCode, text } = await demo.terminal.ended;
  const [, run] = /(flights\/run\/\w{12}) waits for its approval: nothing was approved\./.exec(text)!;
  expect(text).toMatch(/The demo was stopped by Ctrl-C\./);
  expect(text).toMatch(new RegExp(`Everything it started was stopped\\. .*relearn up --detach.*relearn watch ${run}`));
  expect([exitCode, demo.running()]).toEqual([130, []]);
  expect(await demo.runs()).toMatchObject([{ run, state: "waiting", answers: [] }]);
});

it("the demo told to answer by itself does so on a terminal too; a Ctrl-C in its run leaves that run where it is", { timeout: 120_000 }, async () => {
  demo = openDemo("--yes");
  await demo.terminal.shows(/\d s +flights\/run\/\w{12} train|train +\d+\.\d s|train: [\d,]+ rows/);
  demo.terminal.pressCtrlC();
  const { exitCode, text } = await demo.terminal.ended;
  expect(text).toMatch(/The demo was stopped by Ctrl-C\. flights\/run\/\w{12} has come to \w+, and will go on from there/);
  expect([exitCode, demo.running()]).toEqual([130, []]);
  expect((await demo.runs()).map(({ answers }) => answers.length)).toEqual([0]);
});

it.each(["--yes", "--keep"])("a closed terminal stops what the demo started, but not with --keep: %s", { timeout: 120_000 }, async (flag) => {
  demo = openDemo(flag);
  await demo.terminal.shows(/relearn watch flights/);
  demo.terminal.close();
  expect((await demo.terminal.ended).exitCode).toBe(129);
  expect(demo.running().sort()).toEqual(flag === "--keep" ? ["gateway", "s3", "server", "temporal", "worker"] : []);
});

it("the whole demo: the windows see the first version go stale, an alarm starts a run, its version takes over as a canary, two spoilt ones go back by themselves, each by its own check, and no request fails", { timeout: 420_000 }, async () => {
  demo = openDemo("--yes");
  const { exitCode, text } = await demo.terminal.ended;
  const screen = text.replaceAll(/\u001b\[[\d;]*[A-Za-z]/g, "");
  expect(screen).toMatch(/an alarm has started a run[^]*auc.* on the holdout[^]*retrain, by policy: answered by flights\/run\/\w{12}/);
  expect(screen).toMatch(/before, and after[^]*2013-04-0\d 04:00Z +v2 .* auc 0\.\d+ /);
  expect(screen).toMatch(/version 2 is the champion[^]*promoted: version 2 of flights serves now/);
  expect(screen).toMatch(/version 3 went back by itself[^]*output_shift > 1 +no +[^]*version 4 went back by itself[^]*p99_ms > [\d.]+ +no /);
  expect(screen).toMatch(/[\d,]+ asked, [\d,]+ answered, 0 failed/);
  expect([exitCode, demo.running()]).toEqual([0, []]);
});
