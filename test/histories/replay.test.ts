import { readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowBundle } from '../setup/bundle.ts';
import { historyFromText } from './file.ts';

/** Runs that earlier versions began go on under this one: every recorded history replays against today's workflows. */

const root = fileURLToPath(new URL('./', import.meta.url));
const recorded = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .sort();
const scratch = mkdtempSync(join(tmpdir(), 'perennial-replay-'));

beforeAll(() => {
  const ignore = (): void => undefined;
  const logger = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
  Runtime.install({ shutdownSignals: [], logger });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('there are histories of every workflow, of every way in which a training and a rollout end, and of whole lives', () => {
  const kinds = new Set(recorded.map((name) => name.replace(/^.*\//, '')));
  for (const outcome of ['registered', 'checks-failed', 'gate-refused', 'failed', 'cancelled'])
    expect(kinds).toContain(`${outcome}.training.json`);
  for (const workflow of ['training', 'halving', 'candidate'])
    for (const halving of ['halved', 'halving-cancelled']) expect(kinds).toContain(`${halving}.${workflow}.json`);
  for (const workflow of ['training', 'search', 'family', 'candidate'])
    expect(kinds).toContain(`together.${workflow}.json`);
  for (const workflow of ['training', 'search', 'candidate'])
    expect(kinds).toContain(`stopped-early.${workflow}.json`);
  for (const workflow of ['search', 'candidate'])
    for (const outcome of ['registered', 'cancelled']) expect(kinds).toContain(`${outcome}.${workflow}.json`);
  for (const outcome of ['promoted', 'rolled-back', 'rolled-back-by-hand', 'inconclusive', 'cancelled'])
    expect(kinds).toContain(`${outcome}.rollout.json`);
  for (const life of ['driven', 'asked', 'resumed', 'scheduled'])
    expect(kinds).toContain(`${life}.lifecycle.json`);
  // And of one that is as an upgrade meets it.
  for (const workflow of ['lifecycle', 'watch', 'rollout']) expect(kinds).toContain(`running.${workflow}.json`);
  for (const history of ['driven.watch', 'weighed.watch', 'told.notice', 'told.scheduledTrigger'])
    expect(kinds).toContain(`${history}.json`);
});

test.each(recorded)('%s replays', async (name) => {
  await replay({ workflowBundle: workflowBundle() }, name);
});

describe('a workflow that does something else than it did is found out:', () => {
  test.each([
    { what: 'another activity', workflow: 'training', from: 'trainer.ingest.', to: 'trainer.validate.' },
    { what: 'another child', workflow: 'search', from: '}/candidate/$', to: '}/kandidat/$' },
    { what: 'another child', workflow: 'halving', outcome: 'halved', from: '}/candidate/$', to: '}/kandidat/$' },
    { what: 'another activity', workflow: 'candidate', from: 'trainer.trainCandidate.', to: 'trainer.refit.' },
    { what: 'another child', workflow: 'search', outcome: 'together', from: '}/family/$', to: '}/familie/$' },
    {
      what: 'another activity',
      workflow: 'family',
      outcome: 'together',
      from: 'trainer.trainFamily.',
      to: 'trainer.trainCandidate.',
    },
    {
      what: 'another activity',
      workflow: 'rollout',
      outcome: 'promoted',
      from: 'orchestrator.observe.',
      to: 'orchestrator.recordLook.',
    },
    {
      what: 'another activity',
      workflow: 'lifecycle',
      outcome: 'asked',
      from: 'orchestrator.decideTrigger.',
      to: 'orchestrator.noteLifecycle.',
    },
    { what: 'another signal', workflow: 'lifecycle', outcome: 'driven', from: ').signal(', to: ').cancel(' },
    {
      what: 'another activity',
      workflow: 'watch',
      outcome: 'driven',
      from: 'trainer.recordWindow.',
      to: 'trainer.observeWindow.',
    },
    {
      what: 'another activity',
      workflow: 'notice',
      outcome: 'told',
      from: 'notices.deliverNotice.',
      to: 'notices.noticeTargets.',
    },
    {
      what: 'no signal',
      workflow: 'scheduledTrigger',
      outcome: 'told',
      from: ').signal(',
      to: ').cancel(',
    },
  ])('$what in $workflow', async ({ workflow, outcome = 'registered', from, to }) => {
    const code = readFileSync(workflowBundle().codePath, 'utf8');
    expect(code).toContain(from);
    const codePath = join(scratch, `${workflow}.js`);
    writeFileSync(codePath, code.replaceAll(from, to));
    const histories = recorded.filter((name) => name.endsWith(`${outcome}.${workflow}.json`));
    for (const name of histories)
      await expect(replay({ workflowBundle: { codePath } }, name)).rejects.toThrow(DeterminismViolationError);
    expect(histories).not.toEqual([]);
  });
});

async function replay(options: ReplayWorkerOptions, name: string): Promise<void> {
  const history = historyFromText(readFileSync(join(root, name), 'utf8'));
  const started = history.events?.[0].workflowExecutionStartedEventAttributes;
  await Worker.runReplayHistory(options, history, started?.workflowId ?? undefined);
}
