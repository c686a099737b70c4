/** Replays the histories in the given files. A workflow that is not deterministic throws. */
const { readFileSync } = require('node:fs');
const { temporal } = require('@temporalio/proto');
const { Worker, Runtime, DefaultLogger } = require('@temporalio/worker');
const { plugins } = require('./official.cjs');

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });

(async () => {
  for (const file of process.argv.slice(2)) {
    const history = temporal.api.history.v1.History.decode(readFileSync(file));
    const workflowsPath = require.resolve('./workflows.cjs');
    const replay = Worker.runReplayHistory({ workflowsPath, plugins: plugins() }, history);
    await replay.then(
      () => console.log('replayed'),
      (error) => console.log(error.name),
    );
  }
})();
