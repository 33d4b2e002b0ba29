/** Control characters, line separators and marks that turn the direction of text: nothing a name or a reason needs. */
const unseen = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/**
 * Somebody's text as part of a Markdown line: it stays on its line and in its table cell, and is no link, image or HTML.
 * Slice names, reasons and names of people are shown beside the question a person answers; they must not redraw it.
 */
export function markdownText(text: string): string {
  return text.replace(unseen, " ").replace(/[\\|<>[\]!]/g, "\\$&").trim();
}
