/** A Nexus service. Its operations end in other ways than those of the other shapes. */
const nexus = require('nexus-rpc');
const { WorkflowRunOperationHandler, getClient, startWorkflow } = require('@temporalio/nexus');

exports.createServices = () => {
  const names = ['endless', 'failing', 'forbidden', 'signal'];
  const service = nexus.service('greetings', Object.fromEntries(names.map((n) => [n, nexus.operation()])));
  const running = (type) =>
    new WorkflowRunOperationHandler((context, id) =>
      startWorkflow(context, type, { workflowId: `${id}/${type}` }),
    );
  return [
    nexus.serviceHandler(service, {
      endless: running('Endless'),
      failing: running('Failing'),
      forbidden: async () => {
        throw new nexus.HandlerError('UNAUTHORIZED', 'no');
      },
      signal: async (_, id) => getClient().workflow.getHandle(id).signal('go'),
    }),
  ];
};
