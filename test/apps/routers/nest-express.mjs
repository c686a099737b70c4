import { ExpressAdapter } from '@nestjs/platform-express';
import listen from './nest.routes.mjs';

await listen(new ExpressAdapter(), process.env.PREFIX);
