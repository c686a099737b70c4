/** Whether `version` satisfies one of the caret ranges in `ranges`: `^1.8.0 || ^2.0.0`. */
export function satisfies(version: string, ranges: string): boolean {
  return ranges.split('||').some((range) => isWithin(version, range));
}

/** Not lower, and of the same major version. */
function isWithin(version: string, range: string): boolean {
  const [wanted, found] = [numbersOf(range), numbersOf(version)];
  if (wanted[0] !== found[0]) return false;
  const differs = wanted.findIndex((number, i) => number !== found[i]);
  return differs === -1 || Number(found[differs]) > Number(wanted[differs]);
}

/** Major, minor and patch. A pre-release counts as its release. */
function numbersOf(text: string): number[] {
  return (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
}
