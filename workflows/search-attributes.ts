import { defineSearchAttributeKey } from "@temporalio/common";

/** Few facts of low cardinality, so that runs can be found in Temporal UI and CLI. Registered by `infra/`. */
export const searchAttributes = {
  pipeline: defineSearchAttributeKey("RelearnPipeline", "KEYWORD"),
  model: defineSearchAttributeKey("RelearnModel", "KEYWORD"),
  stage: defineSearchAttributeKey("RelearnStage", "KEYWORD"),
  decision: defineSearchAttributeKey("RelearnDecision", "KEYWORD"),
  version: defineSearchAttributeKey("RelearnVersion", "INT"),
} as const;
