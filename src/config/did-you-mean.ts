/** Longer words are not compared, because the cost grows with their length. */
const MAX_LENGTH = 64;

/** ` (did you mean traces?)`, or an empty string when no candidate is close. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const name = nearest(word, candidates);
  return name === undefined ? '' : ` (did you mean ${name}?)`;
}

/** The candidate with the fewest edits, or `undefined` when it takes more than `most`, or too many for its length. */
export function nearest(word: string, candidates: readonly string[], most = MAX_LENGTH): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const ranked = candidates
    .filter((name) => Math.abs(name.length - word.length) <= most)
    .map((name) => ({ name, edits: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(most, Math.max(1, Math.floor(name.length * 0.4))))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.name;
}

/** How many characters to add, remove, replace or swap with their neighbour to turn `a` into `b`. */
function distance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const edits = Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(isSwapped ? Math.min(edits, (beforePrevious[column - 2] ?? edits) + 1) : edits);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
