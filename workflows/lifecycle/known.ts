import { ids } from '../messages.ts';
import { orchestrator, step } from '../options.ts';
import { announce } from './notices.ts';
import { note } from './noting.ts';
import { now, type Lifecycle } from './state.ts';
import { keepWatch } from './watching.ts';

/**
 * Learning the same again gives the same bytes, so what is to replace the champion may be known: one that failed in
 * production never comes back by itself, and the champion is no news. Neither begins anything.
 *
 * @param source what brought it: a training, a person's answer
 * @returns whether it was rejected
 */
export async function rejectKnown(self: Lifecycle, version: number, source: string): Promise<boolean> {
  const { state, name } = self;
  const { bad, champion } = await orchestrator.standingOf.executeWithOptions(
    step(`Is ${name}@${version} known?`),
    [{ name, version }],
  );
  if (!champion && bad === undefined) return false;
  const because = champion ? 'It is the champion: there is nothing new.' : `It was marked as bad: ${bad}`;
  await note(self, {
    key: `reject/${version}/${source}`,
    actor: ids.lifecycle(name),
    action: 'challenger.reject',
    details: { version, source, because },
  });
  if (!champion) state.rejectedInARow++;
  else if (state.champion !== version) {
    // It became champion elsewhere, when nothing was watched here.
    state.champion = version;
    await keepWatch(self);
  }
  await announce(self, 'refused', await now(self), `${name}@${version} is rejected (${source}). ${because}`);
  return true;
}
