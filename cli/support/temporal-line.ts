import type { TemporalSettings } from "../../schemas/settings.ts";
import { shellQuote } from "../../schemas/temporal-command.ts";

type Target = Pick<TemporalSettings, "address" | "namespace" | "ui">;
type Flags = Readonly<Record<string, string | number | boolean | object | null | undefined>>;

/**
 * The line that does the same with Temporal's own CLI, ready to paste into a shell.
 * @param flags by name without dashes: an object is given as JSON, `true` as a bare flag, null and undefined not at all.
 */
export function temporalLine(target: Target, words: readonly string[], flags: Flags): string {
  const given = Object.entries({ ...flags, ...connection(target) }).flatMap(([name, value]) => flag(name, value));
  return ["temporal", ...words, ...given].map(shellQuote).join(" ");
}

/** Temporal's CLI looks for 127.0.0.1:7233 and `default` by itself. */
function connection({ address, namespace }: Target): Flags {
  return { address: address === "127.0.0.1:7233" || address === "localhost:7233" ? null : address, namespace: namespace === "default" ? null : namespace };
}

function flag(name: string, value: Flags[string]): string[] {
  if (value === null || value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  return [`--${name}`, typeof value === "object" ? JSON.stringify(value) : String(value)];
}

/** Where Temporal UI shows a workflow; null when nobody knows where the UI is. */
export function workflowLink({ ui, namespace }: Target, workflowId: string): string | null {
  return ui === null ? null : `${ui.replace(/\/$/, "")}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
