import { readAttribute, readValues, type Outline, type OutlineNode } from '../../learning/onnx/outline.ts';
import type { ForeignSignature } from '../../config/foreignSignature.ts';
import { wrongSignature } from '../../config/foreignSignature.ts';
import { FLOAT, DOUBLE, INT64, STRING, BOOL, INT32 } from './types.ts';
import { refuseFile } from './refuse.ts';

/** Where a graph says what it predicts. */
export type ForeignAnswers =
  | { task: 'regression'; prediction: string }
  | {
      task: 'binary' | 'multiclass';
      /** A tensor of text, or of whole numbers or booleans. */
      label: string;
      labelType: 'text' | 'number';
      /** What the graph says for each class, in the order of its probabilities. */
      labels: (string | number)[];
      /** [N, classes]. */
      probabilities: string;
      /** Names of the classes, in that order. */
      classes: (string | number | boolean)[];
      positive?: number;
      /** ZipMap, which makes a list of dictionaries of the probabilities: it is left out. */
      leftOut?: OutlineNode;
    };

/**
 * Finds the label and the probabilities, or the value, among a graph's outputs, whatever they are called.
 *
 * @throws PerennialError INVALID_INPUT where they are others, or the signature says otherwise
 */
export function findAnswers(outline: Outline, signature: ForeignSignature): ForeignAnswers {
  const { outputs, nodes } = outline;
  const zipMaps = nodes.filter(({ op }) => op === 'ZipMap');
  const unzipped = zipMaps.find((node) => outputs.some(({ name }) => node.outputs.includes(name)));
  const labels = outputs.filter(({ dataType }) => LABEL_TYPES.has(dataType ?? 0));
  const numbers = outputs.filter(({ dataType }) => dataType === FLOAT || dataType === DOUBLE);
  if (outputs.length === 1 && numbers.length === 1) {
    refuseClasses(signature);
    return { task: 'regression', prediction: numbers[0].name };
  }
  const probabilities = unzipped?.inputs[0] ?? numbers[0]?.name;
  if (outputs.length !== 2 || labels.length !== 1 || probabilities === undefined || zipMaps.length > 1) {
    const found = outputs.map(({ name }) => `"${name}"`).join(', ');
    throw refuseFile(
      `gives ${found}`,
      'one output of numbers, or a label and the probabilities of the classes: export a classifier with options={"zipmap": False}',
    );
  }
  const [{ name: label, dataType }] = labels;
  const labelType = dataType === STRING ? 'text' : 'number';
  const known = (unzipped && classLabels(unzipped)) ?? labelsOf(outline, label);
  const classes = nameClasses(known, labelType, signature);
  const task = signature.task ?? (classes.length === 2 ? 'binary' : 'multiclass');
  if (task === 'regression')
    throw wrongSignature('task', task, 'binary or multiclass: the graph gives classes');
  if (task === 'binary' && classes.length !== 2)
    throw wrongSignature('task', task, `multiclass: the graph has ${classes.length} classes`);
  return {
    ...{ task, label, labelType, probabilities, classes },
    labels:
      known ??
      (labelType === 'text'
        ? classes.map(String)
        : classes.map((each, k) => (typeof each === 'number' ? each : k))),
    ...(task === 'binary' ? { positive: positiveOf(classes, signature) } : {}),
    ...(unzipped ? { leftOut: unzipped } : {}),
  };
}

const LABEL_TYPES: ReadonlySet<number> = new Set([INT32, INT64, STRING, BOOL]);

/** The classes by name: as the signature says them, or the file. */
function nameClasses(
  known: (string | number)[] | undefined,
  labelType: 'text' | 'number',
  { classes }: ForeignSignature,
): (string | number | boolean)[] {
  if (!classes) {
    if (known && known.length >= 2) return known;
    throw wrongSignature(
      'classes',
      undefined,
      'the classes in the order of the probabilities: the file does not say them',
    );
  }
  if (!known) {
    if (labelType === 'text' && typeof classes[0] !== 'string')
      throw wrongSignature('classes', classes, 'text, as the labels of the graph are');
    return classes;
  }
  const listed = known.map((each) => JSON.stringify(each)).join(', ');
  if (classes.length !== known.length)
    throw wrongSignature('classes', classes, `${known.length} classes, one for each of ${listed}`);
  // Other names for 0, 1, 2 are what it is for; the same names in another order are a mistake.
  const moved = classes.findIndex((each, k) => known[k] !== each && known.includes(each as string | number));
  if (moved >= 0)
    throw wrongSignature(`classes[${moved}]`, classes[moved], `the order of the graph: ${listed}`);
  return classes;
}

/** The labels that the label's own node says, seen through what only changes its type or shape. */
function labelsOf({ nodes, initializers }: Outline, label: string): (string | number)[] | undefined {
  const made = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  let node = made.get(label);
  for (let steps = 0; node && steps < nodes.length; steps++) {
    const found = classLabels(node);
    if (found) return found;
    if (node.op === 'ArrayFeatureExtractor') {
      const of = initializers.find(({ name }) => name === node?.inputs[0]);
      return of && readValues(of);
    }
    if (!['Identity', 'Cast', 'Reshape', 'Squeeze', 'Flatten'].includes(node.op)) return undefined;
    node = made.get(node.inputs[0]);
  }
  return undefined;
}

function classLabels({ attributes }: OutlineNode): (string | number)[] | undefined {
  for (const name of ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']) {
    const attribute = attributes.get(name);
    const labels = attribute && readAttribute(attribute);
    if (labels && labels.length > 0) return labels;
  }
  return undefined;
}

function positiveOf(classes: (string | number | boolean)[], { positive }: ForeignSignature): number {
  if (positive !== undefined) {
    const at = classes.indexOf(positive);
    if (at >= 0) return at;
    throw wrongSignature(
      'positive',
      positive,
      `one of ${classes.map((each) => JSON.stringify(each)).join(', ')}`,
    );
  }
  const usual = classes.findIndex((each) => each === true || each === 1);
  return usual >= 0 ? usual : classes.length - 1;
}

function refuseClasses({ task, classes, positive }: ForeignSignature): void {
  const expected = 'nothing: the graph gives one number a row';
  if (task !== undefined && task !== 'regression')
    throw wrongSignature('task', task, 'regression: the graph gives one number a row');
  if (classes) throw wrongSignature('classes', classes, expected);
  if (positive !== undefined) throw wrongSignature('positive', positive, expected);
}
