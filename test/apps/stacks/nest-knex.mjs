import 'reflect-metadata';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import knex from 'knex';

const { POSTGRES_PORT } = process.env;
const db = knex({
  client: 'pg',
  connection: { host: '127.0.0.1', port: Number(POSTGRES_PORT), user: 'postgres' },
});
await db.schema.createTable('parcels', (table) => table.integer('id'));
await db('parcels').insert({ id: 7 });

class Parcels {
  constructor(database) {
    this.database = database;
  }
  find(id) {
    return this.database('parcels')
      .where({ id: Number(id) })
      .first();
  }
}
Inject('database')(Parcels, undefined, 0);
Param('id')(Parcels.prototype, 'find', 0);
Get(':id')(Parcels.prototype, 'find', Object.getOwnPropertyDescriptor(Parcels.prototype, 'find'));
Controller('parcels')(Parcels);

class App {}
Module({ controllers: [Parcels], providers: [{ provide: 'database', useValue: db }] })(App);

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`listening http://127.0.0.1:${app.getHttpServer().address().port}`);
