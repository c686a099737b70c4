import type { Switchable } from '../instrumentation.js';
import type { DiagnosticDraft, Report } from './diagnostic.js';
import type { Setting } from './settings.js';
import { type SourceNode, scalar } from './source/source-node.js';
import type { Env } from './source/substitute.js';

/** Where values come from. The environment is stronger than the file. */
export interface Sources {
  readonly env: Env;
  readonly switchable: readonly Switchable[];
  /** The nodes of the short form, by path. */
  readonly file: ReadonlyMap<string, SourceNode>;
  readonly report: Report;
}

export interface Value<T> {
  readonly value: T;
  /** Where it stands. */
  readonly where: string;
}

export interface Resolved<T> {
  readonly value: T;
  /** The usable values, the strongest first. Empty: the value is the default. */
  readonly given: readonly Value<T>[];
}

/**
 * The value of a setting: the strongest that can be used, else the default. The weaker ones are read too, so that
 * every problem is told at once.
 */
export function resolve<T>(setting: Setting<T>, sources: Sources, fallback = setting.default): Resolved<T> {
  const drafts: DiagnosticDraft[] = [];
  const given: Value<T>[] = [];
  for (const node of nodesOf(setting, sources)) {
    const value = setting.type.read(node, (draft) => drafts.push(draft));
    if (value !== undefined) given.push({ value, where: node.where });
  }
  const [strongest = { value: fallback }] = given;
  const now = `${setting.type.show(strongest.value)} is used`;
  for (const draft of drafts) sources.report({ severity: 'error', now, ...draft });
  return { value: strongest.value, given };
}

function nodesOf({ path, env = [] }: Setting<unknown>, sources: Sources): SourceNode[] {
  const nodes: SourceNode[] = [];
  for (const name of env) {
    const text = sources.env[name]?.trim();
    if (text) nodes.push(scalar(name, text));
  }
  const node = path === undefined ? undefined : sources.file.get(path);
  if (node !== undefined) nodes.push(node);
  return nodes;
}
