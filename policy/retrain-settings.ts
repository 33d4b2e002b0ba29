import type { RetrainChange, RetrainSettings } from "../schemas/retrain.ts";
import { wellFormed } from "./well-formed.ts";

/** What the definition says, with what a person has changed since on top. */
export function settingsInForce(written: RetrainSettings, change: RetrainChange): RetrainSettings {
  const changed = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
  return { ...written, ...changed };
}

/** A later change on top of an earlier one; null takes the definition's again. */
export function merged(before: RetrainChange, change: RetrainChange): RetrainChange {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined));
}

const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  onDrift: (value) => typeof value === "boolean",
  onData: (value) => typeof value === "boolean",
  mode: (value) => value === "automatic" || value === "manual",
  cooldown: (value) => typeof value === "string" && /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(value),
  maxPerMonth: (value) => Number.isInteger(value) && (value as number) >= 0,
  gpuHoursPerMonth: (value) => typeof value === "number" && value >= 0,
};

/** What a person asks to change, as it arrives; anything may. */
export interface ConfigureRequest {
  readonly change: RetrainChange;
  readonly by: string;
  readonly reason: string | null;
}

/** Reads a `configure` update. @returns a text where it is none: what is wrong with it */
export function readConfigure(args: readonly unknown[]): ConfigureRequest | string {
  const value = args[0] as { change?: unknown; by?: unknown; reason?: unknown } | null | undefined;
  if (args.length !== 1 || typeof value !== "object" || value === null) return "configure needs one {change, by, reason?}";
  const { change, by, reason } = value;
  if (typeof by !== "string" || by === "" || by.length > 200) return "configure needs by: the name of who asks";
  if (typeof change !== "object" || change === null || Array.isArray(change) || Object.keys(change).length === 0) return `configure needs change: some of ${Object.keys(fits).join(", ")}`;
  const odd = Object.entries(change).find(([name, one]) => !Object.hasOwn(fits, name) || (one !== null && fits[name]!(one) !== true));
  if (odd !== undefined) return `configure cannot set ${odd[0].slice(0, 60)} to ${JSON.stringify(odd[1])?.slice(0, 80)}: there are onDrift, onData (true, false), mode (automatic, manual), cooldown (a duration), maxPerMonth, gpuHoursPerMonth (numbers); null takes the definition's`;
  return { change: change as RetrainChange, by: wellFormed(by), reason: typeof reason === "string" && reason !== "" ? wellFormed(reason.slice(0, 4_000)) : null };
}
