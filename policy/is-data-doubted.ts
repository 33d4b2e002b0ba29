/** Kinds of findings that ask for the data to be mended. */
const doubts = ["broken-data ", "skew "];

/** Whether anything that was found, and has not cleared, says that the data is not to be learned from. @param open by version, then by key of the finding */
export const isDataDoubted = (open: Readonly<Record<string, Readonly<Record<string, number>>>>): boolean =>
  Object.values(open).some((findings) => Object.keys(findings).some((key) => doubts.some((doubt) => key.startsWith(doubt))));
