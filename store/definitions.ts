import type pg from 'pg';
import { canonicalJson, definitionHash, type Definition } from '../config/definition.ts';
import { PerennialError } from '../config/errors.ts';
import type { Store } from './types.ts';

export function definitionTable(pool: pg.Pool): Store['definitions'] {
  return {
    async put(definition) {
      const hash = definitionHash(definition);
      // The canonical text and not the one that was given: the order of a grid's keys is the order of its candidates,
      // so one hash must mean one order.
      await pool.query(`INSERT INTO definitions (hash, definition) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
        hash,
        canonicalJson(definition),
      ]);
      return hash;
    },

    async get(hash) {
      const { rows } = await pool.query<{ definition: Definition }>(
        `SELECT definition FROM definitions WHERE hash = $1`,
        [hash],
      );
      const definition = rows[0]?.definition;
      if (!definition)
        throw new PerennialError('NOT_FOUND', `There is no definition ${hash}.`, {
          field: 'definition',
          value: hash,
        });
      if (definitionHash(definition) !== hash) {
        throw new PerennialError('ARTIFACT_CORRUPT', `The definition ${hash} is not what was stored.`, {
          field: 'definition',
          value: hash,
        });
      }
      return definition;
    },
  };
}
