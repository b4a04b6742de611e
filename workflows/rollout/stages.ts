import { orchestrator, rolloutStep } from '../options.ts';
import { endingOf, rolledBack } from './end.ts';
import { changeRoute, freeRoute, promotedRoute, sharedRoute } from './route.ts';
import { enterPhase, inTurn, unlessOrdered, type Ending, type Rollout } from './state.ts';

/** Of 5 s each: a gateway that has not loaded the challenger by then will not. */
const MAX_WAITS_FOR_GATEWAYS = 120;

/** Every gateway loads the challenger before a key goes to it. */
export async function prepare(self: Rollout): Promise<Ending | undefined> {
  const { input, state } = self;
  const { name, challengerVersion: version } = input;
  if (state.phase !== 'preparing') return undefined;
  enterPhase(self, 'preparing');
  const reason = `${self.id} begins: gateways load ${name}@${version}.`;
  await inTurn(self, () => changeRoute(self, 'prepare', sharedRoute(self, 0, 0), { reason }));
  for (let waits = 0, late = ''; ; waits++) {
    const loaded = await unlessOrdered(self, () =>
      orchestrator.awaitLoaded.executeWithOptions(
        rolloutStep(`Wait until gateways have loaded ${name}@${version}`),
        [{ name, version }],
      ),
    );
    if (self.order) return endingOf(self.order);
    if (!loaded) continue;
    const [failure] = loaded.failed;
    if (failure)
      return rolledBack(`The gateway ${failure.url} cannot load ${name}@${version}: ${failure.reason}`);
    if (loaded.alive === 0) state.notes.gateways = 'No gateway was alive when it began.';
    if (loaded.waiting.length === 0) break;
    late = loaded.waiting.join(', ');
    if (waits >= MAX_WAITS_FOR_GATEWAYS)
      return rolledBack(`${name}@${version} was not loaded in 10 minutes by ${late}.`);
  }
  return inTurn(self, async () => {
    if (self.order) return endingOf(self.order); // It was written down while the last gateway told.
    await enterStage(self, 0, { reason: 'Every gateway has loaded the challenger.' });
    return undefined;
  });
}

/** The next share of the keys. */
export async function enterStage(self: Rollout, stage: number, because: { reason: string }): Promise<void> {
  const { state, input } = self;
  const weight = input.policy.steps[stage] / 100;
  const startedAt = await changeRoute(self, `stage/${stage}`, sharedRoute(self, stage, weight), because);
  state.stage = stage;
  state.stages.push({ stage, weight, startedAt });
  enterPhase(self, 'serving');
}

/** All keys to the challenger: one change of the route. An ending where there is no probation. */
export async function promote(
  self: Rollout,
  because: { actor?: string; reason: string },
): Promise<Ending | undefined> {
  const { state, input } = self;
  const { name, number, challengerVersion, policy } = input;
  const probation = policy.probationMs > 0;
  const wanted = probation ? promotedRoute(self) : freeRoute(self, challengerVersion);
  state.promotedAt = await changeRoute(self, 'promote', wanted, because);
  state.promotedBecause = because.reason;
  await orchestrator.markPromoted.executeWithOptions(
    rolloutStep(`${name}@${challengerVersion} has every key`),
    [{ name, number }],
  );
  if (!probation) return { outcome: 'promoted', reason: because.reason, route: 'leave' };
  state.held = undefined;
  state.stage = policy.steps.length;
  state.stages.push({ stage: state.stage, weight: 1, startedAt: state.promotedAt });
  enterPhase(self, 'probation');
  return undefined;
}
