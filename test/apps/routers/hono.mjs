import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import listen from './hono.routes.cjs';

listen(Hono, serve);
