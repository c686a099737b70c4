import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import { SCOPE } from '../scope.js';
import { isLegacy, labelName, type NameScheme } from './names.js';

/** The labels of one series, as written between the braces. */
export interface LabelSet {
  /** `a="1",b="2"`, in the order of the attributes. */
  readonly text: string;
  /** Equal for the same labels in any order. */
  readonly key: string;
}

export type Labels = (attributes: Attributes, scope: InstrumentationScope) => LabelSet;

export interface LabelOptions {
  /** Attributes of the resource that every series has. */
  readonly constantLabels: Attributes;
  /** Whether series have the scope that made them, unless it is Redhook's own. */
  readonly scopeLabels: boolean;
}

/**
 * Renders the labels of series: those that all have, the attributes, and the scope. Labels of Redhook's own series are
 * cached, because their attributes never change.
 */
export function createLabels({ constantLabels, scopeLabels }: LabelOptions, scheme: NameScheme): Labels {
  const constant = entriesOf(constantLabels);
  const first = pairsOf(constant, scheme, new Set());
  // No attribute may replace the service, the bound of a bucket or the name of the metric.
  const reserved = new Set([...constant.map(([key]) => labelName(key, scheme)), 'le', '__name__']);
  const cache = new WeakMap<Attributes, LabelSet>();

  return (attributes, scope) => {
    if (scope !== SCOPE) {
      const scopes = scopeLabels ? scopeEntries(scope) : [];
      return labelSet(first, [...entriesOf(attributes), ...scopes], scheme, reserved);
    }
    const known = cache.get(attributes);
    if (known !== undefined) return known;
    const made = labelSet(first, entriesOf(attributes), scheme, reserved);
    cache.set(attributes, made);
    return made;
  };
}

/** The labels of `target_info`: all attributes of the resource. */
export function resourceLabels(attributes: Attributes, scheme: NameScheme): string {
  return pairsOf(entriesOf(attributes), scheme, new Set()).join(',');
}

export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

type Entry = readonly [key: string, value: string];

function labelSet(
  first: readonly string[],
  entries: Entry[],
  scheme: NameScheme,
  reserved: Set<string>,
): LabelSet {
  const pairs = pairsOf(entries, scheme, reserved);
  return { text: [...first, ...pairs].join(','), key: pairs.toSorted().join(',') };
}

/**
 * Attributes whose keys become the same label share it: their values are joined by `;` in the order of the keys. An
 * attribute that would take a reserved label gets the prefix `exported_`, as Prometheus itself does it.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config (honor_labels)
 */
function pairsOf(entries: Entry[], scheme: NameScheme, reserved: Set<string>): string[] {
  const byLabel = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = labelName(entry[0], scheme);
    const label = reserved.has(name) ? `exported_${name}` : name;
    const sharing = byLabel.get(label);
    if (sharing === undefined) byLabel.set(label, [entry]);
    else sharing.push(entry);
  }
  return Array.from(byLabel, ([label, sharing]) => pair(label, joined(sharing)));
}

function joined(entries: Entry[]): string {
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, value]) => value).join(';');
}

/** Leaves out empty values: to Prometheus an empty label is the same as none. */
function entriesOf(attributes: Attributes): Entry[] {
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(attributes)) {
    const text = textOf(value);
    if (text !== '') entries.push([key, text]);
  }
  return entries;
}

function scopeEntries({ name, version, schemaUrl }: InstrumentationScope): Entry[] {
  return entriesOf({
    otel_scope_name: name,
    otel_scope_version: version,
    otel_scope_schema_url: schemaUrl,
  });
}

function pair(label: string, value: string): string {
  return `${isLegacy(label) ? label : quoted(label)}=${quoted(value)}`;
}

/** Strings are unchanged, other values become JSON. A value that JSON cannot represent must not cost the page. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
