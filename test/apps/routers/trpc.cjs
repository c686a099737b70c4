require('./trpc.routes.cjs')(require('@trpc/server'), require('@trpc/server/adapters/standalone'));
