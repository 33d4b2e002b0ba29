import type { TemporalSettings } from "../../schemas/settings.ts";

/** Where Temporal UI shows a workflow; null when nobody knows where the UI is. */
export function workflowLink({ ui, namespace }: Pick<TemporalSettings, "ui" | "namespace">, workflowId: string): string | null {
  return ui === null ? null : `${ui.replace(/\/$/, "")}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
