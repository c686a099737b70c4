/** The workflows of the order service. They do not refer to Redhook. */
const wf = require('@temporalio/workflow');

const { charge, flaky, look, linger } = wf.proxyActivities({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '20ms', maximumAttempts: 2 },
});
const { reserve, linger: lingerLocally } = wf.proxyLocalActivities({ startToCloseTimeout: '5s' });

const pay = wf.defineSignal('pay');
const paid = wf.defineQuery('paid');
const discount = wf.defineUpdate('discount');

/** Uses many features, once in each round. `rounds` is the number of further rounds. */
exports.OrderWorkflow = async ({ rounds = 0 } = {}) => {
  let payments = 0;
  let off = 0;
  wf.setHandler(pay, async () => {
    await charge('by signal');
    payments += 1;
  });
  wf.setHandler(paid, () => payments);
  wf.setHandler(discount, (percent) => {
    off += percent;
    return off;
  });
  await charge('at once');
  await reserve('an article');
  await flaky();
  await look();
  await wf.sleep(10);
  await wf.executeChild('ShipWorkflow', { workflowId: wf.uuid4(), args: [Math.random() < 2] });
  if (rounds > 0) {
    await wf.condition(() => payments > 0);
    return wf.continueAsNew({ rounds: rounds - 1 });
  }
  return { payments, off };
};

exports.ShipWorkflow = async (fast) => {
  await charge('for shipping');
  return fast;
};

exports.SmallWorkflow = async (n) => {
  await charge(n);
  if (n % 10 === 0) throw wf.ApplicationFailure.nonRetryable('no money', 'InsufficientFunds');
  return n;
};

exports.WaitingWorkflow = () => wf.condition(() => false);

exports.LingeringWorkflow = () => linger();

exports.LocallyLingeringWorkflow = () => lingerLocally();

/** Takes a step for each payment, and never ends. */
exports.EndlessWorkflow = async () => {
  let due = 0;
  wf.setHandler(pay, () => {
    due += 1;
  });
  while (true) {
    await wf.condition(() => due > 0);
    due -= 1;
    await charge('a step');
  }
};
