import type { Propagator } from '../config.js';
import { quote } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { commaSeparated } from '../source/source-node.js';
import { component, list, map, mapping, reportProblem, string, unused } from './node-type.js';

const NAMES: readonly Propagator[] = ['tracecontext', 'baggage', 'b3', 'b3multi', 'xray'];

const composite = map(
  list(
    component({
      tracecontext: mapping({}),
      baggage: mapping({}),
      b3: mapping({}),
      b3multi: mapping({}),
      xray: mapping({}),
      jaeger: unused('its format is deprecated'),
      ottrace: unused('its format is deprecated'),
    }),
  ),
  (named) => named.map(({ name }): Propagator => name as Propagator),
);

const compositeList = map(string, (text, node, report) =>
  commaSeparated(text).filter((name): name is Propagator => {
    const isKnown = NAMES.some((known) => known === name);
    if (!isKnown && name !== 'none')
      reportProblem(node.where, quote(name), NAMES.join(', ') + didYouMean(name, NAMES), 'ignored', report);
    return isKnown;
  }),
);

/** The propagators by both of its keys, each once. */
export const propagator = map(
  mapping({ composite, composite_list: compositeList }),
  ({ composite: first = [], composite_list: others = [] }) => [...new Set([...first, ...others])],
);
