import type { ProgressLine } from "../../schemas/job.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { Cli } from "./cli.ts";
import type { RunMoment } from "./follow-run.ts";
import { duration } from "./format.ts";
import { remainingSeconds, stepViews, type StepView } from "./run-steps.ts";
import { clip } from "./style.ts";

/** Shows a run as it goes on. */
export interface RunScreen {
  show(moment: RunMoment): void;
  /** Leaves the screen as it stands, so that other text can follow; the next `show` draws below it. */
  rest(): void;
}

/** On a terminal a list of steps drawn again in place; elsewhere one line a change. @param earlier run of the pipeline, for the time that remains */
export function runScreen(cli: Cli, earlier: RunRecord | null): RunScreen {
  return cli.interactive ? liveScreen(cli, earlier) : lineScreen(cli);
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

function liveScreen(cli: Cli, earlier: RunRecord | null): RunScreen {
  let shown: RunMoment | null = null;
  let height = 0;
  let frame = 0;
  const draw = (): void => {
    if (shown === null) return;
    const trouble = shown.trouble === null ? [] : [cli.style.yellow(clip(shown.trouble, Math.min(cli.width, 200)))];
    const lines = [...liveLines(shown.record, shown.progress, earlier, frames[frame++ % frames.length] as string, cli, Date.now(), shown.rollout), ...trouble];
    cli.draw(`${height > 0 ? `\u001b[${height}A\u001b[J` : ""}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`);
    height = lines.length;
  };
  let timer: NodeJS.Timeout | null = null;
  return {
    show: (moment) => {
      shown = moment;
      timer ??= setInterval(draw, 120).unref();
      draw();
    },
    rest: () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      shown = null;
      height = 0;
    },
  };
}

/** The picture of one moment. */
export function liveLines(record: RunRecord, progress: ProgressLine | null, earlier: RunRecord | null, spinner: string, { style, width }: Pick<Cli, "style" | "width">, now = Date.now(), rollout: string | null = null): string[] {
  const line = ({ step, status, seconds, detail }: StepView): string => {
    const mark = { done: style.green("✔"), stopped: style.red("✖"), now: style.cyan(spinner), later: style.dim("·") }[status];
    const time = seconds === null ? "" : duration(seconds);
    const name = status === "later" ? style.dim(step.padEnd(9)) : step.padEnd(9);
    return `${mark} ${name} ${time.padStart(12)}  ${clip(detail, Math.max(10, Math.min(width, 200) - 28))}`.trimEnd();
  };
  const elapsed = ((record.endedAt === null ? now : Date.parse(record.endedAt)) - Date.parse(record.startedAt)) / 1000;
  const left = remainingSeconds(record, progress, earlier, now);
  const footer = `${duration(Math.max(0, elapsed))} so far${left === null ? "" : `, about ${duration(left)} to go`}`;
  return [...stepViews(record, progress, now, rollout).map(line), style.dim(clip(`${record.run}: ${footer}`, Math.min(width, 200)))];
}

function lineScreen(cli: Cli): RunScreen {
  let said = "";
  return {
    show: ({ record, progress, trouble, rollout }) => {
      const line = trouble ?? changeLine(record, progress, rollout);
      if (line !== said) cli.say(`${new Date().toISOString().slice(11, 19)} ${record.run} ${line}`);
      said = line;
    },
    rest: () => undefined,
  };
}

/** What changed, coarse enough to be one line a change: training counts in tenths. */
export function changeLine(record: RunRecord, progress: ProgressLine | null, rollout: string | null = null): string {
  const now = stepViews(record, null, 0, rollout).find(({ step }) => step === record.stage);
  const tenths = Math.floor((progress?.progressPercentage ?? 0) / 10) * 10;
  const share = record.stage === "train" && tenths > 0 ? `${tenths} %` : "";
  return [record.stage === "done" ? record.state : record.stage, now?.detail ?? "", share].filter((text) => text !== "").join(": ");
}
