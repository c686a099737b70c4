/** What a query of PromQL names. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Names {
  readonly metrics: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
  /** The parts that are no PromQL. */
  readonly errors: readonly string[];
}

export function namesIn(query: string): Names {
  const metrics = new Set<string>();
  const labels = new Set<string>();
  const errors: string[] = [];
  parser.parse(query).iterate({
    enter(node) {
      const text = query.slice(node.from, node.to);
      if (node.type.isError) errors.push(`${text || 'unexpected end'} at ${node.from}`);
      else if (node.name === 'Identifier') metrics.add(text);
      else if (node.name === 'LabelName') labels.add(text);
    },
  });
  return { metrics, labels, errors };
}

/** A query of a dashboard as Grafana sends it, with all values of its variables chosen. */
export function withVariables(query: string, window: string): string {
  return query.replaceAll('$__rate_interval', window).replaceAll(/=~"\$(service|route|kind)"/g, '=~".*"');
}
