import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Check } from '../../decisions/checks.ts';
import type { Column } from '../../decisions/profile.ts';
import { bindExpressions } from '../../sources/bindExpressions.ts';

/** A column that a check's SQL misspells is found before anything is computed. */

const scratch = mkdtempSync(join(tmpdir(), 'perennial-bind-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const columns: Column[] = [
  { name: 'distance', type: 'number', sqlType: 'BIGINT' },
  { name: 'a "quoted" name', type: 'string', sqlType: 'VARCHAR' },
  { name: 'kind', type: 'string', sqlType: "ENUM('a', 'b')" },
  { name: 'stops', type: 'other', sqlType: 'STRUCT(x INTEGER, y VARCHAR)[]' },
];
const check = (sql: string): Check => ({ kind: 'expression', name: 'e', sql, severity: 'fail', max: 1 });
const bind = (...sql: string[]) => bindExpressions(sql.map(check), columns, { scratch });

test('expressions over the columns pass, over the whole table too', async () => {
  await bind(
    'avg(distance)',
    'max("a ""quoted"" name" = kind) -- why',
    '(SELECT count(*) FROM dataset WHERE distance > 3)',
  );
});

test('an unknown column is told with its path and what was probably meant', async () => {
  await expect(bind('avg(distance)', 'avg(distanc)')).rejects.toMatchObject({
    code: 'UNKNOWN_COLUMN',
    field: 'checks[1].sql',
    value: 'distanc',
    expected: expect.stringContaining('distance') as string,
  });
});

test('what reads another file is refused before it is bound', async () => {
  await expect(bind(`(SELECT count(*) FROM read_csv('/etc/passwd'))`)).rejects.toMatchObject({
    code: 'SQL_REFUSED',
    field: 'checks[0].sql',
  });
});
