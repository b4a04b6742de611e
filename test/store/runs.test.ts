import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBench, putText, startRun, someDefinition, type Bench } from './fixtures.ts';
import type { Store } from '../../store/types.ts';

/** Runs are counted, opened and ended once, whatever is repeated and whoever else tries. */
let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench();
  ({ store } = bench);
});
afterAll(() => bench.close());

function opening(name: string, number: number, definitionHash: string, executionId: string = randomUUID()) {
  return {
    name,
    number,
    workflowId: `training/${name}/${number}`,
    executionId,
    definitionHash,
    actor: 'tester',
  };
}

describe('numbers', () => {
  test('are given out once, to eight processes at a time', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => bench.another({ maxConnections: 4 })));
    const numbers = await Promise.all(
      stores.flatMap((s) => Array.from({ length: 25 }, () => s.runs.nextNumber('counted'))),
    );
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  test('that were opened without being allocated are not given out later', async () => {
    const hash = await store.definitions.put(someDefinition('jumped'));
    expect(await store.runs.nextNumber('jumped')).toBe(1);
    await store.runs.open(opening('jumped', 7, hash));
    expect(await store.runs.nextNumber('jumped')).toBe(8);
  });
});

describe('opening', () => {
  test('one of eight processes wins, the others are told who did', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => bench.another({ maxConnections: 1 })));
    const hash = await store.definitions.put(someDefinition('contended'));
    const outcomes = await Promise.allSettled(
      stores.map(async (s) => s.runs.open(opening('contended', await s.runs.nextNumber('contended'), hash))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = await store.runs.running('contended');
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject({ code: 'RUN_IN_PROGRESS', value: winner?.workflowId });
      }
    }
    expect(await store.runs.list('contended')).toHaveLength(1);
    expect((await store.audit.list(winner?.workflowId)).map(({ action }) => action)).toEqual(['run.open']);
  });

  test('again by the same execution changes nothing, also when the run has ended', async () => {
    const run = await startRun(store, 'reopened');
    const again = opening(run.name, run.number, run.definitionHash, run.executionId);
    await store.runs.open(again);
    await store.runs.close(run.name, run.number, { status: 'failed', reason: 'broken' });
    await store.runs.open(again);
    expect(await store.runs.get('reopened', 1)).toMatchObject({ status: 'failed', reason: 'broken' });
    expect(await store.audit.list('training/reopened/1')).toHaveLength(2);
  });

  test('a number that belongs to another execution is refused', async () => {
    const run = await startRun(store, 'taken');
    await store.runs.close('taken', run.number, { status: 'failed', reason: '' });
    await expect(store.runs.open(opening('taken', run.number, run.definitionHash))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'executionId',
    });
  });

  test('the schema alone refuses a second run under way', async () => {
    const run = await startRun(store, 'guarded');
    await expect(
      bench.admin.query(
        `INSERT INTO runs (name, number, workflow_id, execution_id, definition_hash) VALUES ('guarded', 99, 'w', 'e', $1)`,
        [run.definitionHash],
      ),
    ).rejects.toMatchObject({ code: '23505', constraint: 'runs_one_running' });
  });
});

describe('a run under way', () => {
  test('collects facts, and each stays when later ones come', async () => {
    const { name, number } = await startRun(store, 'collecting');
    const datasetDigest = await putText(store, 'rows', 'dataset');
    const featuresDigest = await putText(store, 'features', 'features');
    await store.runs.update(name, number, { datasetDigest, task: 'binary' });
    await store.runs.update(name, number, { featuresDigest, metric: 'rocAuc' });
    await store.runs.update(name, number, { featuresDigest, metric: 'rocAuc' });
    expect(await store.runs.get(name, number)).toEqual({
      name,
      number,
      workflowId: 'training/collecting/1',
      executionId: expect.any(String) as string,
      definitionHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      status: 'running',
      datasetDigest,
      featuresDigest,
      task: 'binary',
      metric: 'rocAuc',
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
  });

  test('names an artifact that is there', async () => {
    const { name, number } = await startRun(store, 'dangling');
    await expect(store.runs.update(name, number, { modelDigest: 'f'.repeat(64) })).rejects.toMatchObject({
      code: '23503',
    });
  });

  test('keeps one artifact a role', async () => {
    const { name, number } = await startRun(store, 'pictured');
    const [roc, confusion, other] = await Promise.all(
      ['roc', 'confusion', 'other'].map((text) => putText(store, text, 'picture')),
    );
    await store.runs.addArtifact(name, number, 'picture/roc', roc);
    await store.runs.addArtifact(name, number, 'picture/roc', roc);
    await store.runs.addArtifact(name, number, 'picture/confusion', other);
    await store.runs.addArtifact(name, number, 'picture/confusion', confusion);
    expect(await store.runs.artifacts(name, number)).toEqual([
      { role: 'picture/confusion', digest: confusion, bytes: 9, kind: 'picture', mediaType: 'text/plain' },
      { role: 'picture/roc', digest: roc, bytes: 3, kind: 'picture', mediaType: 'text/plain' },
    ]);
  });
});

describe('ending', () => {
  test('happens once: the first reason stays, the audit has one row', async () => {
    const { name, number } = await startRun(store, 'ended');
    await store.runs.close(name, number, { status: 'checks-failed', reason: 'unique(id): 3 rows' });
    const ended = await store.runs.get(name, number);
    await store.runs.close(name, number, { status: 'failed', reason: 'later' });
    await store.runs.update(name, number, { task: 'binary' });
    expect(await store.runs.get(name, number)).toEqual(ended);
    expect(ended).toMatchObject({ status: 'checks-failed', reason: 'unique(id): 3 rows' });
    const audit = await store.audit.list('training/ended/1');
    expect(audit.map(({ action, actor }) => [action, actor])).toEqual([
      ['run.close', 'training/ended/1'],
      ['run.open', 'tester'],
    ]);
  });

  test('makes room for the next run', async () => {
    const first = await startRun(store, 'followed');
    await store.runs.close('followed', first.number, { status: 'cancelled', reason: 'by hand' });
    expect(await store.runs.running('followed')).toBeUndefined();
    await startRun(store, 'followed');
    expect((await store.runs.list('followed')).map(({ number, status }) => [number, status])).toEqual([
      [2, 'running'],
      [1, 'cancelled'],
    ]);
  });

  test('works for a reason that Postgres cannot keep as it is', async () => {
    const { name, number } = await startRun(store, 'hostile');
    await store.runs.close(name, number, { status: 'failed', reason: 'bad \0 byte, half \ud800 a pair' });
    expect((await store.runs.get(name, number))?.reason).toBe('bad \uFFFD byte, half \uFFFD a pair');
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });

  test('of a run that never opened is NOT_FOUND', async () => {
    await expect(store.runs.close('nobody', 1, { status: 'failed', reason: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await store.runs.get('nobody', 99_999_999_999)).toBeUndefined();
  });

  test('is final in the schema too', async () => {
    const { name, number } = await startRun(store, 'final');
    await store.runs.close(name, number, { status: 'failed', reason: '' });
    await expect(
      bench.admin.query(`UPDATE runs SET status = 'running', ended_at = NULL WHERE name = 'final'`),
    ).rejects.toMatchObject({ code: '23001' });
  });
});
