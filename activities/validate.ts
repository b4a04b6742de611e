import { cancellationSignal } from '@temporalio/activity';
import type { Definition } from '../config/definition.ts';
import { judgeCheck, overallVerdict } from '../decisions/judge.ts';
import type { CheckResult, Verdict } from '../decisions/checks.ts';
import type { StageInput, ValidateResult } from '../workflows/messages.ts';
import type { TrainerDependencies } from './dependencies.ts';
import { openSnapshot } from './snapshot.ts';

/** Enough for a person to see what is wrong; the whole report stands in Postgres. */
const MAX_WORST = 5;
const SEVERITY: Record<Verdict, number> = { fail: 0, warn: 1, pass: 2 };

export function validateActivities(dependencies: TrainerDependencies) {
  const { store } = dependencies;
  return {
    /** Measures and judges every check, and keeps the report. */
    async validate(input: StageInput & { datasetDigest: string }): Promise<ValidateResult> {
      const { name, run } = input;
      const definition = await store.definitions.get(input.definitionHash);
      const acceptedSchema = await store.datasets.acceptedSchema(name, definition.dataset);
      const row = await store.runs.get(name, run);
      return openSnapshot(dependencies, definition, input.datasetDigest, async (table) => {
        const measured = await table.measure(
          definition.checks,
          {
            target: definition.target,
            task: definition.task,
            inputs: inputsOf(definition),
            key: definition.key,
            time: definition.time,
            weight: definition.weight,
            // The moment whose rows these are, else the run's beginning: a repeated step judges the same age.
            now: input.asOf ?? row?.startedAt ?? '',
            acceptedSchema,
          },
          { signal: cancellationSignal() },
        );
        const results: CheckResult[] = measured.map(({ check, measurement, index }) =>
          judgeCheck(check, measurement, index),
        );
        await store.checks.record(name, run, results);
        const verdict = overallVerdict(results);
        if (verdict !== 'fail')
          await store.datasets.acceptSchema(
            name,
            definition.dataset,
            table.columns().map(({ name: n, sqlType }) => ({ name: n, sqlType })),
          );
        const count = (v: Verdict): number => results.filter((r) => r.verdict === v).length;
        return {
          verdict,
          counts: { pass: count('pass'), warn: count('warn'), fail: count('fail') },
          worst: [...results]
            .sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict])
            .slice(0, MAX_WORST)
            .map(({ title, verdict: v, message }) => ({ title, verdict: v, message })),
        };
      });
    },
  };
}

/** The columns that are learned from, where the definition names them. */
function inputsOf({ features }: Definition): string[] | undefined {
  return features === 'auto' ? undefined : [...new Set(features.flatMap((feature) => feature.columns))];
}
