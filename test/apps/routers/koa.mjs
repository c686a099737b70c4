import Router from '@koa/router';
import Koa from 'koa';
import listen from './koa.routes.cjs';

listen(Koa, Router);
