import { expect, it } from "vitest";
import { markdownText } from "../../policy/markdown-text.ts";

it.each([
  ["a bar behind a backslash", "a\\|b", "a\\\\\\|b"],
  ["a line of its own", "storm\n\n# approved by everyone", "storm # approved by everyone"],
  ["an image and a link", "![x](http://evil)", "\\!\\[x\\](http:\\/\\/evil)"],
  ["HTML", "<img src=x>", "\\<img src=x\\>"],
  ["text turned round, or hidden", "a\u202eb\u200bc\u{e0041}\ufeffd", "a b c d"],
  ["a mark that an entity would turn round", "&#x202e;", "\\&#x202e;"],
  ["emphasis, code and a struck word", "**yes** _no_ `x` ~~y~~", "\\*\\*yes\\*\\* \\_no\\_ \\`x\\` \\~\\~y\\~\\~"],
  ["a bare address", "see WWW.evil.example or ftp://x", "see www\\.evil.example or ftp:\\/\\/x"],
  ["a heading in a list", "# approved", "\\# approved"],
  ["a list in a list", "1. approved", "1\\. approved"],
  ["a metric or a difference, which is as it was,", "log_loss -0.02", "log_loss -0.02"],
  ["a carriage return and an escape sequence", "a\r\u001b[2Jb", "a \\[2Jb"],
])("%s cannot leave its place", (_, text, shown) => expect(markdownText(text)).toBe(shown));
