import type { Actor } from "../../schemas/commit.ts";

/** Who is said to have done what a deployment commits: the person who asked for it, as claimed, else the deployment itself. */
export function deploymentActor(model: string, by: string | null): Actor {
  return by === null ? { kind: "workflow", name: `${model}/deployment`, claimed: false } : { kind: "person", name: by, claimed: true };
}
