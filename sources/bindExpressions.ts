import type { Check } from '../decisions/checks.ts';
import type { Column } from '../decisions/profile.ts';
import { openEngine, type EngineOptions } from './engine.ts';
import { sentence } from './failure.ts';
import { refuseUnsafe } from './guard.ts';
import { expressionQuery, SNAPSHOT } from './measureExpression.ts';
import { quoteName } from './quote.ts';
import { unknownColumn } from './unknown.ts';

/**
 * Holds the columns that the checks' SQL names against the dataset's, before anything is computed. On a table without rows:
 * what else may be wrong with an expression is said where it is measured.
 *
 * @throws PerennialError UNKNOWN_COLUMN, SQL_REFUSED naming the path (`checks[2].sql`)
 */
export async function bindExpressions(
  checks: readonly Check[],
  columns: readonly Column[],
  options: EngineOptions,
): Promise<void> {
  const declared = checks.flatMap((check, i) =>
    check.kind === 'expression' ? { sql: check.sql, field: `checks[${i}].sql` } : [],
  );
  if (declared.length === 0) return;
  const engine = await openEngine(options);
  try {
    const typed = columns.map(({ name, sqlType }) => `${quoteName(name)} ${sqlType}`);
    await engine.run(`CREATE TABLE ${SNAPSHOT} (${typed.join(', ')})`);
    for (const { sql, field } of declared) {
      const query = expressionQuery(sql);
      await refuseUnsafe(engine, query, [SNAPSHOT], field);
      await engine.run(`DESCRIBE ${query}`).catch((error: unknown) => {
        const [, name] = /^Binder Error: Referenced column "(.*?)" not found/.exec(sentence(error)) ?? [];
        if (name !== undefined) throw unknownColumn(field, name, columns, error);
      });
    }
  } finally {
    await engine.close();
  }
}
