import type { SourceEvidence } from "../schemas/dataset.ts";
import { finePercent } from "./percent.ts";

/** Fewer labels of a sender say nothing against it. */
const fewestLabels = 200;
/** How much more often than those of the others its labels must differ from the model's answers, beyond what the scores expect. */
const leastEffect = 0.1;
/** Share of those that are held against somebody who did nothing that is borne. */
const falseAlarms = 0.001;

const excess = ({ disagreed, expected, others }: SourceEvidence): number => disagreed - expected - (others.disagreed - others.expected);

/**
 * Senders whose labels are not to be learned from. They must be a minority: where half of the labels or more would be left out nobody can say who is wrong, and
 * nobody is; the label noise gate answers.
 * @param labels all of them, also those of which nobody knows who sent them
 */
export function distrustedSources(evidence: readonly SourceEvidence[], labels: number): readonly SourceEvidence[] {
  const found = evidence.filter((one) => one.labels >= fewestLabels && excess(one) >= leastEffect && one.p <= falseAlarms);
  return 2 * found.reduce((sum, one) => sum + one.labels, 0) < labels ? found : [];
}

/** What is held against a sender, for people. */
export function distrustText({ source, labels, disagreed, expected, others, p }: SourceEvidence): string {
  const [mine, theirs] = [{ labels, disagreed, expected }, others].map((one) => `${finePercent(one.disagreed)} of ${one.labels} (expected ${finePercent(one.expected)})`);
  return `labels that ${source} sent differ from the model's answers in ${mine}, those of the others in ${theirs}, p ${p < 1e-12 ? "below 1e-12" : p.toPrecision(2)}`;
}
