import type { Outline } from '../../learning/onnx/outline.ts';
import type { CandidateSpec } from '../../config/search.ts';
import type { Store } from '../../store/types.ts';
import type { Answer } from './answer.ts';

/** What stands in the version's lineage of a model that a trainer of one's own fitted. */
interface TrainerLineage {
  taskQueue: string;
  learner: string;
  packages: Record<string, string>;
  /** SHA-256 of the file as it was given; the version's own digest is of the graph that was made of it. */
  file: string;
  producer: Outline['producer'];
  opsets: Outline['opsets'];
  /** Rows that it was held against, and the largest difference. */
  compared?: { rows: number; maxDifference: number };
}

interface Adopted {
  name: string;
  run: number;
  spec: CandidateSpec;
  answer: Answer;
  outline: Outline;
  compared?: TrainerLineage['compared'];
}

const ROLE = 'trainer';

/** Keeps with the run who fitted its model, with the file and the answers as they were given. */
export async function putLineage(
  { artifacts, runs }: Pick<Store, 'artifacts' | 'runs'>,
  { name, run, spec, answer, outline, compared }: Adopted,
): Promise<void> {
  const { taskQueue = '', learner = '' } = spec.trainer ?? {};
  const { packages, modelDigest = '', answersDigest } = answer;
  const lineage: TrainerLineage = {
    ...{ taskQueue, learner, packages, file: modelDigest },
    ...{ producer: outline.producer, opsets: outline.opsets, ...(compared ? { compared } : {}) },
  };
  await runs.addArtifact(name, run, `${ROLE}/model`, modelDigest);
  await runs.addArtifact(name, run, `${ROLE}/answers`, answersDigest);
  const bytes = new TextEncoder().encode(JSON.stringify(lineage));
  await artifacts.put(bytes, ROLE, 'application/json', { owner: { name, run, role: ROLE } });
}

/** What of it decided the model's bytes, as the code's lineage says it: empty where the run's model was fitted here. */
export async function trainerCode(
  { artifacts, runs }: Pick<Store, 'artifacts' | 'runs'>,
  name: string,
  run: number,
): Promise<Record<string, string>> {
  const kept = (await runs.artifacts(name, run)).find(({ role }) => role === ROLE);
  if (!kept) return {};
  const lineage = JSON.parse(new TextDecoder().decode(await artifacts.get(kept.digest))) as TrainerLineage;
  const packages = Object.fromEntries(
    // Below a name of their own: what a package is called is the trainer's affair.
    Object.entries(lineage.packages).map(([name, version]) => [`trainer.packages.${name}`, version] as const),
  );
  return { trainer: lineage.taskQueue, 'trainer.file': lineage.file, ...packages };
}
