/** What a workflow does to another one. */
import { temporal } from '@temporalio/proto';
import type { CommandAttributes } from './commands.js';
import type { Execution } from './execution.js';

const Signal = temporal.api.enums.v1.SignalExternalWorkflowExecutionFailedCause;
const Cancel = temporal.api.enums.v1.CancelExternalWorkflowExecutionFailedCause;

export function signalExternal(
  { history, namespace, tasks, name }: Execution,
  attributes: CommandAttributes<'signalExternalWorkflowExecution'>,
  workflowTaskCompletedEventId: number,
): void {
  const { execution: workflowExecution, signalName, input, header } = attributes;
  const initiatedEventId = history.append('signalExternalWorkflowExecutionInitiated', {
    ...attributes,
    workflowExecution,
    workflowTaskCompletedEventId,
  });
  const signaled = { namespace: 'default', workflowExecution, initiatedEventId };
  const target = namespace.lookUpOpen(workflowExecution ?? {});
  if (target === undefined) {
    const cause =
      Signal.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND;
    const failed = { ...signaled, cause, workflowTaskCompletedEventId };
    tasks.happen(() => history.append('signalExternalWorkflowExecutionFailed', failed));
    return;
  }
  target.signal({ signalName, input, header, externalWorkflowExecution: name });
  tasks.happen(() => history.append('externalWorkflowExecutionSignaled', signaled));
}

export function cancelExternal(
  { history, namespace, tasks, name }: Execution,
  attributes: CommandAttributes<'requestCancelExternalWorkflowExecution'>,
  workflowTaskCompletedEventId: number,
): void {
  const { workflowId = '', runId = '', reason } = attributes;
  const workflowExecution = { workflowId, runId };
  const initiatedEventId = history.append('requestCancelExternalWorkflowExecutionInitiated', {
    ...attributes,
    workflowExecution,
    workflowTaskCompletedEventId,
  });
  const canceled = { namespace: 'default', workflowExecution, initiatedEventId };
  const target = namespace.lookUpOpen(workflowExecution);
  if (target === undefined) {
    const cause =
      Cancel.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND;
    const failed = { ...canceled, cause, workflowTaskCompletedEventId };
    tasks.happen(() => history.append('requestCancelExternalWorkflowExecutionFailed', failed));
    return;
  }
  target.requestCancel({ cause: reason, externalWorkflowExecution: name });
  tasks.happen(() => history.append('externalWorkflowExecutionCancelRequested', canceled));
}
