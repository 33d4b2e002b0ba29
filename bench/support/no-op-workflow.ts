import { proxyActivities } from "@temporalio/workflow";

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: "10s" });

/** Six activities that do nothing, one after the other: what Temporal itself takes of a run. */
export async function sixNothings(): Promise<void> {
  for (let i = 0; i < 6; i++) await nothing();
}
