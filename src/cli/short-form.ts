import { Document, type Node } from 'yaml';
import { type EffectiveValue, effectiveValues } from '../config/effective.js';
import type { LoadedConfig } from '../config/load.js';
import { switchable } from '../instrumentations/index.js';
import { version } from '../version.js';

/**
 * The effective configuration as a file in the short form, with the origin of each value as a comment.
 */
export function shortForm({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>): string {
  const document = new Document({});
  document.commentBefore = ` The effective configuration of redhook ${version}.${config.enabled ? '' : ' OTEL_SDK_DISABLED turns it off.'}`;
  for (const { keys, value, origin } of effectiveValues(config, origins, switchable)) {
    const node = document.createNode(literal(value), { flow: true }) as Node;
    node.comment = ` ${origin}`;
    document.setIn(keys, node);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}

/** A `$` in a file begins a reference. */
function literal(value: EffectiveValue['value']): EffectiveValue['value'] {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (typeof value !== 'object') return value;
  return value.map((each) => (typeof each === 'string' ? each.replaceAll('$', '$$$$') : each));
}
