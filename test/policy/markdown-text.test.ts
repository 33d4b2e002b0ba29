import { expect, it } from "vitest";
import { markdownText } from "../../policy/markdown-text.ts";

it.each([
  ["a bar behind a backslash", "a\\|b", "a\\\\\\|b"],
  ["a line of its own", "storm\n\n# approved by everyone", "storm # approved by everyone"],
  ["an image and a link", "![x](http://evil)", "\\!\\[x\\](http://evil)"],
  ["HTML", "<img src=x>", "\\<img src=x\\>"],
  ["text turned round", "a\u202eb", "a b"],
  ["a carriage return and an escape sequence", "a\r\u001b[2Jb", "a \\[2Jb"],
])("%s cannot leave its place", (_, text, shown) => expect(markdownText(text)).toBe(shown));
