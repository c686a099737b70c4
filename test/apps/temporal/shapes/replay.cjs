/** Replays the histories in the given files, and prints those that do not replay. */
const { readFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { temporal } = require('@temporalio/proto');
const { Worker, Runtime, DefaultLogger } = require('@temporalio/worker');

const { TICKS, FOLDER = '.' } = process.env;
Runtime.install({
  logger: new DefaultLogger('ERROR', () => {}),
  telemetryOptions: { logging: { filter: 'OFF' } },
});

async function* histories() {
  for (const file of process.argv.slice(2)) {
    const history = temporal.api.history.v1.History.decode(readFileSync(file));
    yield { workflowId: decodeURIComponent(basename(file).split(' ')[1]), history };
  }
}

(async () => {
  const failed = [];
  let replayed = 0;
  const options = {
    workflowsPath: join(__dirname, FOLDER, 'workflows.cjs'),
    ...(TICKS && { interceptors: { workflowModules: [require.resolve('./tick.cjs')] } }),
  };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories())) {
    if (error === undefined) replayed += 1;
    else failed.push(`${workflowId}: ${error.message}`);
  }
  console.log(JSON.stringify({ replayed, failed }));
})();
