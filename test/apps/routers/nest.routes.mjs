import 'reflect-metadata';
import {
  Controller,
  Get,
  HttpException,
  Module,
  Param,
  UseGuards,
  Version,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** What the decorators of TypeScript do. */
function decorate(Class, method, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, method);
  for (const each of decorators) each(Class.prototype, method, descriptor);
}

class Guard {
  canActivate() {
    throw new HttpException('who?', 401);
  }
}

class Orders {
  order(id) {
    return id;
  }
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 'slow';
  }
  fail() {
    throw new Error('the handler failed');
  }
  guarded() {}
  second() {
    return 'version 2';
  }
}
Param('id')(Orders.prototype, 'order', 0);
decorate(Orders, 'order', Get('orders/:id'));
decorate(Orders, 'slow', Get(['slow/:id', 'late/:id']));
decorate(Orders, 'fail', Get('fail'));
decorate(Orders, 'guarded', Get('guarded/:id'), UseGuards(new Guard()));
decorate(Orders, 'second', Get('versioned/:id'), Version('2'));
Controller('shop')(Orders);

class App {}
Module({ controllers: [Orders] })(App);

/** `prefix` is that of all routes: `api`. */
export default async function listen(adapter, prefix) {
  const app = await NestFactory.create(App, adapter, { logger: false });
  app.enableVersioning({ type: VersioningType.URI });
  if (prefix) app.setGlobalPrefix(prefix);
  await app.listen(0, '127.0.0.1');
  console.log(`listening http://127.0.0.1:${app.getHttpServer().address().port}`);
}
