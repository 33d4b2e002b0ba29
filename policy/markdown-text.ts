import { plainText } from "./plain-text.ts";

/**
 * Somebody's text as part of a Markdown line: it stays on its line and in its table cell, and is shown as it was written: no link, image,
 * HTML, entity, emphasis, code, heading or list. Slice names, reasons and names of people are shown beside the question a person answers;
 * they must not redraw it.
 */
export function markdownText(text: string): string {
  return plainText(text)
    .replace(/[\\|<>[\]!`*~&$]/g, "\\$&")
    // Inside a word, as in log_loss, it is no emphasis and reads better bare.
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    // Renderers make links of bare addresses.
    .replace(/\b(https?|ftp):\/\//gi, "$1:\\/\\/").replace(/\bwww\./gi, "www\\.")
    .replace(/^[#+=-]+(?=\s|$)/, "\\$&").replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2");
}
