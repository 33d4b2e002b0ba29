import { feedbackLabels } from "./feedback-labels.ts";
import { fileLabels } from "./file-labels.ts";
import type { Labels, LabelsRequest } from "./labels.ts";
import { postgresLabels } from "./postgres-labels.ts";

/** Where a source's labels come from. @throws RelearnError naming the file or the table that cannot be read, `DataHeld` where it is not all there yet. */
export function openLabels(request: LabelsRequest): Promise<Labels> {
  const { labels } = request.source;
  if (labels.from === "files") return fileLabels(request, labels);
  if (labels.from === "postgres") return postgresLabels(request, labels);
  return feedbackLabels(request);
}
