/** Debian's Prometheus, as a child process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface QueryResult {
  metric: Record<string, string>;
  value: [number, string];
}

/**
 * Starts a Prometheus that scrapes the targets each second, and evaluates the texts of rules as often. It may listen a
 * moment later: until then queries have no results.
 */
export async function startPrometheus(port: number, targets: string, rules: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  for (const [index, text] of rules.entries()) writeFileSync(join(folder, `rules-${index}.yaml`), text);
  writeFileSync(
    config,
    `{global: {evaluation_interval: 1s}, rule_files: ['${folder}/rules-*.yaml'], ` +
      `scrape_configs: [{job_name: app, scrape_interval: 1s, ${targets}}]}`,
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
    return response?.ok ? ((await response.json()) as { data: unknown }).data : undefined;
  };
  return {
    /** Values of a label, or the names of all labels. */
    values: async (label?: string): Promise<string[]> =>
      ((await api(label === undefined ? 'labels' : `label/${label}/values`)) as string[] | undefined) ?? [],
    query: async (query: string): Promise<QueryResult[]> =>
      ((await api(`query?query=${encodeURIComponent(query)}`)) as { result: QueryResult[] } | undefined)
        ?.result ?? [],
    exemplars: async (query: string): Promise<string[]> => {
      const start = Date.now() / 1000 - 300;
      const found = (await api(`query_exemplars?query=${query}&start=${start}&end=${start + 600}`)) as {
        exemplars: { labels: { trace_id: string } }[];
      }[];
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
    },
    async stop() {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
