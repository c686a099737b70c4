import type { Switchable } from '../instrumentation.js';

const PACKAGE = /^@opentelemetry\/instrumentation-/;

/** The names of all that `word` stands for: a name, an alias, or either as a package of OpenTelemetry. */
export function instrumentationsNamed(word: string, all: readonly Switchable[]): readonly string[] {
  const wanted = word.replace(PACKAGE, '').toLowerCase();
  return all
    .filter(({ name, aliases = [] }) => name === wanted || aliases.includes(wanted))
    .map(({ name }) => name);
}

/** The names to propose when one is unknown: every name, and every alias that stands for more than one. */
export function proposedNames(all: readonly Switchable[]): readonly string[] {
  const aliases = all.flatMap(({ aliases = [] }) => aliases);
  const groups = aliases.filter((alias, index) => aliases.indexOf(alias) !== index);
  return [...new Set([...all.map(({ name }) => name), ...groups])];
}
