/** The methods that workflow clients call. */
import { temporal } from '@temporalio/proto';
import type { Handlers, Request, Response } from './api.js';
import type { Namespace } from './namespace.js';
import { Query } from './query.js';
import { startWorkflow } from './starts.js';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT } = temporal.api.enums.v1.HistoryEventFilterType;

export function clientHandlers(namespace: Namespace): Handlers {
  return {
    startWorkflowExecution: (request) => start(namespace, request),
    signalWorkflowExecution({ workflowExecution, signalName, input, identity, header }) {
      namespace.findOpen(workflowExecution).signal({ signalName, input, identity, header });
      return {};
    },
    signalWithStartWorkflowExecution(request) {
      const usesExisting = { ...request, workflowIdConflictPolicy: USE_EXISTING };
      const { execution, started } = startWorkflow(namespace, usesExisting);
      const { signalName, signalInput: input, identity, header } = request;
      execution.signal({ signalName, input, identity, header });
      return { runId: execution.runId, started };
    },
    queryWorkflow({ execution, query }, signal) {
      const pending = new Query(query, signal);
      namespace.find(execution).tasks.ask(pending);
      return pending.answer;
    },
    updateWorkflowExecution: (request) => update(namespace, request),
    async pollWorkflowExecutionUpdate({ updateRef, waitPolicy }) {
      const execution = namespace.find(updateRef?.workflowExecution);
      const known = execution.updates.find(updateRef?.updateId ?? '');
      await known.reached(waitPolicy?.lifecycleStage);
      return { updateRef, stage: known.stage, outcome: known.outcome };
    },
    async executeMultiOperation({ operations }) {
      const [first, second] = operations;
      const startWorkflow = start(namespace, first?.startWorkflow as Request<'startWorkflowExecution'>);
      const updateWorkflow = await update(
        namespace,
        second?.updateWorkflow as Request<'updateWorkflowExecution'>,
      );
      return { responses: [{ startWorkflow }, { updateWorkflow }] };
    },
    requestCancelWorkflowExecution({ workflowExecution, reason: cause, identity }) {
      namespace.findOpen(workflowExecution).requestCancel({ cause, identity });
      return {};
    },
    terminateWorkflowExecution({ workflowExecution, reason, details, identity }) {
      namespace.findOpen(workflowExecution).close('Terminated', { reason, details, identity });
      return {};
    },
    async getWorkflowExecutionHistory({ execution, waitNewEvent, historyEventFilterType }) {
      const found = namespace.find(execution);
      if (waitNewEvent) await found.closed;
      const { events } = found.history;
      const onlyLast = historyEventFilterType === HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
      return { history: { events: onlyLast ? events.slice(-1) : events } };
    },
    getWorkflowExecutionHistoryReverse({ execution }) {
      return { history: { events: namespace.find(execution).history.events.toReversed() } };
    },
  };
}

const USE_EXISTING = temporal.api.enums.v1.WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;

function start(
  namespace: Namespace,
  request: Request<'startWorkflowExecution'>,
): Response<'startWorkflowExecution'> {
  const { execution, started } = startWorkflow(namespace, request);
  return { runId: execution.runId, started, status: execution.status };
}

async function update(
  namespace: Namespace,
  { workflowExecution, request, waitPolicy }: Request<'updateWorkflowExecution'>,
): Promise<Response<'updateWorkflowExecution'>> {
  const execution = namespace.findOpen(workflowExecution);
  const admitted = execution.updates.admit(request ?? {});
  await admitted.reached(waitPolicy?.lifecycleStage);
  const updateRef = { workflowExecution: execution.name, updateId: request?.meta?.updateId };
  return { updateRef, stage: admitted.stage, outcome: admitted.outcome };
}
