import { delayOf, judgeStream, type Spoil, spread, type Told } from "./drift-streams.ts";

/** Thresholds were chosen on seeds below 1,000; figures are of seeds from here on. */
const firstSeed = 20_000;

const number = (c: number): Spoil => (row, strength) => row.map((value, i) => (i === c && typeof value === "number" ? value + strength * spread(c) : value));
const abrupt = (): number => 1;

export interface DriftFigure { readonly what: string; readonly streams: number; readonly found: number; readonly delays: readonly number[] }

function figure(what: string, streams: number, one: (seed: number) => number | null): DriftFigure {
  const delays = Array.from({ length: streams }, (_, i) => one(firstSeed + i)).filter((delay) => delay !== null);
  return { what, streams, found: delays.length, delays };
}

const anyDrift = ["data-drift", "broken-data"] as const;

/** Every change in so many streams, by the same thresholds. A delay of 0 is the window in which it began. */
export function driftFigures(streams: number): readonly DriftFigure[] {
  const changed = (seed: number, change: Parameters<typeof judgeStream>[0]["change"], windows = 10): readonly Told[] => judgeStream({ seed, windows, change });
  const within = (limit: number, delay: number | null): number | null => (delay !== null && delay < limit ? delay : null);
  return [
    figure("one column by one deviation, named, within 3 windows", streams, (seed) => {
      const c = seed % 20;
      const row: Spoil = c < 10 || c >= 15 ? number(c) : (values, strength, random) => values.map((value, i) => (i === c && random() < 0.38 * strength ? "f" : value));
      return within(3, delayOf(changed(seed, { from: 4, strength: abrupt, row }), 4, anyDrift, `c${c}`));
    }),
    figure("prevalence from 30 % to 60 %, as drift of inputs, answers or quality", streams, (seed) => delayOf(changed(seed, { from: 4, strength: abrupt, prevalence: 0.6 }), 4, ["data-drift", "prediction-drift", "quality", "concept-drift"])),
    figure("P(y|x): a third of the labels mean the opposite, inputs as before, as concept drift", streams, (seed) => delayOf(changed(seed, { from: 4, strength: abrupt, flip: 0.33 }), 4, ["concept-drift"])),
    figure("a ramp to one deviation of one column over 10 windows, named", streams, (seed) => delayOf(changed(seed, { from: 4, strength: (since) => Math.min(1, (since + 1) / 10), row: number(seed % 10) }, 16), 4, anyDrift, `c${seed % 10}`)),
    figure("90 % new nulls in one column, as broken data", streams, (seed) => within(1, delayOf(changed(seed, { from: 4, strength: abrupt, row: (row, _, random) => row.map((value, i) => (i === seed % 20 && random() < 0.9 ? null : value)) }, 6), 4, ["broken-data"], `c${seed % 20}`))),
  ];
}

/** Windows with an alarm among so many in which nothing has changed, in streams of 100. */
export function falseAlarms(windows: number): number {
  let alarmed = 0;
  for (let i = 0; i * 100 < windows; i++) alarmed += judgeStream({ seed: firstSeed + 5_000 + 10 * i, windows: 100 }).filter(({ alarms }) => alarms.length > 0).length;
  return alarmed;
}

export function figureLine({ what, streams, found, delays }: DriftFigure): string {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (q: number): string => (sorted.length === 0 ? "-" : String(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]! + 1));
  return `${what}: ${found} of ${streams} (${((100 * found) / streams).toFixed(1)} %), in window ${at(0)}/${at(0.5)}/${at(1)} after the change (least, median, most)`;
}
