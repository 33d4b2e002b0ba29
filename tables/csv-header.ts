/** Names in a CSV's first line; quoted names may hold the delimiter and doubled quotes. */
export function csvHeader(line: string, delimiter: string): string[] {
  const names: string[] = [];
  let at = 0;
  while (at <= line.length) {
    const quoted = line[at] === '"';
    const end = quoted ? closingQuote(line, at + 1) + 1 : nextDelimiter(line, at, delimiter);
    names.push(quoted ? line.slice(at + 1, end - 1).replaceAll('""', '"') : line.slice(at, end).trim());
    at = nextDelimiter(line, end, delimiter) + 1;
  }
  return names;
}

function nextDelimiter(line: string, from: number, delimiter: string): number {
  const found = line.indexOf(delimiter, from);
  return found < 0 ? line.length : found;
}

function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 2)) if (line[at + 1] !== '"') return at;
  return line.length;
}
