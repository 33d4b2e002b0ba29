import { expect, it } from "vitest";
import { headlineQuality } from "../../policy/headline-quality.ts";
import type { WindowMetric } from "../../schemas/window-report.ts";

const metric = (name: string, rest: Partial<WindowMetric> = {}): WindowMetric => ({ group: "quality", metric: name, subject: null, value: 0.5, low: null, high: null, p: null, reference: null, rows: 10, estimated: false, why: null, ...rest });

it("is the same figure in every window, in whatever order they are kept, measured before estimated, and of the whole", () => {
  const estimated = metric("auc", { estimated: true });
  expect(headlineQuality([metric("accuracy"), metric("log_loss"), estimated, metric("auc", { value: 0.7 })])).toMatchObject({ metric: "auc", value: 0.7 });
  expect(headlineQuality([metric("brier"), metric("accuracy"), metric("auc", { value: null }), estimated])).toMatchObject({ metric: "accuracy" });
  expect(headlineQuality([metric("accuracy", { estimated: true }), estimated])).toBe(estimated);
  expect(headlineQuality([metric("mae"), metric("rmse")])).toMatchObject({ metric: "rmse" });
  expect(headlineQuality([metric("of_my_own")])).toMatchObject({ metric: "of_my_own" });
  expect(headlineQuality([metric("auc", { subject: "evening" }), metric("psi", { group: "input" })])).toBeNull();
});
