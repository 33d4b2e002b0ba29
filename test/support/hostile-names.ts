/** Names that try to leave the place where they are shown, as rules, slices, metrics, people and reasons may be called. */
export const hostileNames: readonly string[] = [
  "\u001b[2J\u001b[H gate auc: yes", "\u001b[8mhidden\u001b[0m", "\u001b]8;;http://evil\u0007click\u001b]8;;\u0007", "\u009b31m", "a\rVersion 9 was approved", "a\n# approved by everyone\n", "a\u2028| x | yes |",
  "x | yes | said by everyone |", "x \\| yes", "![](http://evil/x.png)", "[yes](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<!-- ", "--> **yes**", "`", "```\nrelearn approve latest", "$x$", "&lt;b&gt;&#x202e;",
  "seY\u202e", "\u2066isolated", "\u200fright", "zero\u200bwidth", "tag\u{e0041}\u{e007f}", "half\ud800", "\u0000", "https://evil.example/approve",
];
