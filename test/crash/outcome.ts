import type { TrainingResult } from '../../workflows/messages.ts';
import type { Installation } from './installation.ts';

/** Everything that a run leaves behind, without what may differ between two runs: times and random ids. */
export type Outcome = Awaited<ReturnType<typeof outcomeOf>>;

export async function outcomeOf(
  { client, store }: Pick<Installation, 'client' | 'store'>,
  result: TrainingResult,
) {
  const { name } = result;
  const [{ run, candidates, checks }, runs, versions, audit, verdict, orphans] = await Promise.all([
    client.run(name, result.run),
    store.runs.list(),
    store.registry.list(),
    store.audit.list(),
    store.audit.verify(),
    store.orphans(),
  ]);
  const { status, datasetDigest, featuresDigest, evaluationDigest, modelDigest } = run;
  return {
    result,
    run: { status, datasetDigest, featuresDigest, evaluationDigest, modelDigest },
    candidates: candidates.map((row) => ({ ...row, durationMs: undefined })),
    checks: checks.map(({ title, verdict: judged, measurement }) => ({ title, judged, measurement })),
    runs: runs.map(({ workflowId }) => workflowId),
    versions: versions.map(({ version, digest, goldenDigest, metrics }) => ({
      version,
      digest,
      goldenDigest,
      metrics,
    })),
    audit: audit.map(({ action, subject }) => `${action} ${subject}`),
    auditIntact: verdict.intact,
    artifacts: (await store.runs.artifacts(name, result.run)).map(({ role, digest }) => `${role} ${digest}`),
    orphans,
  };
}
