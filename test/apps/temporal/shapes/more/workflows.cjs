/** One workflow for each shape of the table. They do not refer to Redhook. */
const wf = require('@temporalio/workflow');

const once = { startToCloseTimeout: '20s', retry: { maximumAttempts: 1 } };
const { fast, broken, completedByToken, failedByToken, unregistered } = wf.proxyActivities(once);
const { beating } = wf.proxyActivities({
  ...once,
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});
const { delayed } = wf.proxyActivities({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1 minute', maximumAttempts: 2 },
});
const { flaky } = wf.proxyLocalActivities({
  startToCloseTimeout: '5s',
  localRetryThreshold: '30ms',
  retry: { initialInterval: '20ms', backoffCoefficient: 2, maximumAttempts: 4 },
});
const go = wf.defineSignal('go');
const add = wf.defineUpdate('add');
const failure = (message, type) => wf.ApplicationFailure.nonRetryable(message, type);
const ignore = () => {};
const childId = (type) => `${wf.workflowInfo().workflowId}/${type}`;
const forever = () => wf.condition(() => false);
const { CancellationScope: Scope } = wf;

exports.Endless = forever;
exports.Failing = async () => {
  throw failure('no', 'Refused');
};

exports.NestedScopes = async () => {
  const outer = new Scope();
  await outer
    .run(async () => {
      const shielded = Scope.nonCancellable(() => fast());
      const exposed = Scope.cancellable(() => beating());
      await wf.sleep(1500);
      outer.cancel();
      await Promise.allSettled([shielded, exposed]);
    })
    .catch(ignore);
};
exports.RaceOfConditions = async () => {
  let went = false;
  wf.setHandler(go, () => {
    went = true;
  });
  const scope = new Scope();
  const working = scope.run(() => beating()).catch(ignore);
  await Promise.race([working, wf.condition(() => went)]);
  scope.cancel();
  await working;
};
exports.ScopeCancelsChild = async () =>
  Scope.withTimeout(1500, () =>
    wf.executeChild('Endless', {
      workflowId: childId('Endless'),
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    }),
  ).catch(ignore);
exports.Saga = async () => {
  const compensations = [];
  try {
    await fast();
    compensations.unshift(() => fast());
    await broken();
  } catch (error) {
    await Scope.nonCancellable(async () => {
      for (const compensate of compensations) await compensate();
    });
    throw error;
  }
};
exports.SagaCanceled = async () => {
  try {
    await fast();
    await wf.sleep('1 minute');
  } catch (error) {
    await Scope.nonCancellable(() => fast());
    throw error;
  }
};
exports.CancelsAnother = async () => {
  const child = await wf.startChild('Endless', { workflowId: childId('Endless') });
  await wf.getExternalWorkflowHandle(child.workflowId).cancel();
  await child.result().catch(ignore);
};
exports.CancelsNobody = async () => wf.getExternalWorkflowHandle('nobody').cancel().catch(ignore);
exports.LocalBackoff = async () => flaky();
exports.RetryDelayed = async () => delayed();
exports.CompletedByToken = async () => completedByToken();
exports.FailedByToken = async () => failedByToken().catch(ignore);
exports.DefaultActivity = async () => unregistered();
exports.Patched = async () => {
  await (wf.patched('a') ? fast() : broken());
  wf.deprecatePatch('b');
  if (wf.patched('a')) await fast();
};
exports.HandlerSleeps = async () => {
  let count = 0;
  wf.setHandler(go, async () => {
    await wf.sleep(200);
    count += 1;
  });
  await wf.condition(() => count > 0);
  await wf.condition(wf.allHandlersFinished);
};
exports.Dynamic = async () => {
  let done = false;
  wf.setDefaultSignalHandler((name) => {
    done = name === 'stop';
  });
  wf.setDefaultQueryHandler((name) => name);
  wf.setDefaultUpdateHandler(async (name) => {
    await fast();
    return name;
  });
  await wf.condition(() => done);
};
exports.ContinuesWithOpenHandler = async (again = true) => {
  if (!again) return;
  let went = false;
  wf.setHandler(go, async () => {
    went = true;
    await wf.sleep('1 minute');
  });
  await wf.condition(() => went);
  await wf.continueAsNew(false);
};
exports.Upserts = async () => {
  wf.upsertMemo({ stage: 'packed' });
  wf.upsertSearchAttributes({ Stage: ['packed'] });
  await fast();
};
exports.Overlaps = async () => {
  let went = false;
  wf.setHandler(go, () => {
    went = true;
  });
  await wf.condition(() => went);
};
exports.StartedEagerly = async () => fast();
exports.ReplacedHandler = async () => {
  const seen = [];
  wf.setHandler(go, () => {
    seen.push(1);
  });
  await wf.condition(() => seen.length > 0);
  wf.setHandler(go, undefined);
  await fast();
};
/** A bug in a handler that is gone a moment later, as after a deployment. */
exports.HandlerBug = async () => {
  let went = false;
  wf.setHandler(go, async () => {
    await fast();
    const { runStartTime, unsafe } = wf.workflowInfo();
    if (unsafe.now() - runStartTime.getTime() < 1500) throw new TypeError('a bug');
    went = true;
  });
  await wf.condition(() => went);
};
/** Its first tasks issue another command than its history has. */
exports.NotDeterministic = async () => {
  const { runStartTime, unsafe } = wf.workflowInfo();
  const isBroken = unsafe.isReplaying && unsafe.now() - runStartTime.getTime() < 1500;
  await (isBroken ? wf.sleep(10) : fast());
  await fast();
};

const summing = async () => {
  let sum = 0;
  wf.setHandler(
    add,
    async (n) => {
      await fast();
      if (n === 13) throw failure('bad luck', 'BadLuck');
      sum += n;
      return sum;
    },
    {
      validator: (n) => {
        if (n < 0) throw failure('too little', 'TooLittle');
      },
    },
  );
  await wf.condition(() => sum > 0);
  await wf.condition(wf.allHandlersFinished);
};
for (const name of ['Started', 'StartedFails', 'StartedRefused', 'WithStart', 'WithStartRefused', 'ByHandle'])
  exports[`Update${name}`] = summing;

const operations = ['endless', 'failing', 'forbidden', 'signal', 'absent'];
const greetings = {
  name: 'greetings',
  operations: Object.fromEntries(operations.map((name) => [name, { name }])),
};
const nexus = (service = greetings) =>
  wf.createNexusServiceClient({ endpoint: wf.workflowInfo().taskQueue, service });
exports.NexusCanceled = async () =>
  Scope.withTimeout(1500, () => nexus().executeOperation('endless', wf.workflowInfo().workflowId)).catch(
    ignore,
  );
exports.NexusRunFails = async () =>
  nexus().executeOperation('failing', wf.workflowInfo().workflowId).catch(ignore);
exports.NexusForbidden = async () => nexus().executeOperation('forbidden', 'x').catch(ignore);
exports.NexusUnknown = async () => nexus().executeOperation('absent', 'x').catch(ignore);
exports.NexusSignals = async () => {
  let went = false;
  wf.setHandler(go, () => {
    went = true;
  });
  await nexus().executeOperation('signal', wf.workflowInfo().workflowId);
  await wf.condition(() => went);
};
