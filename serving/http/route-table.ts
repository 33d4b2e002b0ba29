import type * as http from "../../http/route-table.ts";

/** What a caller must be allowed to; `public` is open to everybody. */
export type Scope = "public" | "predict" | "feedback" | "backfill" | "admin";

export type Call = http.Call<Scope>;
export type Route = http.Route<Scope>;
export type { Reply } from "../../http/route-table.ts";
