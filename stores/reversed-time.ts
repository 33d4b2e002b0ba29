/** Later times come first in a listing: milliseconds since 1970 counted down from 10^15 - 1, as 15 digits. */
export const reversedTime = (instant: string): string => String(999_999_999_999_999 - Date.parse(instant)).padStart(15, "0");
