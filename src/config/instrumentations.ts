import type { Switchable } from '../instrumentation.js';

const PACKAGE = /^@opentelemetry\/instrumentation-/;

/** The instrumentations that `word` selects by name, by alias, or by the name of an OpenTelemetry package. */
export function instrumentationsNamed(word: string, all: readonly Switchable[]): readonly string[] {
  const wanted = word.replace(PACKAGE, '').toLowerCase();
  return all
    .filter(({ name, aliases = [] }) => name === wanted || aliases.includes(wanted))
    .map(({ name }) => name);
}

/** The names to suggest for an unknown one: every name, and every alias that selects several instrumentations. */
export function proposedNames(all: readonly Switchable[]): readonly string[] {
  const aliases = all.flatMap(({ aliases = [] }) => aliases);
  const groups = aliases.filter((alias, index) => aliases.indexOf(alias) !== index);
  return [...new Set([...all.map(({ name }) => name), ...groups])];
}
