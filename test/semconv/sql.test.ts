import { expect, test } from 'vitest';
import { createSqlReader, MYSQL, POSTGRESQL } from '../../src/semconv/sql.js';

const postgres = createSqlReader(POSTGRESQL);
const mysql = createSqlReader(MYSQL);

test.each([
  ['SELECT 1', 'SELECT'],
  ['select * from orders', 'SELECT orders'],
  ['SELECT o.id FROM orders o, users AS u WHERE o.user_id = u.id', 'SELECT orders users'],
  ['SELECT * FROM orders o JOIN users u ON o.u = u.id, items', 'SELECT orders users items'],
  [
    'SELECT * FROM (orders o JOIN users u ON o.u = u.id) LEFT JOIN LATERAL f(o.id) x ON true',
    'SELECT orders users f',
  ],
  ['SELECT * FROM "Orders"."of ""2026""" WHERE a = 1', 'SELECT Orders.of ""2026""'],
  [
    'SELECT * FROM shop . orders -- FROM users\n/* FROM /* FROM a */ FROM b */ JOIN items USING (id, at)',
    'SELECT shop.orders items',
  ],
  ["SELECT extract(year FROM ts), trim(both 'x' from y), a IS DISTINCT FROM b FROM t", 'SELECT t'],
  ['SELECT * FROM a WHERE id IN (SELECT id FROM b WHERE c = $1) ORDER BY id FOR UPDATE', 'SELECT a SELECT b'],
  ['SELECT * FROM (SELECT * FROM a) x JOIN b ON true', 'SELECT SELECT a b'],
  ['(SELECT a FROM t) UNION ALL (SELECT b FROM u)', 'SELECT t SELECT u'],
  ['SELECT * FROM (VALUES (1), (2)) v', 'SELECT'],
  ['SELECT a.from, a.select FROM only a', 'SELECT a'],
  ['SELECT comment, load, set_by FROM call', 'SELECT call'],
  [
    'INSERT INTO orders (call, lock, copy) VALUES (1, 2, 3) ON CONFLICT (id) DO UPDATE SET a = 1',
    'INSERT orders',
  ],
  ['INSERT INTO archive SELECT * FROM orders RETURNING id', 'INSERT archive SELECT orders'],
  ['INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x', 'INSERT t SELECT SELECT'],
  [
    'UPDATE ONLY orders SET a = (SELECT max(b) FROM users), c = 2 FROM items i WHERE 1 = 1',
    'UPDATE orders SELECT users items',
  ],
  ['DELETE FROM orders USING users WHERE a = b', 'DELETE orders users'],
  [
    'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)',
    'MERGE t s',
  ],
  [
    'WITH RECURSIVE a AS (SELECT * FROM t), b (x, y) AS MATERIALIZED (DELETE FROM u RETURNING *) SELECT * FROM a JOIN b USING (x)',
    'SELECT t DELETE u SELECT',
  ],
  ['WITH call AS (SELECT 1) INSERT INTO t SELECT * FROM Call', 'SELECT INSERT t SELECT'],
  ['TRUNCATE TABLE a, b RESTART IDENTITY', 'TRUNCATE a b'],
  ['CREATE TABLE IF NOT EXISTS orders (id int, "from" text)', 'CREATE TABLE orders'],
  ['CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX i'],
  [
    'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT secret FROM t $f$',
    'CREATE FUNCTION f',
  ],
  ['CREATE TEMP TABLE x AS SELECT * FROM y', 'CREATE TABLE x SELECT y'],
  ['ALTER TABLE shop.orders ADD COLUMN a int', 'ALTER TABLE shop.orders'],
  ['COPY orders (a) FROM STDIN', 'COPY orders'],
  ['COPY (SELECT * FROM orders) TO STDOUT', 'COPY SELECT orders'],
  ['CALL refund(1, 2)', 'CALL refund'],
  ['EXPLAIN (ANALYZE, FORMAT json) UPDATE t SET a = 1', 'EXPLAIN UPDATE t'],
  ['BEGIN; UPDATE a SET b = 1; COMMIT', 'BEGIN UPDATE a COMMIT'],
  ['START TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'START TRANSACTION'],
  ['SAVEPOINT trx17', 'SAVEPOINT'],
  ['SET search_path TO shop', 'SET'],
  ['GRANT SELECT ON orders TO bob', 'GRANT'],
  ['FETCH 10 FROM cursor_1', 'FETCH'],
  ['SELEC * FROM orders', undefined],
  ['', undefined],
])('%s', (sql, summary) => {
  expect(postgres(sql).summary).toBe(summary);
});

test.each([
  ['SELECT * FROM `shop`.`orders` WHERE a = "x`y" # FROM users', 'SELECT shop.orders'],
  ['DELETE o FROM orders AS o JOIN users u ON o.u = u.id', 'DELETE orders users'],
  ['INSERT IGNORE orders VALUES (1)', 'INSERT orders'],
  ['REPLACE INTO orders SET a = replace(b, "x", "y")', 'REPLACE orders'],
  ['UPDATE orders, users SET a = 1, b = 2', 'UPDATE orders users'],
  ['INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2', 'INSERT t'],
  ['LOCK TABLES a READ, b WRITE', 'LOCK a b'],
  ['SHOW TABLES FROM shop', 'SHOW'],
])('MySQL: %s', (sql, summary) => {
  expect(mysql(sql).summary).toBe(summary);
});

test('the operation is that of the statement, and the collection is given if there is one alone', () => {
  expect(postgres('SELECT * FROM a')).toMatchObject({ operation: 'SELECT', collection: 'a' });
  expect(postgres('SELECT * FROM a JOIN b USING (x)')).toMatchObject({ collection: undefined });
  expect(postgres('WITH x AS (SELECT 1) DELETE FROM a')).toMatchObject({
    operation: 'DELETE',
    collection: 'a',
  });
  expect(postgres('DROP TABLE a')).toMatchObject({ operation: 'DROP TABLE', collection: 'a' });
  expect(postgres('BEGIN')).toMatchObject({ operation: 'BEGIN', collection: undefined });
});

test.each([
  [
    `SELECT 'it''s', E'\\'x', "a""b", $$ 'q' $$, $t$ $$ $t$, $1, a::int, 1.5e-3, .5, 0xFF, a1, x'ff' FROM t1`,
    'SELECT ?, ?, "a""b", ?, ?, $1, a::int, ?, ?, ?, a1, ? FROM t1',
  ],
  [`SELECT 'C:\\' , a -- 'secret\n, 'b'`, 'SELECT ? , a , ?'],
  [`/* x /* ' */ */ SELECT  'secret'`, 'SELECT ?'],
  [`SELECT 'never ends`, 'SELECT ?'],
  ['SELECT $a$ never ends', 'SELECT ?'],
  ['SELECT "never ends', 'SELECT "never ends'],
  [`SELECT 'größe' AS größe, '😀' FROM tür`, 'SELECT ? AS größe, ? FROM tür'],
  ['SELECT /* never ends', 'SELECT'],
])('no literal and no comment is left in %s', (sql, text) => {
  expect(postgres(sql).text).toBe(text);
});

test.each([
  [`SELECT 'it\\'s', "a\\"b", _utf8'x', \`a"b\`, ? FROM t # 'x`, 'SELECT ?, ?, ?, `a"b`, ? FROM t'],
  ["SELECT 5--'secret'", 'SELECT ?--?'],
  ["SELECT 'x\\", 'SELECT ?'],
])('MySQL: no literal and no comment is left in %s', (sql, text) => {
  expect(mysql(sql).text).toBe(text);
});

test('a long statement and its summary are cut off', () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `table_${i}`).join(', ');
  const { text, summary } = postgres(`SELECT * FROM ${names} WHERE a = 'secret'`);

  expect(text).toHaveLength(2_051);
  expect(text).toMatch(/\.\.\.$/);
  expect(summary?.length).toBeLessThanOrEqual(255);
  expect(summary).toMatch(/^SELECT table_0 .* table_\d+$/);
});

test('a statement is read once', () => {
  expect(postgres('SELECT remembered')).toBe(postgres('SELECT remembered'));
});
