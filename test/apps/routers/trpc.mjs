import * as trpc from '@trpc/server';
import * as standalone from '@trpc/server/adapters/standalone';
import listen from './trpc.routes.cjs';

listen(trpc, standalone);
