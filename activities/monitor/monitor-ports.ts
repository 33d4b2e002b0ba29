import type { Dependencies } from "../dependencies.ts";

/** What the watching of a model acts through. */
export type MonitorPorts = Pick<Dependencies, "store" | "scratch">;
