import restify from 'restify';
import listen from './restify.routes.cjs';

listen(restify);
