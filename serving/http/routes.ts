import { localSource } from "../../schemas/feedback.ts";
import { encodeFeedback } from "./feedback.ts";
import { informationRoutes } from "./information-routes.ts";
import type { Parts } from "./parts.ts";
import { checkJson } from "./json-of.ts";
import { predictionRoutes } from "./prediction-routes.ts";
import type { Call, Reply, Route } from "./route-table.ts";

/** Every route of the server, each with what its caller must be allowed to. What is not listed here is not there. */
export function routesOf(parts: Parts): readonly Route[] {
  return [
    ...predictionRoutes(parts),
    { method: "POST", pattern: "/v1/feedback", scope: "feedback", handle: (call) => takeFeedback(parts, call) },
    ...informationRoutes(parts),
  ];
}

async function takeFeedback({ feedback, bodies }: Parts, { headers, body, caller }: Call): Promise<Reply> {
  checkJson(headers);
  const items = await bodies.read("feedback", body, null);
  return { status: 200, body: encodeFeedback(await feedback.accept(items, caller ?? localSource)) };
}
