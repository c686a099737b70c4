// The live page. It asks for the totals every two seconds; rates and lines are the differences between two answers. The
// settings change rarely, so it asks for them less often.

const PERIOD_MS = 2_000;
const SETTINGS_PERIOD_MS = 10_000;
const POINTS = 60;
const SVG = 'http://www.w3.org/2000/svg';

/** By histogram and name: the first totals that were seen, the last ones, and the rates since. */
const seen = new Map();
let shown = 'newest';
let traces = [];
let isPaused = false;
let lastState;
let settings = { values: [], instrumentations: [] };

const byId = (id) => document.getElementById(id);

byId('pause').addEventListener('click', ({ currentTarget: button }) => {
  isPaused = !isPaused;
  button.setAttribute('aria-pressed', String(isPaused));
  byId('status').textContent = isPaused ? 'Paused.' : '';
});

for (const button of document.querySelectorAll('[data-traces]')) {
  button.addEventListener('click', () => {
    shown = button.dataset.traces;
    for (const each of document.querySelectorAll('[data-traces]'))
      each.setAttribute('aria-pressed', String(each === button));
    showTraces();
  });
}

byId('all-values').addEventListener('click', ({ currentTarget: button }) => {
  const isPressed = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(isPressed));
  showValues();
});

async function ask(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function update() {
  if (isPaused) return;
  try {
    show(await ask('/live.json'));
    byId('status').textContent = '';
  } catch (error) {
    byId('status').textContent = `No answer: ${error.message}. Trying again.`;
  }
}

function show(state) {
  document.title = `${state.service} – Redhook`;
  byId('service').textContent = state.service;
  byId('process').textContent =
    `process ${state.pid}, Node ${state.node}, Redhook ${state.redhook}, up ${duration(state.uptime)}, ` +
    `${Math.round(state.memory / 1e6)} MB`;
  showCalls(state);
  traces = state.traces ?? [];
  if (state.traces === undefined)
    byId('no-traces').textContent = 'No spans are recorded: traces have no exporter.';
  showTraces();
  showTotals(state.totals);
  lastState = state;
}

function showCalls(state) {
  const seconds = lastState === undefined ? 0 : (state.now - lastState.now) / 1000;
  const rows = state.calls.map((calls) => {
    const key = `${calls.histogram} ${calls.name}`;
    // What is new since the page was opened began at nothing.
    const nothing = { ...calls, count: 0, failed: 0, sum: 0, buckets: calls.buckets.map(() => 0) };
    const known = seen.get(key) ?? {
      first: lastState === undefined ? calls : nothing,
      last: nothing,
      rates: [],
    };
    const rate = seconds > 0 ? Math.max(0, (calls.count - known.last.count) / seconds) : 0;
    const rates = seconds > 0 ? [...known.rates, rate].slice(-POINTS) : known.rates;
    const entry = { first: known.first, last: calls, rates };
    seen.set(key, entry);
    return { calls, rate, rates, since: difference(calls, known.first) };
  });
  rows.sort((a, b) => b.rate - a.rate || b.calls.count - a.calls.count);
  byId('calls').replaceChildren(...rows.slice(0, 100).map(row));
  byId('no-calls').hidden = rows.length > 0;
}

function row({ calls, rate, rates, since }) {
  const failures = since.count > 0 ? since.failed / since.count : 0;
  const head = element('th', { scope: 'row', title: calls.name }, calls.name || '(no name)');
  head.append(element('small', {}, calls.histogram.replace(/\.(request|call|operation)?\.?duration$/, '')));
  return element(
    'tr',
    {},
    head,
    element('td', { class: 'number' }, rate.toFixed(rate < 10 ? 1 : 0)),
    element('td', { class: 'wide' }, spark(rates)),
    element('td', { class: failures > 0 ? 'number bad' : 'number' }, percent(failures)),
    element('td', { class: 'number wide' }, quantile(since, 0.5)),
    element('td', { class: 'number' }, quantile(since, 0.95)),
    element('td', { class: 'number wide' }, String(calls.count)),
  );
}

function difference(now, before) {
  return {
    boundaries: now.boundaries,
    count: now.count - before.count,
    failed: now.failed - before.failed,
    buckets: now.buckets.map((count, i) => count - before.buckets[i]),
  };
}

/** The bucket that the quantile falls into, as a bound. */
function quantile({ boundaries, buckets, count }, q) {
  if (count <= 0) return '–';
  let below = 0;
  for (const [i, inBucket] of buckets.entries()) {
    below += inBucket;
    if (below >= q * count)
      return i < boundaries.length ? `≤ ${duration(boundaries[i])}` : `> ${duration(boundaries.at(-1))}`;
  }
  return '–';
}

function spark(rates) {
  const most = Math.max(...rates, Number.MIN_VALUE);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', `0 0 ${POINTS} 20`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `up to ${most < 0.05 ? 0 : most.toFixed(1)} per second`);
  const line = document.createElementNS(SVG, 'polyline');
  const offset = POINTS - rates.length;
  line.setAttribute('points', rates.map((rate, i) => `${offset + i},${19 - (18 * rate) / most}`).join(' '));
  svg.append(line);
  return svg;
}

const ORDERS = {
  newest: (all) => all.toSorted((a, b) => b.startedAt - a.startedAt),
  slowest: (all) => all.toSorted((a, b) => b.duration - a.duration),
  failed: (all) => all.filter(({ failed }) => failed),
};

/** Traces that are open stay as they are, so that they can be read. */
function showTraces() {
  const open = new Set(
    Array.from(document.querySelectorAll('details[open]'), ({ dataset }) => dataset.trace),
  );
  const focused = document.activeElement?.closest('details')?.dataset.trace;
  const chosen = ORDERS[shown](traces).slice(0, 20);
  byId('traces').replaceChildren(...chosen.map((each) => traceDetails(each, open.has(each.traceId))));
  byId('no-traces').hidden = chosen.length > 0;
  if (focused !== undefined) document.querySelector(`details[data-trace="${focused}"] summary`)?.focus();
}

function traceDetails(trace, isOpen) {
  const { traceId, startedAt, spans, omitted, failed } = trace;
  const summary = element(
    'summary',
    {},
    element('span', { class: failed ? 'name bad' : 'name' }, (spans[0]?.details ?? []).join('  ')),
    element('span', { class: 'number' }, duration(trace.duration / 1000)),
    element(
      'time',
      { datetime: new Date(startedAt).toISOString() },
      new Date(startedAt).toLocaleTimeString(),
    ),
  );
  const list = element('ol', { class: 'spans' }, ...spans.map((span) => spanItem(span, trace.duration)));
  const rest = omitted > 0 ? [element('p', {}, `and ${omitted} more spans`)] : [];
  const details = element(
    'details',
    { 'data-trace': traceId },
    summary,
    element('p', { class: 'id' }, `trace ${traceId}`),
    list,
    ...rest,
  );
  details.open = isOpen;
  return details;
}

function spanItem({ depth, start, duration: took, failed, details }, total) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'waterfall');
  svg.setAttribute('viewBox', '0 0 1000 8');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const bar = document.createElementNS(SVG, 'rect');
  const scale = 1000 / Math.max(total, Number.MIN_VALUE);
  bar.setAttribute('x', String(start * scale));
  bar.setAttribute('width', String(Math.max(2, took * scale)));
  bar.setAttribute('height', '8');
  if (failed) bar.setAttribute('class', 'failed');
  svg.append(bar);
  const text = `${'· '.repeat(depth)}${details.join('  ')}`;
  const label = element(
    'div',
    { class: 'label' },
    element('span', failed ? { class: 'bad' } : {}, text),
    element('span', { class: 'number' }, duration(took / 1000)),
  );
  return element('li', {}, label, svg);
}

async function updateSettings() {
  if (isPaused) return;
  try {
    settings = await ask('/settings.json');
  } catch {
    // The other question says that there is no answer.
    return;
  }
  showInstrumentations();
  showValues();
}

const STATES = { on: 'on', off: 'off', failed: 'off after faults' };

function showInstrumentations() {
  const isWaiting = ({ state }) => state === 'waiting';
  const waiting = settings.instrumentations.filter(isWaiting);
  const others = settings.instrumentations.filter((each) => !isWaiting(each));
  byId('instrumentations').replaceChildren(
    ...others.map(({ name, state, libraries }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, name),
        element('td', state === 'failed' ? { class: 'bad' } : {}, STATES[state]),
        element('td', {}, libraries.map((each) => `${each.name} ${each.version}`).join(', ')),
      ),
    ),
  );
  const names = waiting.map(({ name }) => name).join(', ');
  byId('waiting').textContent = names === '' ? '' : `On, and their libraries are not loaded: ${names}.`;
}

function showValues() {
  const isAll = byId('all-values').getAttribute('aria-pressed') === 'true';
  const shown = settings.values.filter(({ origin }) => isAll || origin !== 'default');
  byId('configuration').replaceChildren(
    ...shown.map(({ keys, value, origin }) => {
      const head = element('th', { scope: 'row' }, keys.join('.'));
      head.append(element('small', {}, origin));
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      return element('tr', {}, head, element('td', {}, text));
    }),
  );
  byId('only-defaults').hidden = shown.length > 0;
}

function showTotals(totals) {
  byId('totals').replaceChildren(
    ...totals.flatMap(({ name, value }) => [
      element('dt', {}, name),
      element('dd', value > 0 && /dropped|overflow/.test(name) ? { class: 'bad' } : {}, String(value)),
    ]),
  );
}

function duration(seconds) {
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function percent(part) {
  return part === 0 ? '0 %' : `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

setInterval(update, PERIOD_MS);
setInterval(updateSettings, SETTINGS_PERIOD_MS);
void update();
void updateSettings();
