/**
 * Custom search attributes of Relearn's workflows, for `temporal workflow list --query` and Temporal UI.
 * They are registered when a stack starts; a workflow that sets one that is not registered cannot start.
 */
export const searchAttributes = [
  { name: "RelearnPipeline", type: "KEYWORD" },
  { name: "RelearnModel", type: "KEYWORD" },
  { name: "RelearnVersion", type: "INT" },
  { name: "RelearnStage", type: "KEYWORD" },
  { name: "RelearnDecision", type: "KEYWORD" },
] as const;
export type SearchAttributeName = (typeof searchAttributes)[number]["name"];
