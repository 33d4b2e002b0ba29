/** What a pipeline's definition is written with: `import { definePipeline, category, parquet } from "relearn"`. */
export { boolean, category, embedding, integer, number, text, time, type Column, type ColumnInput } from "./schemas/column.ts";
export { definePipeline, type Definition, type DefinitionInput } from "./schemas/definition.ts";
export { atLeast, atMost, fileSize, flipsAtMost, latency, memory, noWorseThanChampion, slicesNoWorse, throughput, type Gate, type GateInput } from "./schemas/gate.ts";
export { blueGreen, canary, shadow, type Rollout, type RolloutInput } from "./schemas/rollout.ts";
export { csv, jsonl, parquet, predictions, type Source, type SourceInput } from "./schemas/source.ts";
