import { expect, type TestContext } from 'vitest';
import type { CanaryInput } from '../../decisions/canary/policy.ts';
import { readStack } from '../../embedded/stackFile.ts';
import { eventually } from '../workflows/rollouts.ts';
import type { Installation } from './installation.ts';
import { registerContest, type Contest } from './rolloutModels.ts';
import { readLog, rolloutOutcomeOf, type LogReport } from './rolloutOutcome.ts';
import { openTraffic, type Traffic } from './rolloutTraffic.ts';

export const NAMES = ['better', 'worse'] as const;
export type Name = (typeof NAMES)[number];
export type Each<T> = Record<Name, T>;

/**
 * Two rollouts at the same time under steady traffic: one whose challenger is right about every row, and one whose
 * champion is. No label is told before `tell`, so that neither can leave its first stage until then.
 */
export interface Story {
  /** By which it is looked at; another one once the supervisor has died. */
  at: Pick<Installation, 'client' | 'store' | 'temporal'>;
  readonly traffic: Each<Traffic>;
  untilRevision(revisions: Each<number>): Promise<void>;
  /** Until each was looked at so often. */
  untilLooks(looks: number): Promise<void>;
  /** From now on labels come. */
  tell(): void;
  untilAwaitingApproval(): Promise<void>;
  approve(): Promise<void>;
  untilEnded(): Promise<void>;
  /** What it has left, once every answer since that moment is in the log. @param since epoch milliseconds */
  left(since?: number): Promise<{ outcomes: Each<Outcome>; log: Each<LogReport> }>;
}

type Outcome = Awaited<ReturnType<typeof rolloutOutcomeOf>>;

/** Revisions of the route: 1 registered, 2 gateways load the challenger, 3 the first stage. */
export const FIRST_STAGE = 3;

const POLICY = {
  steps: [20, 50],
  everyMs: 1_000,
  minDurationMs: 2_000,
  probationMs: 2_000,
  guards: {
    errors: { maxRatio: 20, margin: 0.3 },
    // Says nothing on a machine that has other things to do as well.
    latency: false,
    accuracy: { margin: 0.3 },
  },
} satisfies CanaryInput;

/** Begins it: a person approves the promotion of the better one. Traffic stops when the test is over. */
export async function beginStory(
  installation: Installation,
  contest: Contest,
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
): Promise<Story> {
  const { client, store, environment, stack } = installation;
  const gateway = { url: stack.info.gatewayUrl };
  const url = () => (gateway.url = readStack(environment.home)?.gatewayUrl ?? gateway.url) as string;
  const traffic = await each(async (name) => {
    await registerContest(store, name, contest);
    await eventually(async () => expect((await fetch(`${url()}/v2/models/${name}/ready`)).status).toBe(200));
    return openTraffic({ url, name, contest, right: name === 'better' ? 2 : 1 });
  });
  const stop = () => each((name) => traffic[name].stop());
  onTestFinished(async () => void (await stop()));
  await each(async (name) => {
    const policy = { ...POLICY, approve: name === 'better' };
    await client.rollouts.start(name, 2, { policy, startedBy: 'ann' });
  });

  const story: Story = {
    at: installation,
    traffic,
    async untilRevision(revisions) {
      await eachEventually(async (name) => {
        const route = await story.at.store.routes.get(name);
        expect(route?.revision, JSON.stringify(route)).toBe(revisions[name]);
      });
    },
    async untilLooks(looks) {
      await eachEventually(async (name) =>
        expect((await story.at.store.rollouts.looks(name, 1)).length).toBeGreaterThanOrEqual(looks),
      );
    },
    tell: () => NAMES.forEach((name) => traffic[name].tell()),
    untilAwaitingApproval: () =>
      eventually(async () => {
        const rollout = await story.at.client.rollouts.attach('better', 1);
        const { phase, held, notes, last } = await rollout.progress();
        const verdict = last?.verdict;
        expect(phase, JSON.stringify({ held, notes, verdict })).toBe('awaiting-approval');
      }),
    async approve() {
      const rollout = await story.at.client.rollouts.attach('better', 1);
      await rollout.order('approve', { actor: 'ann', reason: 'a test approves' });
    },
    async untilEnded() {
      await each(async (name) => (await story.at.client.rollouts.attach(name, 1)).result());
    },
    async left(since = 0) {
      await stop();
      const { store } = story.at;
      await eachEventually(async (name) => {
        const { missing } = await readLog(store, name, traffic[name].answered);
        expect(missing.filter(({ receivedAt }) => receivedAt > since)).toEqual([]);
      });
      return {
        outcomes: await each((name) => rolloutOutcomeOf(store, name)),
        log: await each((name) => readLog(store, name, traffic[name].answered)),
      };
    },
  };
  return story;
}

export async function each<T>(of: (name: Name) => Promise<T>): Promise<Each<T>> {
  const [better, worse] = await Promise.all(NAMES.map(of));
  return { better, worse };
}

function eachEventually(assertion: (name: Name) => Promise<void>): Promise<Each<void>> {
  return each((name) => eventually(() => assertion(name)));
}
