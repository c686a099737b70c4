/**
 * Runs the shapes that SHAPES names, and prints what the service knows of them: for each run of a shape its status and
 * the names of its events. FOLDER has the shapes. Histories go to the folder HISTORIES in the binary format of the service.
 */
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { temporal } = require('@temporalio/proto');
const { Client, Connection } = require('@temporalio/client');
const { Worker, NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');

const { TEMPORAL_ADDRESS: address, TASK_QUEUE: taskQueue, SHAPES, HISTORIES, TICKS, CACHED } = process.env;
const folder = join(__dirname, process.env.FOLDER ?? '.');
const { createActivities } = require(join(folder, 'activities.cjs'));
const { createServices } = require(join(folder, 'nexus.cjs'));
const { scenarios } = require(join(folder, 'scenarios.cjs'));
const { History } = temporal.api.history.v1;
const { EventType } = temporal.api.enums.v1;
const AT_ONCE = 6;
const PATIENCE_MS = 20_000;

Runtime.install({
  logger: new DefaultLogger('ERROR', () => {}),
  telemetryOptions: { logging: { filter: 'OFF' } },
});

async function main() {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: join(folder, 'workflows.cjs'),
    activities: createActivities(client),
    maxHeartbeatThrottleInterval: '100ms',
    ...(TICKS && { interceptors: { workflowModules: [require.resolve('./tick.cjs')] } }),
    ...(CACHED && { maxCachedWorkflows: Number(CACHED) }),
    ...(SHAPES.includes('Nexus') && { nexusServices: createServices() }),
  });
  if (SHAPES.includes('Nexus')) {
    const spec = { name: taskQueue, target: { worker: { namespace: 'default', taskQueue } } };
    await connection.operatorService.createNexusEndpoint({ spec });
  }
  const waiting = SHAPES.split(',');
  const runs = {};
  const work = async () => {
    for (let shape = waiting.shift(); shape !== undefined; shape = waiting.shift())
      runs[shape] = await Promise.race([play(client, native, shape), late()]).catch((error) =>
        String(error.stack),
      );
  };
  await worker.runUntil(async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    // As a worker does, it lives on when a run has been terminated.
    await setTimeout(2000);
  });
  await connection.close();
  await native.close();
  console.log(JSON.stringify(runs));
}

async function late() {
  await setTimeout(PATIENCE_MS);
  throw new Error('the shape does not end');
}

async function play(client, native, shape) {
  const id = `${taskQueue}/${shape}`;
  const found = [];
  const options = { taskQueue, workflowId: id };
  await (scenarios[shape] ?? (({ execute }) => execute()))({
    client,
    native,
    id,
    taskQueue,
    type: shape,
    found,
    start: () => client.workflow.start(shape, options),
    execute: (more, type = shape) => client.workflow.execute(type, { ...options, ...more }).catch(() => {}),
  });
  const runs = [];
  if (found.length === 0) found.push({ workflowId: id });
  for (const { workflowId, runId } of found) await collect(client, workflowId, runId, runs);
  return runs;
}

/** The runs of a workflow, those that follow them, and its children. */
async function collect(client, workflowId, runId, runs) {
  let first = runId;
  if (first === undefined) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    first = raw.workflowExecutionInfo.firstRunId || raw.workflowExecutionInfo.execution.runId;
  }
  const handle = client.workflow.getHandle(workflowId, first);
  const { status, type } = await handle.describe();
  const history = await handle.fetchHistory();
  runs.push({ workflowId, runId: first, type, status: status.name, events: eventsOf(history) });
  if (HISTORIES) {
    const file = `${runs.length} ${encodeURIComponent(workflowId)}`;
    writeFileSync(join(HISTORIES, file), History.encode(history).finish());
  }
  for (const event of history.events) {
    const next =
      event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ??
      event.workflowExecutionFailedEventAttributes?.newExecutionRunId;
    if (next) await collect(client, workflowId, next, runs);
    const started = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (started) await collect(client, started.workflowId, started.runId, runs);
  }
}

function eventsOf({ events }) {
  return events
    .map(({ eventType }) => EventType[eventType].replace('EVENT_TYPE_', ''))
    .filter((name) => !name.startsWith('WORKFLOW_TASK_'));
}

main().then(() => process.exit());
