/** A share for people: without decimals from a tenth on. */
export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

/** A share for people, where a tenth of a percent may decide. */
export const finePercent = (share: number): string => `${(share * 100).toFixed(1)} %`;
