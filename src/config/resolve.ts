import type { Switchable } from '../instrumentation.js';
import type { DiagnosticDraft, Report } from './diagnostic.js';
import type { Setting } from './settings.js';
import { type SourceNode, scalar } from './source/source-node.js';
import type { Env } from './source/substitute.js';

/** Where values come from. The environment overrides the file. */
export interface Sources {
  readonly env: Env;
  readonly switchable: readonly Switchable[];
  /** The nodes of the short form, by path. */
  readonly file: ReadonlyMap<string, SourceNode>;
  readonly report: Report;
  readonly observe?: Observe | undefined;
}

/** Is called with every setting that is read and what has become of it. */
export type Observe = (setting: Setting<unknown>, resolved: Resolved<unknown>) => void;

export interface Value<T> {
  readonly value: T;
  /** Its position: `file:line:column` or an environment variable. */
  readonly where: string;
}

export interface Resolved<T> {
  readonly value: T;
  /** All valid values that the sources set, by descending precedence. Empty when the default applies. */
  readonly explicit: readonly Value<T>[];
}

/**
 * Returns the valid value with the highest precedence, else the default. It reads the overridden values too, so that
 * every problem is reported at once.
 */
export function resolve<T>(setting: Setting<T>, sources: Sources, fallback = setting.default): Resolved<T> {
  const drafts: DiagnosticDraft[] = [];
  const explicit: Value<T>[] = [];
  for (const node of nodesOf(setting, sources)) {
    const value = setting.type.read(node, (draft) => drafts.push(draft));
    if (value !== undefined) explicit.push({ value, where: node.where });
  }
  const [first = { value: fallback }] = explicit;
  for (const draft of drafts) {
    const now = draft.now ?? `using ${setting.type.show(first.value)}`;
    sources.report({ severity: 'error', ...draft, now });
  }
  const resolved = { value: first.value, explicit };
  sources.observe?.(setting as Setting<unknown>, resolved);
  return resolved;
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
