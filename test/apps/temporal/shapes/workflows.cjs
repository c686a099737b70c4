/** One workflow for each shape of the table. They do not refer to Redhook. */
const wf = require('@temporalio/workflow');

const once = { startToCloseTimeout: '20s', retry: { maximumAttempts: 1 } };
const { fast, slow, broken, mute } = wf.proxyActivities(once);
const { flaky } = wf.proxyActivities({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '20ms', maximumAttempts: 3 },
});
const { beating } = wf.proxyActivities({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});
const { silent } = wf.proxyActivities({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '300ms',
  retry: { maximumAttempts: 2, initialInterval: '20ms' },
});
const local = wf.proxyLocalActivities(once);
const retried = wf.proxyLocalActivities({
  startToCloseTimeout: '5s',
  localRetryThreshold: '10ms',
  retry: { initialInterval: '50ms', maximumAttempts: 3 },
});

const go = wf.defineSignal('go');
const told = wf.defineQuery('told');
const add = wf.defineUpdate('add');
const failure = (message, type) => wf.ApplicationFailure.nonRetryable(message, type);
const child = (type, options = {}) => ({
  workflowId: `${wf.workflowInfo().workflowId}/${type}`,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  ...options,
});
const forever = () => wf.condition(() => false);
const ignore = () => {};

/** The children of other shapes. */
exports.Quick = async () => fast();
exports.Failing = async () => {
  throw failure('no', 'Refused');
};
exports.Late = async () => {
  await wf.sleep(300);
  throw failure('no', 'Refused');
};
exports.Dawdling = async () => {
  await wf.sleep(1500);
  await fast();
};
exports.Endless = forever;
exports.Patient = async () => {
  let went = false;
  wf.setHandler(go, () => {
    went = true;
  });
  await wf.condition(() => went);
};

exports.Completes = async () => fast();
exports.Fails = exports.Failing;
exports.Benign = async () => {
  throw wf.ApplicationFailure.create({ message: 'never mind', nonRetryable: true, category: 'BENIGN' });
};
exports.ActivityFails = async () => broken();
exports.ActivityCaught = async () => broken().catch(ignore);
exports.ActivityRetried = async () => flaky();
exports.ActivityTimesOut = async () =>
  wf.proxyActivities({ startToCloseTimeout: '200ms', retry: { maximumAttempts: 1 } }).long();
exports.HeartbeatLost = async () => silent();
exports.LocalActivity = async () => local.fast();
exports.LocalActivityFails = async () => local.broken();
exports.LocalActivityUnknown = async () => local.absent().catch(ignore);
exports.LocalActivityBacksOff = async () => retried.flaky();
exports.Parallel = async () => Promise.all(Array.from({ length: 10 }, () => fast()));
exports.CompletedFromOutside = async () => mute();

exports.Race = async () => Promise.race([slow(), wf.sleep(50)]);
exports.FireAndForget = async () => {
  slow();
  await wf.sleep(10);
};
exports.ForgottenAtOnce = async () => {
  slow();
};

exports.ChildCompletes = async () => wf.executeChild('Quick', child('Quick'));
exports.ChildFails = async () => wf.executeChild('Failing', child('Failing'));
exports.ChildFailsLate = async () => {
  const handle = await wf.startChild('Late', child('Late'));
  await handle.result().catch(ignore);
};
exports.ChildAbandoned = async () => {
  await wf.startChild('Dawdling', child('Dawdling', { parentClosePolicy: 'ABANDON' }));
};
exports.ChildTerminated = async () => {
  await wf.startChild('Endless', child('Endless'));
  await wf.sleep(1500);
};
exports.ChildRequestCancel = async () => {
  await wf.startChild('Endless', child('Endless', { parentClosePolicy: 'REQUEST_CANCEL' }));
};
exports.ChildTaken = async () => {
  const first = await wf.startChild('Patient', child('Patient'));
  await wf.startChild('Patient', child('Patient')).catch(ignore);
  await wf.getExternalWorkflowHandle(first.workflowId).signal(go);
  await first.result();
};
exports.ChildCanceled = async () => {
  const scope = new wf.CancellationScope();
  await scope.run(async () => {
    const handle = await wf.startChild('Endless', child('Endless'));
    scope.cancel();
    await handle.result().catch(ignore);
  });
};
exports.ChildCanceledAtOnce = async () => {
  const scope = new wf.CancellationScope();
  await scope.run(async () => {
    const running = wf.executeChild('Endless', child('Endless'));
    scope.cancel();
    await running.catch(ignore);
  });
};

exports.CanceledInSleep = async () => wf.sleep('1 minute');
exports.CanceledInActivity = async () => beating();
exports.CanceledInChild = async () => wf.executeChild('Endless', child('Endless'));
exports.CancellationCaught = async () => wf.sleep('1 minute').catch(ignore);
exports.CancellationOutlived = async () => {
  await wf.sleep('1 minute').catch(ignore);
  await wf.CancellationScope.nonCancellable(() => fast());
};
exports.OwnTimeout = async () => wf.CancellationScope.withTimeout(50, () => wf.sleep('1 minute'));
exports.OwnScopeCancelsActivity = async () => {
  const scope = new wf.CancellationScope();
  await scope.run(async () => {
    const running = beating();
    await wf.sleep(1500);
    scope.cancel();
    await running;
  });
};
exports.TryCancel = async () => {
  const scope = new wf.CancellationScope();
  await scope.run(async () => {
    const running = slow();
    await wf.sleep(50);
    scope.cancel();
    await running.catch(ignore);
  });
};
exports.RefusedAtOnce = async () => {
  const scope = new wf.CancellationScope();
  await scope.run(async () => {
    scope.cancel();
    await fast().catch(ignore);
    await local.fast().catch(ignore);
    await wf.startChild('Quick', child('Quick')).catch(ignore);
    await wf.getExternalWorkflowHandle('nobody').signal(go).catch(ignore);
  });
};
exports.RefusedArguments = async () => {
  await fast(1n).catch(ignore);
};

/** Nobody awaits the activity, so its failure fails the task, and the workflow stays open. */
exports.Unawaited = async () => {
  broken();
  await wf.sleep('1 minute');
};
exports.UnawaitedChild = async () => {
  wf.executeChild('Failing', child('Failing'));
  await wf.sleep('1 minute');
};
/** A bug that is gone a second later, as after a deployment. */
exports.Bug = async () => {
  const { runStartTime, unsafe } = wf.workflowInfo();
  await fast();
  fast().catch(ignore);
  if (unsafe.now() - runStartTime.getTime() < 1000) throw new TypeError('a bug');
};

exports.Signaled = async () => {
  let went = false;
  wf.setHandler(go, async () => {
    await fast();
    went = true;
  });
  await wf.condition(() => went);
};
exports.SignaledBeforeStart = exports.Signaled;
exports.HandlerLeftOpen = async () => {
  let went = false;
  wf.setHandler(go, async () => {
    went = true;
    await slow();
  });
  await wf.condition(() => went);
};
exports.HandlerFails = async () => {
  wf.setHandler(go, async () => {
    throw failure('no', 'Refused');
  });
  await forever();
};
exports.HandlerCanceled = async () => {
  wf.setHandler(go, async () => wf.sleep('1 minute'));
  await wf.CancellationScope.nonCancellable(forever);
};
exports.UnknownSignals = async () => {
  let count = 0;
  wf.setDefaultSignalHandler(() => {
    count += 1;
  });
  await wf.condition(() => count === 3);
};
exports.SignalsAnother = async () => {
  const other = await wf.startChild('Patient', child('Patient'));
  await other.signal(go);
  await other.result();
};
exports.SignalsNobody = async () => wf.getExternalWorkflowHandle('nobody').signal(go).catch(ignore);
/** A signal arrives while its last task is running. */
exports.SignaledAtTheEnd = async () => {
  let count = 0;
  wf.setHandler(go, () => {
    count += 1;
  });
  await wf.proxyLocalActivities({ startToCloseTimeout: '10s' }).signalOnce(wf.workflowInfo().workflowId);
  return count;
};

const summing = async (open) => {
  let sum = 0;
  wf.setHandler(
    add,
    async (n) => {
      if (n === 13) throw failure('bad luck', 'BadLuck');
      if (open) {
        sum += n;
        await forever();
      }
      await fast();
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
  if (!open) await wf.condition(wf.allHandlersFinished);
};
exports.Updated = () => summing(false);
exports.UpdateRefused = () => summing(false);
exports.UpdateFails = () => summing(false);
exports.UpdateUnknown = () => summing(false);
exports.UpdateLeftOpen = () => summing(true);
exports.UpdatedWithStart = () => summing(false);
exports.Queried = async () => {
  wf.setHandler(told, () => 'told');
  await exports.Patient();
};

exports.Continues = async (left = 2) => {
  await fast();
  if (left > 0) await wf.continueAsNew(left - 1);
};
exports.ContinuesWithOpenActivity = async (left = 1) => {
  if (left === 0) return;
  slow();
  await wf.sleep(10);
  await wf.continueAsNew(left - 1);
};
exports.Retried = async () => {
  await fast();
  if (wf.workflowInfo().attempt < 2) throw wf.ApplicationFailure.retryable('again', 'Again');
};
exports.Terminated = async () => {
  await fast();
  await forever();
};
exports.TerminatedIdle = forever;
exports.TerminatedInActivity = async () => beating();
exports.TerminatedChild = async () => wf.executeChild('Endless', child('Endless'));
exports.Replaced = async () => {
  let went = false;
  wf.setHandler(go, () => {
    went = true;
  });
  await fast();
  await wf.condition(() => went);
};
exports.TimesOut = forever;
exports.ExecutionTimesOut = async () => {
  void slow().catch(ignore);
  await fast();
  await forever();
};
exports.Scheduled = async () => fast();
exports.Versioned = async () => {
  if (wf.patched('first')) await fast();
  wf.deprecatePatch('second');
  await fast();
};
exports.Reset = async () => {
  await fast();
  await fast();
};
exports.ConditionTimesOut = async () => wf.condition(() => false, 30);

const greetings = { name: 'greetings', operations: {} };
for (const name of ['hello', 'run', 'refuse', 'forever']) greetings.operations[name] = { name };
const nexus = () =>
  (wf.createNexusServiceClient ?? wf.createNexusClient)({
    endpoint: wf.workflowInfo().taskQueue,
    service: greetings,
  });
exports.NexusSync = async () => nexus().executeOperation('hello', 'you');
exports.NexusAsync = async () => nexus().executeOperation('run', wf.workflowInfo().workflowId);
exports.NexusFails = async () => nexus().executeOperation('refuse', 'you');
exports.NexusPending = async () => {
  await nexus().startOperation('forever', wf.workflowInfo().workflowId);
};

/** Callers choose the names of workflows that only the default workflow handles. */
exports.default = async () => {};
