/** One dashboard: its variables, and panels in rows. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type PanelOptions, panel } from './panel.mts';

export interface DashboardOptions {
  /** Also the name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The metric whose services can be chosen. */
  readonly services: string;
  /** Further variables: the label of `services` that each one chooses from. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly PanelOptions[]>>;
}

export function dashboard(options: DashboardOptions): Dashboard {
  const { uid, title, description, services, variables = {}, rows } = options;
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['redhook'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(choice('service', `label_values(${services}, service_name)`));
  for (const [name, label] of Object.entries(variables))
    builder.withVariable(choice(name, `label_values(${services}{service_name=~"$service"}, ${label})`));
  for (const [name, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(name));
    for (const each of panels) builder.withPanel(panel(each));
  }
  return builder.build();
}

/** All of them are chosen at first. `.*` also matches what lacks the label. */
function choice(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(`${name[0]?.toUpperCase()}${name.slice(1)}`)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
