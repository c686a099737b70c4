/** The services of the example, and what each is started with. They share one folder of packages. */
export const SERVICES: Readonly<Record<string, readonly string[]>> = {
  gateway: ['src/main.ts', '--config', 'gateway.yaml', '--host', '0.0.0.0', '--port', '8080'],
  issuer: ['issuer/main.ts', '--port', '4000'],
  orders: ['fulfilment/order-service.ts', '--address', '0.0.0.0:50051'],
  worker: ['fulfilment/worker.ts', '--health-port', '8081'],
  inventory: ['fulfilment/step-service.ts', 'inventory', '--address', '0.0.0.0:50061'],
  waybills: ['fulfilment/step-service.ts', 'waybills', '--address', '0.0.0.0:50062'],
  payments: ['fulfilment/step-service.ts', 'payments', '--address', '0.0.0.0:50063'],
};
