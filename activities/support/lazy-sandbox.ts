import { openSandbox } from "../../tables/sql-child.ts";
import type { Sandbox, SandboxOptions } from "../../tables/sql-child.ts";

/** How many statements ingest runs side by side: small partitions leave a core half idle. */
export const prepareLanes = 3;

/** A sandbox that starts when it is first asked for: an unchanged run never needs one. */
export function lazySandbox(options: SandboxOptions): { readonly open: () => Promise<Sandbox>; readonly close: () => Promise<void> } {
  let opened: Promise<Sandbox> | null = null;
  return {
    open: () => (opened ??= openSandbox({ lanes: prepareLanes, ...options })),
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}
