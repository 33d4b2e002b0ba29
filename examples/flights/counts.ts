import { renderTable } from "../../cli/support/table.ts";
import type { Answer, Answers } from "./ask-flights.ts";

interface Group { readonly title: string; readonly answers: readonly Answer[] }

/** Who answered the flights that were asked for, how fast, and how many got no answer. */
export function countsText({ all, failures }: Answers): string {
  const titles = [...new Set(all.map(titleOf))].sort();
  const groups = titles.map((title): Group => ({ title, answers: all.filter((answer) => titleOf(answer) === title) }));
  const table = renderTable<Group>([
    { title: "ANSWERED BY", cell: ({ title }) => title },
    { title: "FLIGHTS", cell: ({ answers }) => answers.length.toLocaleString("en"), right: true },
    { title: "P50 MS", cell: ({ answers }) => quantile(answers, 0.5).toFixed(1), right: true },
    { title: "P99 MS", cell: ({ answers }) => quantile(answers, 0.99).toFixed(1), right: true },
  ], groups, Infinity);
  return `${table}\n\n${(all.length + failures.length).toLocaleString("en")} asked, ${all.length.toLocaleString("en")} answered, ${failures.length} failed${failures.length === 0 ? "" : `: ${failures.slice(0, 3).join("; ")}`}`;
}

const titleOf = ({ v, variant }: Answer): string => `version ${v} as ${variant}`;

function quantile(answers: readonly Answer[], share: number): number {
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
}
