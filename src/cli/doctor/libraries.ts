import type { EffectiveValue } from '../../config/effective.js';
import type { Instrumentation } from '../../instrumentation.js';
import { instrumentations } from '../../instrumentations/index.js';
import type { Finding } from './finding.js';
import type { LoadedPackage, ProcessReport } from './report.js';

/** What became of one instrumentation in the application. */
export interface InstrumentationState {
  readonly name: string;
  readonly isOn: boolean;
  /** The copies of its libraries that the application has loaded. */
  readonly copies: readonly CopyState[];
}

export interface CopyState extends LoadedPackage {
  readonly isObserved: boolean;
  /** Why not, or what is missing all the same. */
  readonly why?: string;
}

const FIRST = 'load Redhook first: put its flag before every other --require and --import';

export function instrumentationStates(
  app: ProcessReport,
  isOn: Readonly<Record<string, boolean>>,
): InstrumentationState[] {
  return instrumentations.map((instrumentation) => {
    const on = app.isStarted && isOn[instrumentation.name] === true;
    const names = packagesOf(instrumentation);
    const copies = app.packages
      .filter(({ name }) => names.has(name))
      .map((copy) => stateOf(copy, instrumentation, app, on));
    return { name: instrumentation.name, isOn: on, copies };
  });
}

/** The packages that it patches; of one that listens to channels, the package of its name. */
function packagesOf({ name, targets }: Instrumentation): Set<string> {
  const names = targets.flatMap((target) => ('package' in target ? [target.package] : []));
  return new Set(names.length > 0 ? names : [name]);
}

function stateOf(
  copy: LoadedPackage,
  { targets }: Instrumentation,
  { attached, lines }: ProcessReport,
  isOn: boolean,
): CopyState {
  const isPatched = targets.some((target) => 'package' in target && target.package === copy.name);
  const isObserved = isOn && (!isPatched || attached.some(({ folder }) => folder === copy.folder));
  const refusal = lines.find(({ line }) =>
    line.includes(`${copy.name} ${copy.version} (${copy.folder})`),
  )?.line;
  if (!isObserved && refusal !== undefined) return { ...copy, isObserved, why: versionsIn(refusal) };
  return { ...copy, isObserved, ...(isOn && copy.isEarly && { why: 'it was loaded before Redhook' }) };
}

/** Of `pg 7.0.0 (folder): expected ^8.0.0; ...`. */
function versionsIn(refusal: string): string {
  return `it is observed in the versions ${/expected ([^;]+)/.exec(refusal)?.[1]}`;
}

/** What the user should know of the libraries. */
export function examineLibraries(
  states: readonly InstrumentationState[],
  values: readonly EffectiveValue[],
): Finding[] {
  return states.flatMap((state) => [
    ...examineSwitch(state, values),
    ...state.copies.flatMap((copy) => (state.isOn ? examineCopy(copy) : [])),
    ...examineCopies(state),
  ]);
}

function examineSwitch(
  { name, isOn, copies }: InstrumentationState,
  values: readonly EffectiveValue[],
): Finding[] {
  const given = values.find(({ keys }) => keys[0] === 'instrumentations' && keys[1] === name);
  if (isOn || given?.value !== false) return [];
  const used = copies.map(describe).join(', ');
  const isUsed = used !== '' || /^(?:http|fetch|grpc)/.test(name);
  return [
    {
      check: 'libraries',
      severity: isUsed ? 'warning' : 'note',
      message: `${name} is off (${given.origin})${used === '' ? '' : `, and the application uses ${used}`}`,
      ...(isUsed && { fix: `take ${name} out of there to observe it` }),
    },
  ];
}

/** A copy that is not observed without a reason is a part of a library that another part stands for. */
function examineCopy(copy: CopyState): Finding[] {
  const check = 'libraries';
  const what = describe(copy);
  const { why, isObserved, isEarly, name } = copy;
  if (why === undefined) return isObserved ? [{ check, severity: 'ok', message: `${what} is observed` }] : [];
  if (isObserved)
    return [{ check, severity: 'warning', message: `${what} may be observed in part: ${why}`, fix: FIRST }];
  const fix = isEarly ? FIRST : `install one of these versions of ${name}`;
  return [{ check, severity: 'error', message: `${what} is not observed: ${why}`, fix }];
}

function examineCopies({ copies }: InstrumentationState): Finding[] {
  const byName = Object.groupBy(copies, ({ name }) => name);
  return Object.entries(byName).flatMap(([name, all = []]): Finding[] => {
    if (all.length < 2) return [];
    const message = `there are ${all.length} copies of ${name}: ${all.map(({ version, folder }) => `${version} in ${folder}`).join(', ')}`;
    return [
      { check: 'libraries', severity: 'note', message, fix: `\`npm ls ${name}\` says who brings them` },
    ];
  });
}

function describe({ name, version }: LoadedPackage): string {
  return `${name} ${version}`;
}
