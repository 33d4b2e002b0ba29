import type { Registry } from "prom-client";
import { show } from "../http/metered.ts";
import type { ServingLogs } from "./open-logs.ts";

/** Shows how the prediction log and feedback stand among a server's figures. */
export function showLogs(registry: Registry, { shipping, pending }: ServingLogs): void {
  const figure = (name: string, help: string, type: "counter" | "gauge", value: () => number): void => show(registry, { name, help, type, samples: () => [{ labels: {}, value: value() }] });
  show(registry, { name: "relearn_log_pending_bytes", help: "Predictions and feedback that wait on this host for the object store", type: "gauge", samples: () => [...pending()].map(([model, value]) => ({ labels: { model }, value })) });
  figure("relearn_log_shipped_records_total", "Requests and labels that this server took to the object store", "counter", () => shipping.state.records);
  figure("relearn_log_damaged_frames_total", "Frames of the log that the disk had changed; what they held is lost", "counter", () => shipping.state.damaged);
  figure("relearn_log_shipping_failed", "1 where the last try to ship failed", "gauge", () => (shipping.state.failure === null ? 0 : 1));
}
