import Router from 'koa-router';
import Koa from 'koa2';
import listen from './koa.routes.cjs';

listen(Koa, Router);
