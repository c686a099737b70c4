/** Workflows for the features of the Temporal service that the order service does not use. */
const wf = require('@temporalio/workflow');

const { beat, leave } = wf.proxyActivities({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});
const { signalOnce } = wf.proxyLocalActivities({ startToCloseTimeout: '10s' });
const ping = wf.defineSignal('ping');

/** Its activity learns of a cancellation through its heartbeats. */
exports.Beating = () => beat();

/** Its activity is completed by a client. */
exports.Leaving = () => leave();

/** Would end without the signal that arrives during its task. */
exports.Signaled = async () => {
  let pings = 0;
  wf.setHandler(ping, () => {
    pings += 1;
  });
  await signalOnce();
  return pings;
};

/** Waits for an update. Its timer never fires. */
exports.Waiting = async () => {
  let sum = 0;
  const add = (n) => (sum += n);
  const validator = (n) => {
    if (n < 0) throw wf.ApplicationFailure.nonRetryable('too little');
  };
  wf.setHandler(wf.defineUpdate('add'), add, { validator });
  await wf.CancellationScope.withTimeout('1 minute', () => wf.condition(() => sum > 0));
  return sum;
};

/** Starts a child, and cannot start another with the same id. */
exports.Parent = async (workflowId) => {
  let refusal;
  wf.setHandler(wf.defineQuery('refusal'), () => refusal);
  await wf.startChild('Waiting', { workflowId });
  await wf.startChild('Waiting', { workflowId }).catch(({ name }) => {
    refusal = name;
  });
  await wf.condition(() => false);
};
