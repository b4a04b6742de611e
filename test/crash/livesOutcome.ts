import type { Store } from '../../store/types.ts';
import type { Name } from './parcels.ts';

/** What a lifecycle leaves behind, without what may differ between two of them: the times of this machine, random ids. */
export async function lifeOutcomeOf(store: Store, name: Name) {
  const [runs, versions, triggers, windows, history, audit, verdict, bad, rollouts] = await Promise.all([
    store.runs.list(name),
    store.registry.list(name),
    store.lifecycles.triggers(name),
    store.watch.windows(name),
    store.routes.history(name),
    store.audit.list(),
    store.audit.verify(),
    store.lifecycles.badVersions(name),
    store.rollouts.list(name),
  ]);
  const digests = new Map(versions.map(({ version, digest }) => [version, digest]));
  return {
    runs: runs
      .map(({ number, workflowId, status, version, datasetDigest, featuresDigest, modelDigest }) => ({
        ...{ number, workflowId, status, version, datasetDigest, featuresDigest, modelDigest },
      }))
      .sort((a, b) => a.number - b.number),
    versions: versions
      .map(({ version, digest, goldenDigest, champion }) => ({ version, digest, goldenDigest, champion }))
      .sort((a, b) => a.version - b.version),
    /** The definition's is of today, the others of the past that is replayed. */
    triggers: triggers
      .map(({ id, kind, by, reason, decision, run }) => ({ id, kind, by, reason, decision, run }))
      .sort((a, b) => (a.run ?? 0) - (b.run ?? 0)),
    windows: windows
      .map(({ number, version, from, to, facts, verdict: judged, signal, distributionDigest }) => ({
        ...{ number, version, from, to, rows: facts.rows, judged, signal, distributionDigest },
      }))
      .sort((a, b) => a.number - b.number),
    /** Oldest first: each revision of the route. */
    route: history
      .sort((a, b) => a.revision - b.revision)
      .map(({ revision, championVersion, challengerVersion, weight, logInputs }) => ({
        ...{ revision, championVersion, challengerVersion, weight, logInputs },
      })),
    champions: history
      .map(({ championVersion }) => digests.get(championVersion))
      .filter((digest, i, all) => digest !== all[i - 1]),
    rollouts: rollouts.map(({ number, challengerVersion, status }) => ({
      number,
      challengerVersion,
      status,
    })),
    bad: bad.map(({ version }) => version),
    /** Of it alone, oldest first; who notes something while a rollout goes on may come before or after. */
    audit: audit
      .filter(({ subject }) => subject.split('/').includes(name))
      .map(({ action, subject, actor }) => `${action} ${subject} by ${actor}`)
      .sort(),
    auditIntact: verdict.intact,
  };
}
