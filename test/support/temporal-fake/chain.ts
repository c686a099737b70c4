/** Runs that follow from another run: its children, and the run that continues it as new. */
import { temporal } from '@temporalio/proto';
import type { CommandAttributes } from './commands.js';
import type { Execution, OnClose } from './execution.js';

const { ParentClosePolicy, StartChildWorkflowExecutionFailedCause } = temporal.api.enums.v1;

export function continueAsNew(
  execution: Execution,
  attributes: CommandAttributes<'continueAsNewWorkflowExecution'>,
  workflowTaskCompletedEventId: number,
): void {
  const { namespace, workflowId, runId, origin, firstRunId } = execution;
  const continued = { continuedExecutionRunId: runId, firstExecutionRunId: firstRunId };
  const next = namespace.start(workflowId, {
    ...origin,
    started: { ...origin.started, ...attributes, ...continued },
  });
  const newExecutionRunId = next.runId;
  execution.close('ContinuedAsNew', { ...attributes, newExecutionRunId, workflowTaskCompletedEventId });
}

export function startChild(
  parent: Execution,
  attributes: CommandAttributes<'startChildWorkflowExecution'>,
  workflowTaskCompletedEventId: number,
): void {
  const { history, namespace, tasks } = parent;
  const { workflowType, header, parentClosePolicy } = attributes;
  const workflowId = attributes.workflowId ?? '';
  const initiated = { ...attributes, workflowTaskCompletedEventId };
  const initiatedEventId = history.append('startChildWorkflowExecutionInitiated', initiated);
  const child = { namespace: 'default', workflowType, initiatedEventId };
  if (namespace.lookUpOpen({ workflowId }) !== undefined) {
    const { START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS: cause } =
      StartChildWorkflowExecutionFailedCause;
    const failed = { ...child, workflowId, cause, workflowTaskCompletedEventId };
    tasks.happen(() => history.append('startChildWorkflowExecutionFailed', failed));
    return;
  }

  let startedEventId: number;
  const onClose: OnClose = (outcome, closing, { name }) =>
    tasks.happen(() => {
      const closed = { ...closing, ...child, startedEventId, workflowExecution: name };
      history.append(`childWorkflowExecution${outcome}`, closed);
    });
  const { name } = namespace.start(workflowId, {
    started: {
      ...attributes,
      parentWorkflowNamespace: 'default',
      parentWorkflowExecution: parent.name,
      parentInitiatedEventId: initiatedEventId,
    },
    onClose,
  });
  if (parentClosePolicy !== ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON) parent.children.push(workflowId);
  tasks.happen(() => {
    const started = { ...child, header, workflowExecution: name };
    startedEventId = history.append('childWorkflowExecutionStarted', started);
  });
}
