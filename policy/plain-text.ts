/**
 * Control characters, line separators, halves of characters, and what is not seen at all: marks that turn the direction of text, zero-width
 * spaces, tags. The joiners of emoji and of Persian (U+200C, U+200D) stay.
 */
const unseen = /(?:(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])+/gu;

/** A text without what is not seen of it; a space stands where something was. */
export const seenText = (text: string): string => text.replace(unseen, " ");

/** Somebody's text as a part of one line: nothing in it can move a cursor, fake a line, hide text or turn it round. */
export function plainText(text: string): string {
  return seenText(text).trim();
}
