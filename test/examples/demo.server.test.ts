import { afterAll, beforeAll, expect, it } from "vitest";
import { type DemoStage, openDemo } from "./demo-stage.ts";

let demo: DemoStage;
beforeAll(() => void (demo = openDemo()));
afterAll(() => demo.close(), 60_000);

it("Ctrl-C at the demo's question approves nothing, ends it with 130, and says what is left and how to come back", { timeout: 120_000 }, async () => {
  await demo.terminal.shows(/Version 1 waits for an approval[^]*workflow signal .*\r\n/);
  demo.terminal.pressCtrlC();
  const { exitCode, text } = await demo.terminal.ended;
  const [, run] = /(flights\/run\/\w{12}) waits for its approval: nothing was approved\./.exec(text)!;
  expect(text).toMatch(/The demo was stopped by Ctrl-C\./);
  expect(text).toMatch(new RegExp(`Everything it started was stopped\\. .*relearn up --detach.*relearn watch ${run}`));
  expect([exitCode, demo.running()]).toEqual([130, []]);
  expect(await demo.runs()).toMatchObject([{ run, state: "waiting", answers: [] }]);
});
